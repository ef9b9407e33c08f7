using LettaPS.Core.Backups;
using LettaPS.Core.Restores;

namespace LettaPS.Core.Tests.Backups;

/// <summary>A set, dump or file that cannot be read costs only itself.</summary>
public sealed class UnreadableBackupTests : IDisposable
{
    private static readonly Guid s_agent = new("10418b8d-37a5-4923-8f70-69ccc58d66ff");

    private readonly SmallSet _good = new(s_agent);
    private readonly List<IDisposable> _locks = [];

    public static TheoryData<string> Kinds { get; } = ["dangling link", "link to itself", "manifest in use", "damaged journal", "dump link", "dump manifest in use"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task The_other_backups_are_listed_and_the_unreadable_one_is_damaged(string kind)
    {
        var bad = Damage(kind);

        var backups = await BackupReader.ReadAsync(_good.Parent, TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken);

        Assert.Equal(2, backups.Count);
        Assert.True(backups.Single(b => b.Path == _good.Folder).IsComplete);
        var other = backups.Single(b => b.Path == bad);
        Assert.False(other.IsComplete);
        Assert.NotEmpty(other.Missing);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task The_other_backups_are_tested_and_the_unreadable_one_is_not_valid(string kind)
    {
        var bad = Damage(kind);

        var results = await BackupReader.TestAsync(_good.Parent, null, TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken);

        Assert.All(results.Where(r => r.Path.StartsWith(_good.Folder, StringComparison.Ordinal)), r => Assert.True(r.IsValid));
        Assert.Contains(results, r => r.Path.StartsWith(bad, StringComparison.Ordinal) && !r.IsValid);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task The_agents_of_the_other_backups_are_restored(string kind)
    {
        _ = Damage(kind);

        using var plan = await RestorePlan.ReadAsync([_good.Parent], _good.Parent, TestContext.Current.CancellationToken);

        Assert.Equal($"agent-{s_agent}", Assert.Single(plan.Agents).SourceId);
    }

    [Theory]
    [InlineData("dangling link")]
    [InlineData("link to itself")]
    public async Task A_set_that_cannot_be_read_is_one_failure_of_a_restore(string kind)
    {
        var bad = Damage(kind);

        using var plan = await RestorePlan.ReadAsync([_good.Parent], _good.Parent, TestContext.Current.CancellationToken);

        var failure = Assert.Single(plan.Failures);
        Assert.Equal(("ItemReadFailed", bad), (failure.ErrorId, failure.Target));
        Assert.Contains($"'{bad}'", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_newest_backup_is_found_among_unreadable_ones(string kind)
    {
        _ = Damage(kind);

        var newest = NewestBackup.Find(_good.Parent, new BackedUpServer([SmallSet.Connection.BaseUri], "letta", null, []), TestContext.Current.CancellationToken);

        Assert.Equal(_good.Folder, newest?.Path);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_new_set_is_begun_and_resumed_next_to_unreadable_ones(string kind)
    {
        _ = Damage(kind);

        using var set = BackupSet.Open(_good.Request(resume: true));

        Assert.StartsWith(_good.Parent, set.Folder, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _locks.ForEach(l => l.Dispose());
        _good.Dispose();
    }

    /// <summary>Puts a backup that cannot be read next to the good set.</summary>
    /// <returns>Its path.</returns>
    private string Damage(string kind)
    {
        var path = Path.Combine(_good.Parent, kind.StartsWith("dump", StringComparison.Ordinal) ? "letta-20991231T000000Z.dump" : "letta-backup-20991231T000000Z");
        switch (kind)
        {
            case "dangling link":
                Directory.CreateSymbolicLink(path, Path.Combine(_good.Parent, "of-another-disk"));
                break;
            case "link to itself":
                Directory.CreateSymbolicLink(path, path);
                break;
            case "manifest in use":
                Directory.CreateDirectory(path);
                var manifest = Path.Combine(path, BackupManifest.FileName);
                File.Copy(Path.Combine(_good.Folder, BackupManifest.FileName), manifest);
                _locks.Add(new FileStream(manifest, FileMode.Open, FileAccess.ReadWrite, FileShare.None));
                break;
            case "damaged journal":
                Directory.CreateDirectory(path);
                File.WriteAllText(Path.Combine(path, BackupJournal.FileName), "[{\u0000}\n{\"agent_id\":7}\nnull\n");
                break;
            case "dump manifest in use":
                File.WriteAllText(path, string.Empty);
                _locks.Add(new FileStream(path + ".json", FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None));
                break;
            default:
                File.CreateSymbolicLink(path, Path.Combine(_good.Parent, "of-another-disk"));
                break;
        }

        return path;
    }
}

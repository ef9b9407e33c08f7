using LettaPS.Core.Backups;
using LettaPS.Core.Restores;

namespace LettaPS.Core.Tests.Backups;

/// <summary>Sets and dumps in one folder are one backup place.</summary>
public class BackupPlaceTests
{
    private const string Dump = "letta-20260101T000000Z.dump";

    private static readonly Guid s_agent = new("10418b8d-37a5-4923-8f70-69ccc58d66ff");

    [Theory]
    [InlineData(Dump)]
    [InlineData("letta-20260101T000000Z.sql")]
    [InlineData("before the upgrade.dump")]
    [InlineData("nightly.backup")]
    public async Task Dumps_are_listed_and_verified_next_to_sets(string name)
    {
        using var small = new SmallSet(s_agent);
        var dump = SmallDump.Write(small.Parent, name);

        var backups = await ReadAsync(small.Parent);

        Assert.Equal([LettaBackupKind.Agents, LettaBackupKind.Database], backups.Select(b => b.Kind));
        Assert.Equal((dump, LettaBackupState.Complete, "letta", "1c28e167b74f"), (backups[1].Path, backups[1].State, backups[1].Database, backups[1].SchemaRevision));
        Assert.All(await TestAsync(small.Parent), t => Assert.Empty(t.Problems));
    }

    [Fact]
    public async Task A_single_dump_and_its_manifest_are_the_same_backup()
    {
        using var small = new SmallSet();
        var dump = SmallDump.Write(small.Parent, Dump);

        Assert.Equal(dump, Assert.Single(await ReadAsync(dump)).Path);
        Assert.Equal(dump, Assert.Single(await ReadAsync(dump + ".json")).Path);
        Assert.Equal(dump, Assert.Single(await TestAsync(dump)).Path);
    }

    [Theory]
    [InlineData("changed", "checksum (SHA-256)")]
    [InlineData("cut", "bytes")]
    [InlineData("dump gone", "does not exist")]
    [InlineData("manifest gone", "is not next to")]
    [InlineData("manifest damaged", "is damaged")]
    public async Task A_damaged_dump_is_found(string how, string problem)
    {
        using var small = new SmallSet(s_agent);
        var dump = SmallDump.Write(small.Parent, Dump);
        switch (how)
        {
            case "changed":
                var bytes = File.ReadAllBytes(dump);
                bytes[0] ^= 1;
                File.WriteAllBytes(dump, bytes);
                break;
            case "cut":
                File.WriteAllText(dump, string.Empty);
                break;
            case "dump gone":
                File.Delete(dump);
                break;
            case "manifest gone":
                File.Delete(dump + ".json");
                break;
            default:
                File.WriteAllText(dump + ".json", "{");
                break;
        }

        var result = Assert.Single(await TestAsync(small.Parent), t => !t.IsValid);

        Assert.Equal((dump, LettaBackupKind.Database), (result.Path, result.Kind));
        Assert.Contains(problem, Assert.Single(result.Problems), StringComparison.Ordinal);
        Assert.Equal(how == "changed" ? LettaBackupState.Complete : LettaBackupState.Damaged, (await ReadAsync(small.Parent)).Single(b => b.Kind == LettaBackupKind.Database).State);
    }

    [Fact]
    public async Task A_restore_takes_the_sets_and_leaves_the_dumps()
    {
        using var small = new SmallSet(s_agent);
        SmallDump.Write(small.Parent, Dump);
        SmallDump.Write(small.Parent, "nightly.backup");

        using var plan = await PlanAsync(small.Parent);

        Assert.Empty(plan.Failures);
        Assert.Equal($"agent-{s_agent}", Assert.Single(plan.Agents).SourceId);
    }

    [Fact]
    public async Task A_restore_of_a_dump_alone_names_the_cmdlet_that_takes_it()
    {
        using var small = new SmallSet();
        var dump = SmallDump.Write(small.Parent, Dump);

        using var plan = await PlanAsync(dump);

        Assert.Contains("Restore-LettaDatabase", Assert.Single(plan.Failures).RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_a_damaged_manifest_the_files_are_judged_by_their_own_content()
    {
        using var small = new SmallSet(s_agent);
        File.AppendAllText(Path.Combine(small.Folder, BackupManifest.FileName), " ");
        var file = Path.Combine(small.Folder, $"agent-{s_agent}.af");

        Assert.Empty(Assert.Single(await TestAsync(file)).Problems);
        using var plan = await PlanAsync(small.Parent);
        Assert.Empty(plan.Failures);
        Assert.Single(plan.Agents);
        Assert.Single(plan.Warnings);
    }

    [Fact]
    public async Task Of_several_sets_the_newest_counts_whatever_their_names_are()
    {
        using var small = new SmallSet(s_agent);
        var old = Path.Combine(small.Parent, "zzz");
        Directory.Move(small.Folder, old);
        using (var set = BackupSet.Open(small.Request()))
        {
            using var snapshot = SmallSet.Snapshot(s_agent, set.Folder);
            set.Write(snapshot, [], 0, CancellationToken.None);
            set.Complete(null);
        }

        using var plan = await PlanAsync(small.Parent);

        Assert.NotEqual(old, Path.GetDirectoryName(Assert.Single(plan.Agents).Path));
    }

    private static ValueTask<List<LettaBackup>> ReadAsync(string path) => BackupReader.ReadAsync(path, CancellationToken.None).ToListAsync(CancellationToken.None);

    private static ValueTask<List<LettaBackupTest>> TestAsync(string path) => BackupReader.TestAsync(path, null, CancellationToken.None).ToListAsync(CancellationToken.None);

    private static Task<RestorePlan> PlanAsync(string path) => RestorePlan.ReadAsync([path], Path.GetTempPath(), CancellationToken.None);
}

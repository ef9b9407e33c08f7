using LettaPS.Core.Backups;

namespace LettaPS.Core.Tests.Backups;

/// <summary><c>Export-LettaAgent -Force</c>: a set is replaced by one that is at least as whole, or not at all.</summary>
public class ReplaceTests
{
    private static readonly Guid s_agent = new("10418b8d-37a5-4923-8f70-69ccc58d66ff");
    private static readonly Guid s_other = new("20418b8d-37a5-4923-8f70-69ccc58d66ff");

    [Fact]
    public async Task The_old_set_stays_in_its_place_until_the_new_one_is_finished()
    {
        using var small = new SmallSet(s_agent);
        using (var set = BackupSet.Open(small.Replacing))
        {
            Write(set, s_agent);
            Assert.NotEqual(small.Folder, set.Folder);
            Assert.True(BackupVerdict.Of(small.Folder, readFiles: true).IsComplete);

            set.Complete(null);
            Assert.Empty(set.ReviewReplacement().Obstacles);
            set.Replace();
            Assert.Equal(small.Folder, set.Folder);
        }

        Assert.Equal([small.Folder], Directory.GetFileSystemEntries(small.Parent));
        Assert.All(await small.TestAsync(), t => Assert.Empty(t.Problems));
    }

    [Fact]
    public void A_second_run_that_replaces_the_set_is_refused_while_the_first_one_works()
    {
        using var small = new SmallSet(s_agent);
        using var first = BackupSet.Open(small.Replacing);

        foreach (var request in (BackupSetRequest[])[small.Replacing, small.Resuming])
        {
            Assert.Equal("BackupSetInUse", Assert.Throws<LettaException>(() => BackupSet.Open(request)).ErrorId);
        }
    }

    [Fact]
    public void A_run_that_replaces_is_refused_while_another_one_completes_the_set()
    {
        using var small = new SmallSet(s_agent);
        using var first = BackupSet.Open(small.Resuming);

        Assert.Equal("BackupSetInUse", Assert.Throws<LettaException>(() => BackupSet.Open(small.Replacing)).ErrorId);
    }

    [Fact]
    public void Runs_that_begin_in_the_same_second_get_sets_of_their_own()
    {
        using var small = new SmallSet(s_agent);
        var sets = Enumerable.Range(0, 8).AsParallel().WithDegreeOfParallelism(8).Select(_ => BackupSet.Open(small.Request())).ToList();

        Assert.Equal(8, sets.Select(s => s.Folder).Distinct().Count());
        sets.ForEach(s => s.Dispose());
    }

    [Fact]
    public async Task Agents_that_were_not_exported_and_files_of_the_user_come_over()
    {
        using var small = new SmallSet(s_agent, s_other);
        File.WriteAllText(Path.Combine(small.Folder, "notes.txt"), "mine");
        File.WriteAllText(Path.Combine(small.Folder, "id-map.json"), "{}");
        Directory.CreateDirectory(Path.Combine(small.Folder, "mine"));
        using (var set = BackupSet.Open(small.Replacing))
        {
            Write(set, s_agent);
            set.Complete(null);
            Assert.Equal([$"agent-{s_agent}.af"], set.ReviewReplacement().Deleted.Select(d => d.Name));
            set.Replace();
        }

        Assert.Equal(
            [$"agent-{s_agent}.af", $"agent-{s_other}.af", "id-map.json", "manifest.json", "mine", "notes.txt"],
            Directory.GetFileSystemEntries(small.Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.All(await small.TestAsync(), t => Assert.Empty(t.Problems));
        Assert.True(BackupVerdict.Of(small.Folder, readFiles: true).IsComplete);
        Assert.Equal([small.Folder], Directory.GetFileSystemEntries(small.Parent));
    }

    [Fact]
    public void A_damaged_file_of_an_agent_that_was_not_exported_is_not_deleted()
    {
        using var small = new SmallSet(s_agent, s_other);
        File.AppendAllText(Path.Combine(small.Folder, $"agent-{s_other}.af"), "\n");
        using (var set = BackupSet.Open(small.Replacing))
        {
            Write(set, s_agent);
            set.Complete(null);
            set.Replace();
        }

        Assert.True(File.Exists(Path.Combine(small.Folder, $"agent-{s_other}.af")));
    }

    [Theory]
    [InlineData("failed")]
    [InlineData("missing")]
    [InlineData("left out")]
    public void A_set_that_is_less_whole_does_not_replace_the_old_one(string how)
    {
        using var small = new SmallSet(s_agent, s_other);
        using var set = BackupSet.Open(small.Replacing);
        Write(set, s_agent);
        set.Want($"agent-{s_other}", "other");
        switch (how)
        {
            case "failed":
                set.Fail($"agent-{s_other}", "other", new LettaException("ServerFailed", LettaErrorKind.ServerFault, "Boom.", "Try again."));
                break;
            case "missing":
                Write(set, s_other, missing: ["The passages: boom."]);
                break;
            default:
                Write(set, s_other, leftOut: ["History"]);
                break;
        }

        set.Complete(null);

        Assert.NotEmpty(set.ReviewReplacement().Obstacles);
        Assert.True(BackupVerdict.Of(small.Folder, readFiles: true).IsComplete);
        Assert.NotEqual(LettaBackupState.Unfinished, BackupVerdict.Of(set.Folder).State);
    }

    [Fact]
    public void An_unfinished_set_keeps_the_agents_that_it_has()
    {
        using var small = new SmallSet();
        string folder;
        using (var set = BackupSet.Open(small.Request()))
        {
            folder = set.Folder;
            Write(set, s_agent);
            Write(set, s_other);
        }

        using (var set = BackupSet.Open(small.Replacing with { Path = folder }))
        {
            Write(set, s_agent);
            set.Complete(null);
            Assert.Empty(set.ReviewReplacement().Obstacles);
            set.Replace();
        }

        Assert.Equal([$"agent-{s_agent}", $"agent-{s_other}"], BackupVerdict.Of(folder, readFiles: true).Intact.Select(e => e.AgentId));
    }

    [Fact]
    public void A_set_of_another_server_and_one_of_which_nobody_knows_the_server_are_not_replaced()
    {
        using var small = new SmallSet(s_agent);
        var elsewhere = small.Replacing with { Connection = new LettaConnection(new Uri("http://elsewhere.example:8283")) };
        Assert.Equal("BackupSetServerMismatch", Assert.Throws<LettaException>(() => BackupSet.Open(elsewhere)).ErrorId);

        var manifest = Path.Combine(small.Folder, BackupManifest.FileName);
        var text = File.ReadAllText(manifest);
        File.WriteAllText(manifest, text.Replace("0.16.8", "0.16.7", StringComparison.Ordinal));
        Assert.Equal("ManifestDamaged", Assert.Throws<LettaException>(() => BackupSet.Open(small.Replacing)).ErrorId);

        File.Delete(manifest);
        Assert.Equal("InvalidBackupSet", Assert.Throws<LettaException>(() => BackupSet.Open(small.Replacing)).ErrorId);
        Assert.True(File.Exists(Path.Combine(small.Folder, $"agent-{s_agent}.af")));
    }

    [Fact]
    public void A_set_under_another_spelling_of_its_server_is_replaced()
    {
        using var small = new SmallSet(s_agent);

        using var set = BackupSet.Open(small.Replacing with { Connection = new LettaConnection(new Uri("http://127.0.0.1:8283/v1/")) });

        Assert.Equal(small.Folder, set.Replaces);
    }

    [Fact]
    public void A_replacement_that_fails_puts_the_old_set_back()
    {
        using var small = new SmallSet(s_agent);
        var before = File.ReadAllText(Path.Combine(small.Folder, BackupManifest.FileName));
        using var set = BackupSet.Open(small.Replacing);
        Write(set, s_agent);
        set.Complete(null);
        Directory.Delete(set.Folder, recursive: true);

        Assert.ThrowsAny<IOException>(set.Replace);

        Assert.Equal(before, File.ReadAllText(Path.Combine(small.Folder, BackupManifest.FileName)));
        Assert.True(BackupVerdict.Of(small.Folder, readFiles: true).IsComplete);
    }

    private static void Write(BackupSet set, Guid agent, string[]? missing = null, string[]? leftOut = null)
    {
        using var snapshot = SmallSet.Snapshot(agent, set.Folder, missing ?? []);
        set.Want(snapshot.Agent.Id, snapshot.Agent.Name);
        set.Write(snapshot, leftOut ?? [], 0, CancellationToken.None);
    }
}

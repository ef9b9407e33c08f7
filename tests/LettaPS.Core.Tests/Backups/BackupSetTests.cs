using LettaPS.Core.Backups;

namespace LettaPS.Core.Tests.Backups;

public class BackupSetTests
{
    private static readonly Guid s_agent = new("10418b8d-37a5-4923-8f70-69ccc58d66ff");

    [Fact]
    public void A_set_can_be_written_by_one_run_at_a_time()
    {
        using var small = new SmallSet(s_agent);
        using var one = BackupSet.Open(small.Request() with { Path = small.Folder, Resume = true });

        var e = Assert.Throws<LettaException>(() => BackupSet.Open(small.Request() with { Path = small.Folder, Resume = true }));

        Assert.Equal("BackupSetInUse", e.ErrorId);
    }

    [Fact]
    public void A_journal_that_was_torn_by_a_kill_loses_at_most_its_last_line()
    {
        using var small = new SmallSet();
        var folder = WriteUnfinished(small, s_agent, new Guid("20418b8d-37a5-4923-8f70-69ccc58d66ff"));
        var journal = Path.Combine(folder, "manifest.journal");
        using (var file = File.OpenWrite(journal))
        {
            file.SetLength(file.Length - 20);
        }

        using var set = BackupSet.Open(small.Request(resume: true));

        using var first = SmallSet.Snapshot(s_agent, folder);
        Assert.NotNull(set.Reuse(first.Agent, []));
        using var second = SmallSet.Snapshot(new Guid("20418b8d-37a5-4923-8f70-69ccc58d66ff"), folder);
        Assert.Null(set.Reuse(second.Agent, []));
    }

    [Fact]
    public void A_set_in_which_nothing_was_finished_is_removed()
    {
        using var small = new SmallSet(s_agent);
        var set = BackupSet.Open(small.Request());
        Assert.True(Directory.Exists(set.Folder));

        set.Dispose();

        Assert.False(Directory.Exists(set.Folder));
    }

    [Fact]
    public async Task An_agent_that_is_written_twice_at_once_has_the_hash_of_the_file_that_is_there()
    {
        for (var round = 0; round < 20; round++)
        {
            using var small = new SmallSet();
            using var set = BackupSet.Open(small.Request());
            var folder = set.Folder;
            await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
            {
                using var snapshot = SmallSet.Snapshot(s_agent, folder);
                set.Write(snapshot, [], 0, CancellationToken.None);
            })));
            set.Complete(null);

            Assert.All(await BackupReader.TestAsync(folder, null, TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken), t => Assert.Empty(t.Problems));
        }
    }

    [Fact]
    public void Leftovers_of_a_killed_run_are_removed()
    {
        using var small = new SmallSet();
        var folder = WriteUnfinished(small, s_agent);
        File.WriteAllText(Path.Combine(folder, "agent-x.af.0123.partial"), "{");

        using var set = BackupSet.Open(small.Request(resume: true));

        Assert.Equal(["manifest.journal", $"agent-{s_agent}.af"], Directory.GetFiles(folder).Select(Path.GetFileName).OrderDescending());
    }

    [Fact]
    public void What_is_left_out_on_request_must_be_the_same_for_a_file_to_be_kept()
    {
        using var small = new SmallSet();
        var folder = WriteUnfinished(small, s_agent);
        using var set = BackupSet.Open(small.Request(resume: true));
        using var snapshot = SmallSet.Snapshot(s_agent, folder);

        Assert.Null(set.Reuse(snapshot.Agent, ["History"]));
        Assert.NotNull(set.Reuse(snapshot.Agent, []));
    }

    [Fact]
    public void Two_exports_of_an_unchanged_agent_differ_only_in_their_times()
    {
        using var small = new SmallSet(s_agent);
        using var again = new SmallSet(s_agent);

        Assert.Equal(Strip(small.Folder), Strip(again.Folder));

        static string Strip(string folder) => System.Text.RegularExpressions.Regex.Replace(File.ReadAllText(Path.Combine(folder, $"agent-{s_agent}.af")), "\"(created_at|exported_at)\":\"[^\"]*\"", string.Empty);
    }

    private static string WriteUnfinished(SmallSet small, params Guid[] agents)
    {
        using var set = BackupSet.Open(small.Request());
        foreach (var agent in agents)
        {
            using var snapshot = SmallSet.Snapshot(agent, set.Folder);
            set.Write(snapshot, [], 0, CancellationToken.None);
        }

        return set.Folder;
    }
}

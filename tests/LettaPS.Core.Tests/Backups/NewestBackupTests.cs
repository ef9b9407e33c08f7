using LettaPS.Core.Backups;

namespace LettaPS.Core.Tests.Backups;

/// <summary>Which backup Test-LettaHealth and Test-LettaUpgrade trust.</summary>
public class NewestBackupTests
{
    private static readonly Guid s_agent = new("10418b8d-37a5-4923-8f70-69ccc58d66ff");
    private static readonly BackedUpServer s_server = new([new Uri("http://127.0.0.1:8283")], "letta", "7", [new ExpectedAgent($"agent-{s_agent}", "Memo", null)]);

    [Fact]
    public void A_set_of_this_server_with_all_agents_is_trusted()
    {
        using var small = new SmallSet(s_agent);

        var newest = Find(small, s_server);

        Assert.Equal(small.Folder, newest!.Path);
        Assert.Empty(newest.Gaps);
    }

    [Fact]
    public void A_set_of_another_server_is_not_trusted()
    {
        using var small = new SmallSet(s_agent);

        Assert.Null(Find(small, s_server with { Addresses = [new Uri("http://elsewhere.example:8283")] }));
    }

    [Fact]
    public void A_set_that_lacks_an_agent_is_trusted_only_as_an_incomplete_one()
    {
        using var small = new SmallSet(s_agent);
        var more = s_server with { Agents = [.. s_server.Agents!, new ExpectedAgent("agent-b", "other", null)] };

        Assert.Contains("other", Assert.Single(Find(small, more)!.Gaps), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_server_whose_agents_are_unknown_only_a_set_of_all_agents_is_complete()
    {
        using var some = new SmallSet(s_agent);
        using var all = new SmallSet(BackupScope.All, s_agent);
        var unknown = s_server with { Agents = null };

        Assert.Single(Find(some, unknown)!.Gaps);
        Assert.Empty(Find(all, unknown)!.Gaps);
    }

    [Fact]
    public void A_complete_set_counts_more_than_a_newer_incomplete_one()
    {
        using var small = new SmallSet(s_agent);
        using (var set = BackupSet.Open(small.Request()))
        {
            set.Want($"agent-{s_agent}", "Memo");
            set.Fail($"agent-{s_agent}", "Memo", new LettaException("ServerFailed", LettaErrorKind.ServerFault, "Boom.", "Try again."));
            set.Complete(null);
        }

        Assert.Equal(small.Folder, Find(small, s_server)!.Path);
    }

    [Fact]
    public async Task A_newer_damaged_set_is_reported_and_no_older_one_takes_its_place()
    {
        using var small = new SmallSet(s_agent);
        string newer;
        using (var set = BackupSet.Open(small.Request()))
        {
            newer = set.Folder;
            using var snapshot = SmallSet.Snapshot(s_agent, newer);
            set.Write(snapshot, [], 0, CancellationToken.None);
            set.Complete(null);
        }

        File.AppendAllText(Path.Combine(newer, $"agent-{s_agent}.af"), " ");

        var newest = Find(small, s_server)!;
        Assert.Equal(newer, newest.Path);
        Assert.NotEmpty(await newest.VerifyAsync(TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("letta", "7", "7", 0)]
    [InlineData("letta", "7", null, 1)]
    [InlineData("letta", null, "7", 1)]
    [InlineData("letta", "7", "8", -1)]
    [InlineData("other", "7", "7", -1)]
    public void A_dump_is_trusted_if_its_cluster_and_database_are_the_servers(string database, string? dumped, string? server, int gaps)
    {
        using var small = new SmallSet();
        Directory.Delete(small.Folder, recursive: true);
        SmallDump.Write(small.Parent, "letta-20260101T000000Z.dump", database, dumped);

        var newest = Find(small, s_server with { SystemIdentifier = server });

        Assert.Equal(gaps, newest?.Gaps.Count ?? -1);
    }

    private static NewestBackup? Find(SmallSet small, BackedUpServer server) => NewestBackup.Find(small.Parent, server, CancellationToken.None);
}

using LettaPS.Core.Backups;
using LettaPS.Core.Databases.Dumps;

namespace LettaPS.Core.Tests.Backups;

public sealed class BackupRetentionTests : IDisposable
{
    private static readonly Guid s_agent = new("10418b8d-37a5-4923-8f70-69ccc58d66ff");
    private static readonly Guid s_other = new("20418b8d-37a5-4923-8f70-69ccc58d66ff");

    private readonly string _place = Directory.CreateTempSubdirectory("lettaps-test-").FullName;

    [Fact]
    public void Age_and_count_both_keep_a_backup()
    {
        string[] sets = [AddSet(40), AddSet(30), AddSet(20), AddSet(1)];

        Assert.Equal([sets[1], sets[0]], Old(keepCount: 2, keepDays: 10));
        Assert.Equal([sets[0]], Old(keepCount: 3, keepDays: 10));
        Assert.Equal([sets[0]], Old(keepCount: 1, keepDays: 35));
        Assert.Equal([sets[2], sets[1], sets[0]], Old(keepCount: 1, keepDays: 0));
    }

    [Fact]
    public void The_newest_complete_backup_is_never_old()
    {
        AddSet(1000);
        AddDump(1000);

        Assert.Empty(Decide(1, 0));
    }

    [Fact]
    public void Nothing_is_old_after_a_night_that_is_not_complete()
    {
        AddSet(40);
        AddSet(30);
        var incomplete = AddSet(1, missing: "The passages could not be read.");

        Assert.Contains(incomplete, Assert.Single(Assert.Single(Decide(1, 0)).Obstacles), StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_old_after_an_export_that_was_interrupted()
    {
        AddSet(40);
        AddSet(30);
        var unfinished = AddSet(1, finish: false);

        Assert.Contains(unfinished, Assert.Single(Assert.Single(Decide(1, 0)).Obstacles), StringComparison.Ordinal);
    }

    [Fact]
    public void An_interrupted_export_of_another_server_does_not_keep_a_server_from_removing()
    {
        var old = AddSet(40);
        AddSet(30);
        AddSet(1, finish: false, server: "http://elsewhere.invalid:8283");

        Assert.Equal([old], Old(1, 0));
    }

    [Fact]
    public void A_newest_set_that_lost_its_manifest_keeps_everything_and_an_old_one_does_not()
    {
        var old = AddSet(50);
        var lost = AddSet(40);
        File.Delete(Path.Combine(lost, BackupManifest.FileName));
        AddSet(30);
        Assert.Equal([old], Old(1, 0));

        var newest = AddSet(1);
        File.Delete(Path.Combine(newest, BackupManifest.FileName));
        Assert.Contains(newest, Assert.Single(Assert.Single(Decide(1, 0)).Obstacles), StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_set_is_never_old()
    {
        var damaged = AddSet(40);
        File.Delete(Directory.GetFiles(damaged, "*.af")[0]);
        AddSet(2);
        AddSet(1);

        Assert.DoesNotContain(damaged, Old(1, 0));
    }

    [Fact]
    public void A_set_of_some_agents_does_not_push_sets_of_all_agents_out()
    {
        AddSet(40);
        AddSet(1, scope: BackupScope.Selected);

        Assert.Empty(Decide(1, 0));
    }

    [Fact]
    public void A_set_without_messages_does_not_push_whole_sets_out()
    {
        AddSet(40);
        AddSet(1, leftOut: "History");

        Assert.Empty(Decide(1, 0));
    }

    [Fact]
    public void Sets_of_other_servers_do_not_count_but_spellings_of_one_address_do()
    {
        var old = AddSet(40, server: "http://127.0.0.1:8283");
        AddSet(30, server: "http://localhost:8283/");
        AddSet(20, server: "http://elsewhere.invalid:8283");

        Assert.Equal([old], Old(1, 0));
    }

    [Fact]
    public void A_server_that_lost_most_of_its_agents_keeps_its_backups()
    {
        AddSet(40, agents: [s_agent, s_other, Guid.NewGuid()]);
        AddSet(1, agents: [s_agent]);

        Assert.Contains("1 agents", Assert.Single(Assert.Single(Decide(1, 0)).Obstacles), StringComparison.Ordinal);
    }

    [Fact]
    public void Dumps_compete_with_dumps_of_their_database_and_name_only()
    {
        var old = AddDump(40);
        AddDump(30);
        AddDump(50, database: "other");
        AddDump(50, name: "other");

        Assert.Equal([old], Old(1, 0));
    }

    [Fact]
    public void Dumps_stay_after_a_night_whose_set_is_not_complete()
    {
        AddDump(40);
        AddDump(1);
        var incomplete = AddSet(1, missing: "The passages could not be read.");

        Assert.Contains(incomplete, Assert.Single(Assert.Single(Decide(1, 0)).Obstacles), StringComparison.Ordinal);
    }

    [Fact]
    public void Dumps_go_after_a_night_whose_set_is_complete_whatever_an_older_set_lacked()
    {
        var old = AddDump(40);
        AddSet(35, missing: "The passages could not be read.");
        AddDump(30);
        AddSet(1);
        AddDump(1);

        Assert.Contains(old, Old(2, 0));
    }

    [Fact]
    public void A_damaged_newest_dump_keeps_the_older_ones()
    {
        AddDump(40);
        AddDump(30);
        var newest = AddDump(1);
        File.AppendAllText(newest, "x");

        Assert.Contains(newest, Assert.Single(Assert.Single(Decide(1, 0)).Obstacles), StringComparison.Ordinal);
    }

    [Fact]
    public void A_removed_set_leaves_what_somebody_else_put_into_it()
    {
        var (set, other) = (AddSet(40), AddSet(30));
        File.WriteAllText(Path.Combine(set, "id-map.json"), "{}");

        BackupRemoval.Remove(set);
        BackupRemoval.Remove(other);

        Assert.Equal(["id-map.json"], Directory.GetFileSystemEntries(set).Select(Path.GetFileName));
        Assert.Equal([set], Directory.GetFileSystemEntries(_place));
    }

    /// <summary>The steps of a removal, each of which may be the last one before the process is killed.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_set_whose_removal_was_interrupted_does_not_pass_for_a_backup_and_is_removed_by_the_next_run(bool filesAreGone)
    {
        var set = AddSet(40);
        AddSet(1);
        File.Move(Path.Combine(set, BackupManifest.FileName), Path.Combine(set, BackupManifest.FileName + ".removed"));
        if (filesAreGone)
        {
            Directory.GetFiles(set, "*.af").ToList().ForEach(File.Delete);
        }

        Assert.Equal(LettaBackupState.Damaged, BackupVerdict.Of(set).State);
        Assert.Equal([set], Old(100, 36500));
        BackupRemoval.Remove(set);
        Assert.False(Directory.Exists(set));
    }

    [Fact]
    public void A_dump_whose_removal_was_interrupted_is_removed_by_the_next_run()
    {
        var dump = AddDump(40);
        File.Delete(dump);

        Assert.Equal([dump], Old(100, 36500));
        BackupRemoval.Remove(dump);
        Assert.Empty(Directory.GetFileSystemEntries(_place));
    }

    [Fact]
    public void A_set_that_another_command_works_on_is_not_removed()
    {
        var set = AddSet(40);
        using (SetLock.Take(set))
        {
            Assert.Equal("BackupSetInUse", Assert.Throws<LettaException>(() => BackupRemoval.Remove(set)).ErrorId);
        }

        Assert.True(BackupVerdict.Of(set, readFiles: true).IsComplete);
    }

    public void Dispose() => Directory.Delete(_place, recursive: true);

    private List<RetentionDecision> Decide(int keepCount, int keepDays) =>
        [.. BackupRetention.Of(_place, CancellationToken.None).Decide(keepCount, DateTimeOffset.UtcNow.AddDays(-keepDays), _ => true)];

    private IEnumerable<string> Old(int keepCount, int keepDays)
    {
        var decisions = Decide(keepCount, keepDays);
        Assert.All(decisions, d => Assert.Empty(d.Obstacles));
        return decisions.SelectMany(d => d.Old);
    }

    private string AddSet(
        int days, string? missing = null, bool finish = true, string server = "http://localhost:8283", BackupScope scope = BackupScope.All, string? leftOut = null, Guid[]? agents = null)
    {
        var request = new BackupSetRequest(_place, new LettaConnection(new Uri(server), serverVersion: "0.16.8"), "LettaPS test", false, false, scope, new Ago(days));
        using var set = BackupSet.Open(request);
        foreach (var agent in agents ?? [s_agent])
        {
            using var snapshot = SmallSet.Snapshot(agent, set.Folder, missing is null ? [] : [missing]);
            set.Want(snapshot.Agent.Id, snapshot.Agent.Name);
            set.Write(snapshot, leftOut is null ? [] : [leftOut], 0, CancellationToken.None);
        }

        if (finish)
        {
            set.Complete("0.16.8");
        }

        return set.Folder;
    }

    private string AddDump(int days, string database = "letta", string name = "letta")
    {
        var time = DateTimeOffset.UtcNow.AddDays(-days);
        var dump = SmallDump.Write(_place, $"{name}-{database}-{time:yyyyMMdd'T'HHmmss'Z'}.dump", database);
        (DumpManifest.Read(dump) with { TakenAt = time }).Write(dump, () => { });
        return dump;
    }

    private sealed class Ago(int days) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UtcNow.AddDays(-days);
    }
}

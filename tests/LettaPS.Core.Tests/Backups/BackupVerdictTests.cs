using LettaPS.Core.Backups;

namespace LettaPS.Core.Tests.Backups;

public class BackupVerdictTests
{
    private static readonly Guid s_agent = new("10418b8d-37a5-4923-8f70-69ccc58d66ff");
    private static readonly Guid s_other = new("20418b8d-37a5-4923-8f70-69ccc58d66ff");
    private static readonly LettaException s_failure = new("ServerFailed", LettaErrorKind.ServerFault, "Boom.", "Try again.");

    [Fact]
    public async Task A_set_in_which_every_agent_failed_is_incomplete()
    {
        using var small = new SmallSet();
        using (var set = BackupSet.Open(small.Request()))
        {
            set.Want($"agent-{s_agent}", "Memo");
            set.Fail($"agent-{s_agent}", "Memo", s_failure);
            set.Complete(null);
        }

        var backup = (await BackupReader.ReadAsync(small.Parent, CancellationToken.None).ToListAsync(TestContext.Current.CancellationToken)).Single(b => b.Failures.Count > 0);

        Assert.Equal((LettaBackupState.Incomplete, false), (backup.State, backup.IsComplete));
        Assert.Contains("Boom.", Assert.Single(backup.Missing), StringComparison.Ordinal);
    }

    [Fact]
    public void A_failed_agent_keeps_its_older_file_which_is_marked()
    {
        using var small = new SmallSet(s_agent, s_other);
        using (var set = BackupSet.Open(small.Resuming))
        {
            set.Want($"agent-{s_agent}", "Memo");
            set.Fail($"agent-{s_agent}", "Memo", s_failure);
            set.Complete(null);
        }

        var verdict = BackupVerdict.Of(small.Folder, readFiles: true);

        Assert.Equal(LettaBackupState.Incomplete, verdict.State);
        Assert.Equal([(true, $"agent-{s_agent}"), (false, $"agent-{s_other}")], verdict.Intact.Select(e => (e.IsOlder, e.AgentId)));
        Assert.Contains("earlier run", Assert.Single(verdict.Gaps), StringComparison.Ordinal);
    }

    [Fact]
    public void A_failure_that_was_not_asked_for_again_is_not_forgotten()
    {
        using var small = new SmallSet();
        string folder;
        using (var set = BackupSet.Open(small.Request()))
        {
            folder = set.Folder;
            foreach (var agent in (Guid[])[s_agent, s_other])
            {
                set.Want($"agent-{agent}", null);
                set.Fail($"agent-{agent}", null, s_failure);
            }

            set.Complete(null);
        }

        Resume(small, folder, BackupScope.Selected, s_agent);
        Assert.Equal([$"agent-{s_other}"], BackupManifest.Read(folder)!.Failed.Select(f => f.AgentId));

        Resume(small, folder, BackupScope.Selected, s_other);
        Assert.True(BackupVerdict.Of(folder, readFiles: true).IsComplete);
    }

    [Fact]
    public void An_agent_that_an_interrupted_run_did_not_reach_is_missing_until_it_is_exported()
    {
        using var small = new SmallSet();
        string folder;
        using (var set = BackupSet.Open(small.Request()))
        {
            folder = set.Folder;
            Write(set, s_agent);
            set.Want($"agent-{s_other}", "other");
        }

        Resume(small, folder, BackupScope.Selected, s_agent);
        Assert.Equal((LettaBackupState.Incomplete, "NotExported"), (BackupVerdict.Of(folder).State, Assert.Single(BackupManifest.Read(folder)!.Failed).ErrorId));

        Resume(small, folder, BackupScope.Selected, s_other);
        Assert.True(BackupVerdict.Of(folder).IsComplete);
    }

    [Fact]
    public void A_set_that_was_begun_for_all_agents_is_not_finished_by_a_run_for_some()
    {
        using var small = new SmallSet();
        string folder;
        using (var set = BackupSet.Open(small.Request() with { Scope = BackupScope.All }))
        {
            folder = set.Folder;
            Write(set, s_agent);
        }

        Resume(small, folder, BackupScope.Selected, s_agent);
        Assert.Equal(LettaBackupState.Unfinished, BackupVerdict.Of(folder).State);

        Resume(small, folder, BackupScope.All, s_agent, s_other);
        Assert.Equal((true, BackupScope.All), (BackupVerdict.Of(folder).IsComplete, BackupManifest.Read(folder)!.Scope));
    }

    [Fact]
    public void A_damaged_file_that_was_not_exported_again_is_a_failure()
    {
        using var small = new SmallSet(s_agent, s_other);
        File.AppendAllText(Path.Combine(small.Folder, $"agent-{s_other}.af"), "\n");

        Resume(small, small.Folder, BackupScope.Selected, s_agent);

        Assert.Equal($"agent-{s_other}", Assert.Single(BackupManifest.Read(small.Folder)!.Failed).AgentId);
    }

    [Fact]
    public void A_run_that_changes_nothing_leaves_the_manifest()
    {
        using var small = new SmallSet(s_agent);
        var before = File.ReadAllText(Path.Combine(small.Folder, BackupManifest.FileName));

        BackupSet.Open(small.Resuming).Dispose();

        Assert.Equal(before, File.ReadAllText(Path.Combine(small.Folder, BackupManifest.FileName)));
        Assert.True(BackupVerdict.Of(small.Folder).IsComplete);
    }

    [Fact]
    public void A_changed_byte_is_found_only_if_the_files_are_read_and_another_size_always()
    {
        using var small = new SmallSet(s_agent);
        var file = Path.Combine(small.Folder, $"agent-{s_agent}.af");
        var bytes = File.ReadAllBytes(file);
        bytes[^10] ^= 1;
        File.WriteAllBytes(file, bytes);

        Assert.Equal((LettaBackupState.Complete, LettaBackupState.Damaged), (BackupVerdict.Of(small.Folder).State, BackupVerdict.Of(small.Folder, readFiles: true).State));

        File.AppendAllText(file, " ");
        Assert.Equal(LettaBackupState.Damaged, BackupVerdict.Of(small.Folder).State);
    }

    [Fact]
    public void A_set_covers_a_server_whose_agents_it_holds_with_all_that_they_have()
    {
        using var small = new SmallSet(s_agent);
        var verdict = BackupVerdict.Of(small.Folder);
        var begun = verdict.StartedAt!.Value;
        var held = new ExpectedAgent($"agent-{s_agent}", "Memo", begun.AddDays(-1));

        Assert.Empty(verdict.NotCovered([held, new ExpectedAgent("agent-later", "later", begun.AddSeconds(1))]));
        Assert.Single(verdict.NotCovered([held, new ExpectedAgent($"agent-{s_other}", "other", begun.AddDays(-1))]));
        Assert.Single(verdict.NotCovered([held, new ExpectedAgent($"agent-{s_other}", "other", null)]));

        using var part = new SmallSet();
        using (var set = BackupSet.Open(part.Request()))
        {
            Write(set, s_agent, "History");
            set.Complete(null);
            Assert.Contains("History", Assert.Single(BackupVerdict.Of(set.Folder).NotCovered([held])), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_damaged_manifest_of_one_set_does_not_keep_another_from_being_resumed()
    {
        using var small = new SmallSet(s_agent);
        string unfinished;
        using (var set = BackupSet.Open(small.Request()))
        {
            unfinished = set.Folder;
            Write(set, s_other);
        }

        File.AppendAllText(Path.Combine(small.Folder, BackupManifest.FileName), " ");

        Assert.Equal(unfinished, BackupSet.Plan(small.Request(resume: true)));
        Directory.Move(small.Folder, Path.Combine(small.Parent, "letta-backup-99990101T000000Z"));
        Assert.Equal(unfinished, BackupSet.Plan(small.Request(resume: true)));
    }

    private static void Resume(SmallSet small, string folder, BackupScope scope, params Guid[] agents)
    {
        using var set = BackupSet.Open(small.Resuming with { Path = folder, Scope = scope });
        foreach (var agent in agents)
        {
            Write(set, agent);
        }

        set.Complete(null);
    }

    private static void Write(BackupSet set, Guid agent, params string[] leftOut)
    {
        using var snapshot = SmallSet.Snapshot(agent, set.Folder);
        set.Want(snapshot.Agent.Id, snapshot.Agent.Name);
        set.Write(snapshot, leftOut, 0, CancellationToken.None);
    }
}

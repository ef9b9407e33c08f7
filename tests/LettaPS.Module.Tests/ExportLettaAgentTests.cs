using System.Management.Automation;
using System.Text.Json;
using LettaPS.Sandbox;
using LettaPS.Sandbox.Fleets;
using LettaPS.Sandbox.Http;

namespace LettaPS.Module.Tests;

public class ExportLettaAgentTests
{
    private const string ExportPath = "/v1/agents/*/export";

    [Fact]
    public async Task The_pipeline_of_a_user_backs_every_agent_up()
    {
        await using var letta = await Connected.ToAsync();

        var backups = letta.Run($"Get-LettaAgent | Export-LettaAgent -Path {letta.Path}").Succeed();

        Assert.Equal(16, backups.Count);
        Assert.All(backups, b => Assert.True(b.Get<bool>("IsComplete")));
        Assert.Equal(letta.Server.State.Agents.Select(a => a.Id + ".af").Append("manifest.json").Order(), letta.Files);
        foreach (var backup in backups)
        {
            var row = letta.Server.State.Agents.Find(backup.Get<string>("AgentId"))!;
            Assert.Equal(row.Name, backup.Get<string>("AgentName"));
            Assert.Equal(row.Messages.Count, backup.Get<int>("MessageCount"));
            Assert.Equal(row.BlockIds.Count, backup.Get<int>("BlockCount"));
            Assert.Equal(row.ToolIds.Count, backup.Get<int>("ToolCount"));
            Assert.Equal(new FileInfo(backup.Get<string>("Path")).Length, backup.Get<long>("Length"));
            Assert.Equal("Api", backup.Get<string>("Source"));
        }
    }

    [Fact]
    public async Task Without_input_every_agent_is_backed_up_hidden_ones_too()
    {
        await using var letta = await Connected.ToAsync(new SandboxOptions { Fleet = Fleet.SeedWithGroup() });

        Assert.Equal(letta.Server.State.Agents.Count, letta.Run($"Export-LettaAgent {letta.Path}").Succeed().Count);
    }

    /// <summary>The list hides agents, such as those that work for others while they sleep. Exporting only what it shows leaves out what belongs to the others.</summary>
    [Fact]
    public async Task Agents_that_belong_to_exported_ones_and_are_not_in_the_set_are_named()
    {
        await using var letta = await Connected.ToAsync(new SandboxOptions { Fleet = Fleet.SeedWithGroup() });
        var group = letta.Server.State.Groups.First();
        var members = group.AgentIds.Append(group.ManagerAgentId).OfType<string>().Distinct().ToList();

        letta.Run($"Export-LettaAgent {letta.Path} -Id $args[0]", members[0]).Succeed();

        var warning = Assert.Single(letta.Shell.Console.Warnings, w => w.Contains("belong to groups", StringComparison.Ordinal));
        Assert.All(members.Skip(1), m => Assert.Contains(m, warning, StringComparison.Ordinal));

        letta.Run("Export-LettaAgent $args[0] -Resume", letta.Set).Succeed();
        Assert.Equal(warning, Assert.Single(letta.Shell.Console.Warnings, w => w.Contains("belong to groups", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_request_that_is_sent_again_is_told_verbosely()
    {
        await using var letta = await Connected.ToAsync();
        letta.Server.Faults.Add(new Fault(new StatusEffect(429, retryAfter: 0)) { Path = "/v1/agents/", Times = 2 });

        letta.Run($"Export-LettaAgent {letta.Path} -Verbose").Succeed();

        Assert.Equal(2, letta.Shell.Console.Verbose.Count(v => v.Contains("before attempt", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task An_empty_pipeline_backs_nothing_up_and_leaves_nothing()
    {
        await using var letta = await Connected.ToAsync();

        Assert.Empty(letta.Run($"Get-LettaAgent nothing* | Export-LettaAgent {letta.Path}").Succeed());
        Assert.Empty(Directory.EnumerateFileSystemEntries(letta.Folder.Path));
    }

    [Fact]
    public async Task Files_can_be_read_by_their_owner_only()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no file modes; files inherit the access list of their folder there.");
            return;
        }

        await using var letta = await Connected.ToAsync();

        letta.Run($"Get-LettaAgent Memo | Export-LettaAgent {letta.Path} -IncludeSecret").Succeed();

        foreach (var file in Directory.GetFiles(letta.Set))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }

        Assert.Contains(letta.Shell.Console.Warnings, w => w.Contains("in clear", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_second_export_makes_a_second_set()
    {
        await using var letta = await Connected.ToAsync();

        letta.Run($"1, 2 | ForEach-Object {{ Get-LettaAgent Memo | Export-LettaAgent {letta.Path} }}").Succeed();

        Assert.Equal(2, Directory.GetDirectories(letta.Folder.Path).Length);
    }

    [Fact]
    public async Task A_set_is_not_overwritten_unless_it_is_asked_for()
    {
        await using var letta = await Connected.ToAsync();
        letta.Run($"Get-LettaAgent Memo | Export-LettaAgent {letta.Path}").Succeed();
        var before = Snapshot(letta.Set);

        var error = Assert.Single(letta.Run("Get-LettaAgent Incognito | Export-LettaAgent $args[0]", letta.Set).Errors);

        Assert.Equal("BackupSetExists,LettaPS.Cmdlets.ExportLettaAgentCommand", error.FullyQualifiedErrorId);
        Assert.Equal(before, Snapshot(letta.Set));

        var set = letta.Set;
        letta.Run("Get-LettaAgent Incognito | Export-LettaAgent $args[0] -Force", set).Succeed();
        Assert.Equal(set, letta.Set);

        // The agent that this run was not asked for is still there.
        Assert.Equal(letta.Server.State.Agents.Where(a => a.Name is "Memo" or "Incognito").Select(a => a.Id + ".af").Append("manifest.json").Order(), letta.Files);
        Assert.True(Assert.Single(letta.Run($"Get-LettaBackup {letta.Path}").Succeed()).Get<bool>("IsComplete"));
    }

    [Fact]
    public async Task A_set_is_not_replaced_by_one_that_is_less_complete_and_both_are_kept()
    {
        await using var letta = await Connected.ToAsync();
        letta.Run($"Get-LettaAgent Memo, Incognito | Export-LettaAgent {letta.Path}").Succeed();
        var (set, before) = (letta.Set, Snapshot(letta.Set));
        letta.Server.Faults.Add(new Fault(new StatusEffect(404, """{"detail":"gone"}""")) { Path = "/v1/agents/*", AgentId = letta.Server.State.Agents.Single(a => a.Name == "Memo").Id });

        var result = letta.Run("Get-LettaAgent Memo, Incognito | Export-LettaAgent $args[0] -Force", set);

        Assert.Equal(["AgentNotFound", "BackupSetReplaceFailed"], result.Errors.Select(e => e.FullyQualifiedErrorId.Split(',')[0]));
        Assert.Equal(before, Snapshot(set));
        var other = Directory.GetDirectories(letta.Folder.Path).Single(d => d != set);
        Assert.Equal(other, Path.GetDirectoryName(Assert.Single(result.Output).Get<string>("Path")));
        Assert.Contains(other, result.Errors[1].Exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Replacing_gives_the_files_in_their_final_place()
    {
        await using var letta = await Connected.ToAsync();
        letta.Run($"Export-LettaAgent {letta.Path}").Succeed();

        var backups = letta.Run("Export-LettaAgent $args[0] -Force", letta.Set).Succeed();

        Assert.Equal(16, backups.Count);
        Assert.All(backups, b => Assert.True(File.Exists(b.Get<string>("Path"))));
        Assert.All(letta.Run($"Test-LettaBackup {letta.Path}").Succeed(), t => Assert.True(t.Get<bool>("IsValid")));
    }

    [Fact]
    public async Task WhatIf_names_what_a_replacement_would_delete()
    {
        await using var letta = await Connected.ToAsync();
        letta.Run($"Get-LettaAgent Memo, Incognito | Export-LettaAgent {letta.Path}").Succeed();
        var before = Snapshot(letta.Set);
        var memo = letta.Server.State.Agents.Single(a => a.Name == "Memo").Id;

        letta.Run("Get-LettaAgent Memo | Export-LettaAgent $args[0] -Force -WhatIf", letta.Set).Succeed();

        Assert.Matches($"What if:.*Replace the backup set, deleting {memo}.af \\(Memo\\)\".*", letta.Shell.Console.Text);
        Assert.Equal(before, Snapshot(letta.Set));
    }

    [Fact]
    public async Task One_set_is_not_replaced_by_several_servers()
    {
        await using var one = await Connected.ToAsync();
        await using var other = await Connected.ToAsync();
        one.Run($"Get-LettaAgent Memo | Export-LettaAgent {one.Path}").Succeed();
        var before = Snapshot(one.Set);

        var error = Assert.Single(one.Run("Export-LettaAgent -Connection (Get-LettaConnection), (Connect-Letta $args[1] -PassThru) -Path $args[0] -Force", one.Set, other.Server.BaseUri).Errors);

        Assert.Equal("ParameterConflict,LettaPS.Cmdlets.ExportLettaAgentCommand", error.FullyQualifiedErrorId);
        Assert.Equal(before, Snapshot(one.Set));
    }

    [Fact]
    public async Task A_finished_set_keeps_the_older_file_of_an_agent_that_fails_now()
    {
        await using var letta = await Connected.ToAsync();
        letta.Run($"Export-LettaAgent {letta.Path}").Succeed();
        var memo = letta.Server.State.Agents.Single(a => a.Name == "Memo");
        memo.UpdatedAt = memo.UpdatedAt.AddSeconds(1);
        var text = File.ReadAllText(Path.Combine(letta.Set, memo.Id + ".af"));
        letta.Server.Faults.Add(new Fault(new StatusEffect(500, """{"detail":"boom"}""")) { Path = "/v1/agents/*", AgentId = memo.Id });

        Assert.Single(letta.Run("Export-LettaAgent $args[0] -Resume", letta.Set).Errors);

        Assert.Equal(text, File.ReadAllText(Path.Combine(letta.Set, memo.Id + ".af")));
        var backup = Assert.Single(letta.Run($"Get-LettaBackup {letta.Path}").Succeed());
        Assert.Equal("Incomplete", backup.Get<object>("State").ToString());
        Assert.Equal(memo.Id, Assert.Single(letta.Run($"(Get-LettaBackup {letta.Path}).Files | Where-Object IsOlder").Succeed()).Get<string>("AgentId"));
        Assert.Contains(letta.Shell.Console.Warnings, w => w.Contains("keeps the file of 'Memo'", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_without_agents_says_so_and_makes_no_set()
    {
        await using var letta = await Connected.ToAsync(new SandboxOptions { Fleet = Fleet.Generated(0, 0) });

        Assert.Empty(letta.Run($"Export-LettaAgent {letta.Path}").Succeed());

        Assert.Contains(letta.Shell.Console.Warnings, w => w.Contains("has no agents", StringComparison.Ordinal));
        Assert.Empty(Directory.EnumerateFileSystemEntries(letta.Folder.Path));
    }

    [Fact]
    public async Task A_set_is_completed_under_another_spelling_of_its_server()
    {
        await using var letta = await Connected.ToAsync();
        letta.Run($"Get-LettaAgent Memo | Export-LettaAgent {letta.Path}").Succeed();
        var other = new UriBuilder(letta.Server.BaseUri) { Host = "localhost" }.Uri;

        var backups = letta.Run("Export-LettaAgent $args[0] -Resume -Connection (Connect-Letta $args[1] -PassThru)", letta.Set, other).Succeed();

        Assert.Equal(16, backups.Count);
        Assert.Equal(17, letta.Files.Count());
    }

    [Fact]
    public async Task A_session_that_outlived_an_upgrade_asks_for_the_version_again()
    {
        await using var letta = await Connected.ToAsync(new SandboxOptions { Release = "0.11.3" });
        await using var upgraded = await SandboxServer.StartAsync(new SandboxOptions { Release = "0.16.8" });

        // The session knows the version that the server had before.
        letta.Run($"$stale = (Connect-Letta $args[0] -PassThru).WithServerVersion('0.11.3'); Export-LettaAgent {letta.Path} -Connection $stale", upgraded.BaseUri).Succeed();

        Assert.Equal("0.16.8", Assert.Single(letta.Run($"Get-LettaBackup {letta.Path}").Succeed()).Get<Version>("LettaVersion").ToString());
        Assert.Equal(16, letta.Files.Count(f => f.EndsWith(".af", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task One_agent_that_fails_is_one_error_and_the_others_go_on()
    {
        await using var letta = await Connected.ToAsync();
        var lost = letta.Server.State.Agents.Skip(5).First();
        letta.Server.Faults.Add(new Fault(new StatusEffect(500, """{"detail":"boom"}""")) { Path = "/v1/agents/*", AgentId = lost.Id });

        var result = letta.Run($"Get-LettaAgent | Export-LettaAgent {letta.Path}");

        Assert.Equal(15, result.Output.Count);
        var error = Assert.Single(result.Errors);
        Assert.Equal("ServerFailed,LettaPS.Cmdlets.ExportLettaAgentCommand", error.FullyQualifiedErrorId);
        Assert.Equal(lost.Id, error.TargetObject);
        Assert.Contains("boom", error.Exception.Message, StringComparison.Ordinal);
        var manifest = JsonDocument.Parse(File.ReadAllText(Path.Combine(letta.Set, "manifest.json"))).RootElement;
        Assert.Equal(lost.Id, Assert.Single(manifest.GetProperty("failed").EnumerateArray()).GetProperty("agent_id").GetString());
        Assert.False(Assert.Single(letta.Run($"Get-LettaBackup {letta.Path}").Succeed()).Get<bool>("IsComplete"));
    }

    [Fact]
    public async Task An_agent_that_is_asked_for_twice_is_exported_once()
    {
        await using var letta = await Connected.ToAsync();
        var id = letta.Server.State.Agents.First().Id;

        Assert.Single(letta.Run($"$m = Get-LettaAgent -Id $args[0]; $m, $m | Export-LettaAgent {letta.Path} -Verbose", id).Succeed());
        Assert.Contains(letta.Shell.Console.Verbose, v => v.Contains("asked for before", StringComparison.Ordinal));
        Assert.Single(letta.Run($"Export-LettaAgent {letta.Path} -Id $args[0], $args[1]", id, id.ToUpperInvariant().Replace("AGENT", "agent", StringComparison.Ordinal)).Succeed());

        Assert.Equal(2, letta.Server.Requests.Count("GET", ExportPath));
        Assert.All(letta.Run($"Test-LettaBackup {letta.Path}").Succeed(), t => Assert.True(t.Get<bool>("IsValid")));
    }

    [Fact]
    public async Task An_identifier_in_the_list_of_the_server_that_is_none_is_one_error_and_the_others_go_on()
    {
        await using var letta = await Connected.ToAsync();
        letta.Server.Faults.Add(new Fault(EditEffect.HostileId()) { Path = "/v1/agents/" });

        var result = letta.Run($"Export-LettaAgent {letta.Path}");

        Assert.Equal(15, result.Output.Count);
        var error = Assert.Single(result.Errors);
        Assert.Equal("InvalidIdInAnswer,LettaPS.Cmdlets.ExportLettaAgentCommand", error.FullyQualifiedErrorId);
        Assert.Equal("../../../outside", error.TargetObject);
        var backup = Assert.Single(letta.Run($"Get-LettaBackup {letta.Path}").Succeed());
        Assert.False(backup.Get<bool>("IsComplete"));
        Assert.Single(backup.Get<System.Collections.IEnumerable>("Failures").Cast<object>());
        Assert.Single(letta.Run($"Test-LettaBackup {letta.Path} | Where-Object Missing").Succeed());
    }

    [Fact]
    public async Task What_is_no_identifier_makes_no_set()
    {
        await using var letta = await Connected.ToAsync();

        var error = Assert.Single(letta.Run($"Export-LettaAgent {letta.Path} -Id nonsense").Errors);

        Assert.Equal("InvalidId,LettaPS.Cmdlets.ExportLettaAgentCommand", error.FullyQualifiedErrorId);
        Assert.Equal("nonsense", error.TargetObject);
        Assert.Empty(Directory.EnumerateFileSystemEntries(letta.Folder.Path));
    }

    [Fact]
    public async Task What_could_not_be_had_is_said_and_the_agent_is_backed_up_all_the_same()
    {
        await using var letta = await Connected.ToAsync();
        letta.Server.Faults.Add(new Fault(new StatusEffect(500, """{"detail":"An unknown error occurred"}""")) { Path = "/v1/agents/*/archival-memory" });

        var backup = Assert.Single(letta.Run($"Get-LettaAgent Memo | Export-LettaAgent {letta.Path}").Succeed());

        Assert.False(backup.Get<bool>("IsComplete"));
        Assert.Contains("The archival passages:", Assert.Single(backup.Get<IReadOnlyList<string>>("Missing")), StringComparison.Ordinal);
        Assert.True(backup.Get<int>("MessageCount") > 0);
    }

    [Fact]
    public async Task Resuming_asks_only_for_what_is_missing_or_different()
    {
        await using var letta = await Connected.ToAsync();
        var failing = letta.Server.State.Agents.Skip(5).First();
        var fault = letta.Server.Faults.Add(new Fault(new StatusEffect(500)) { Path = "/v1/agents/*", AgentId = failing.Id });
        letta.Run($"Get-LettaAgent | Export-LettaAgent {letta.Path}");
        letta.Server.Faults.Remove(fault);
        var spoilt = letta.Server.State.Agents.First().Id;
        File.AppendAllText(Path.Combine(letta.Set, spoilt + ".af"), " ");
        var changed = letta.Server.State.Agents.Skip(9).First();
        changed.UpdatedAt = changed.UpdatedAt.AddSeconds(1);
        var before = letta.Server.Requests.Entries.Count;

        var backups = letta.Run($"Get-LettaAgent | Export-LettaAgent {letta.Path} -Resume").Succeed();

        Assert.Equal(new[] { failing.Id, spoilt, changed.Id }.Order(), backups.Where(b => !b.Get<bool>("IsReused")).Select(b => b.Get<string>("AgentId")).Order());
        Assert.Equal(16, backups.Count);
        Assert.Equal(3, letta.Server.Requests.Entries.Skip(before).Count(r => PathPatternMatches(r.Path)));
        Assert.All(letta.Run($"Test-LettaBackup {letta.Path}").Succeed(), t => Assert.True(t.Get<bool>("IsValid")));
        Assert.True(Assert.Single(letta.Run($"Get-LettaBackup {letta.Path}").Succeed()).Get<bool>("IsComplete"));

        static bool PathPatternMatches(string path) => path.EndsWith("/export", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_set_of_another_server_is_not_gone_on_with()
    {
        await using var one = await Connected.ToAsync();
        await using var other = await Connected.ToAsync();
        one.Run($"Get-LettaAgent Memo | Export-LettaAgent {one.Path}").Succeed();

        var error = Assert.Single(other.Run("Get-LettaAgent Memo | Export-LettaAgent $args[0] -Resume", one.Set).Errors);

        Assert.Equal("BackupSetServerMismatch,LettaPS.Cmdlets.ExportLettaAgentCommand", error.FullyQualifiedErrorId);
    }

    [Fact]
    public async Task WhatIf_says_what_would_be_written_and_writes_nothing()
    {
        await using var letta = await Connected.ToAsync();

        Assert.Empty(letta.Run($"Get-LettaAgent Memo | Export-LettaAgent {letta.Path} -WhatIf").Succeed());

        Assert.Matches("What if:.*Back up to .*letta-backup-.*Memo \\(agent-", letta.Shell.Console.Text);
        Assert.Empty(Directory.EnumerateFileSystemEntries(letta.Folder.Path));
    }

    [Fact]
    public async Task History_and_archive_can_be_left_out()
    {
        await using var letta = await Connected.ToAsync();
        var row = letta.Server.State.Agents.Single(a => a.Name == "document_librarian");

        var backup = Assert.Single(letta.Run($"Get-LettaAgent document_librarian | Export-LettaAgent {letta.Path} -NoHistory -NoArchive").Succeed());

        Assert.Equal(row.MessageIds.Count, backup.Get<int>("MessageCount"));
        Assert.Equal(0, backup.Get<int>("PassageCount"));
        Assert.Equal(0, letta.Server.Requests.Count("GET", "/v1/agents/*/archival-memory"));
        Assert.True(backup.Get<bool>("IsComplete"));
    }

    [Fact]
    public async Task Agents_are_read_side_by_side_up_to_the_limit()
    {
        await using var letta = await Connected.ToAsync(new SandboxOptions { Latency = TimeSpan.FromMilliseconds(20) });

        letta.Run($"Export-LettaAgent {letta.Path} -ThrottleLimit 1").Succeed();
        var alone = letta.Server.Requests.PeakOf("GET", "/v1/agents/*");
        letta.Run($"Export-LettaAgent {letta.Path} -ThrottleLimit 8").Succeed();

        Assert.Equal(1, alone);
        Assert.InRange(letta.Server.Requests.PeakOf("GET", "/v1/agents/*"), 2, 8);
        Assert.Equal(1, letta.Server.Requests.PeakOf("GET", ExportPath));
    }

    [Fact]
    public async Task Stopping_the_pipeline_leaves_no_partial_file_and_no_request()
    {
        await using var letta = await Connected.ToAsync(new SandboxOptions { Latency = TimeSpan.FromMilliseconds(50) });
        using var powershell = letta.Shell.Create($"Export-LettaAgent {letta.Path}");
        var output = new PSDataCollection<PSObject>();
        var first = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        output.DataAdded += (_, _) => first.TrySetResult();
        var running = powershell.BeginInvoke<PSObject, PSObject>(null, output);
        await first.Task;

        powershell.Stop();

        await AssertLeftCleanAsync(letta);
        Assert.Throws<PipelineStoppedException>(() => powershell.EndInvoke(running));
    }

    [Fact]
    public async Task A_failure_downstream_stops_the_export_and_leaves_it_clean()
    {
        await using var letta = await Connected.ToAsync(new SandboxOptions { Latency = TimeSpan.FromMilliseconds(20) });

        Assert.Throws<RuntimeException>(() => letta.Run($"Export-LettaAgent {letta.Path} | ForEach-Object {{ throw 'enough' }}"));

        await AssertLeftCleanAsync(letta);
    }

    [Fact]
    public async Task Enough_downstream_stops_the_export_and_leaves_it_clean()
    {
        await using var letta = await Connected.ToAsync(new SandboxOptions { Latency = TimeSpan.FromMilliseconds(20) });

        Assert.Single(letta.Run($"Export-LettaAgent {letta.Path} | Select-Object -First 1").Succeed());

        await AssertLeftCleanAsync(letta);
    }

    [Fact]
    public async Task An_export_that_takes_longer_than_a_second_shows_one_bar_and_takes_it_away()
    {
        await using var letta = await Connected.ToAsync(new SandboxOptions { Latency = TimeSpan.FromMilliseconds(100) });
        var connecting = letta.Shell.Console.Progress.Count;

        letta.Run($"Export-LettaAgent {letta.Path}").Succeed();

        var progress = letta.Shell.Console.Progress[connecting..];
        Assert.Matches(@"^\d+ agents, [\d.,]+ [KM]B$", progress[0].StatusDescription);
        Assert.Single(progress.Select(p => p.ActivityId).Distinct());
        Assert.Equal(ProgressRecordType.Completed, progress[^1].RecordType);
        Assert.Single(progress, p => p.RecordType == ProgressRecordType.Completed);
    }

    [Fact]
    public async Task Memory_does_not_grow_with_the_length_of_a_history()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var peaks = new List<long>();
        foreach (var messages in (int[])[10, 2_000])
        {
            await using var letta = await Connected.ToAsync(new SandboxOptions { Fleet = Fleet.Generated(new GeneratedOptions { Messages = messages, MessageLength = 100_000 }) });
            using var process = ConsoleProcess.Start($"Export-LettaAgent {letta.Path} | ForEach-Object MessageCount; [Diagnostics.Process]::GetCurrentProcess().PeakWorkingSet64", letta.Server.BaseUri);
            var (exitCode, output) = await process.FinishAsync(cancellationToken);
            var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            Assert.Equal((0, $"{messages}"), (exitCode, lines[^2]));
            peaks.Add(long.Parse(lines[^1], System.Globalization.CultureInfo.InvariantCulture));
        }

        // 200 MB of messages; tests/LettaPS.Benchmarks measures a gigabyte.
        Assert.InRange(peaks[1] - peaks[0], long.MinValue, 100L << 20);
    }

    [Fact]
    public async Task What_was_finished_before_a_stop_is_gone_on_with()
    {
        await using var letta = await Connected.ToAsync(new SandboxOptions { Latency = TimeSpan.FromMilliseconds(20) });
        Assert.Throws<RuntimeException>(() => letta.Run($"$script:n = 0; Export-LettaAgent {letta.Path} | ForEach-Object {{ if (++$script:n -eq 5) {{ throw 'enough' }} }}"));
        var finished = Directory.GetFiles(letta.Set, "*.af").Length;
        Assert.Equal("Unfinished", Assert.Single(letta.Run($"Get-LettaBackup {letta.Path}").Succeed()).Get<object>("State").ToString());

        var backups = letta.Run($"Export-LettaAgent {letta.Path} -Resume").Succeed();

        Assert.True(finished >= 5);
        Assert.Equal(finished, backups.Count(b => b.Get<bool>("IsReused")));
        Assert.Equal(16, backups.Count);
        Assert.Equal(17, letta.Files.Count());
    }

    [Fact]
    public async Task Killed_at_any_moment_no_file_is_torn_and_the_next_run_completes_the_set()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        await using var letta = await Connected.ToAsync(new SandboxOptions { Latency = TimeSpan.FromMilliseconds(20) });
        for (var after = 1; after <= 13; after += 4)
        {
            using var process = ConsoleProcess.Start($"Export-LettaAgent {letta.Path} -Resume -ThrottleLimit 2", letta.Server.BaseUri);
            await WaitForAsync(() => Directory.EnumerateFiles(letta.Folder.Path, "*.af", SearchOption.AllDirectories).Count() >= after || process.HasExited, cancellationToken);

            await process.KillAsync(cancellationToken);

            Assert.All(Directory.GetFiles(letta.Set, "*.af"), f => JsonDocument.Parse(File.ReadAllBytes(f)));
        }

        letta.Run($"Export-LettaAgent {letta.Path} -Resume").Succeed();

        Assert.Equal(17, letta.Files.Count());
        Assert.All(letta.Run($"Test-LettaBackup {letta.Path}").Succeed(), t => Assert.True(t.Get<bool>("IsValid")));
    }

    [Fact]
    public async Task Agents_of_several_servers_go_into_sets_of_their_own()
    {
        await using var one = await Connected.ToAsync(new SandboxOptions { Release = "0.11.3", Fleet = Fleet.Generated(2, 3) });
        await using var other = await Connected.ToAsync(new SandboxOptions { Release = "0.16.8", Fleet = Fleet.Generated(3, 3) });

        one.Run($"$args | ForEach-Object {{ Connect-Letta $_ -PassThru }} | Get-LettaAgent | Export-LettaAgent {one.Path}", one.Server.BaseUri, other.Server.BaseUri).Succeed();

        var sets = one.Run($"Get-LettaBackup {one.Path}").Succeed();
        Assert.Equal([2, 3], sets.Select(s => s.Get<int>("AgentCount")).Order());
        Assert.Equal(new[] { one.Server.BaseUri, other.Server.BaseUri }.ToHashSet(), sets.Select(s => s.Get<Uri>("Server")).ToHashSet());
    }

    [Fact]
    public async Task A_path_that_is_no_folder_is_refused()
    {
        await using var letta = await Connected.ToAsync();

        Assert.Equal("PathNotSupported,LettaPS.Cmdlets.ExportLettaAgentCommand", Assert.Single(letta.Run("Export-LettaAgent Env:\\x").Errors).FullyQualifiedErrorId);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_ends_the_export_with_one_error()
    {
        await using var letta = await Connected.ToAsync();
        File.WriteAllText(letta.Folder["file"], string.Empty);

        var error = Assert.Single(letta.Run("Export-LettaAgent $args[0]", letta.Folder["file/inside"]).Errors);

        Assert.Equal("BackupWriteFailed,LettaPS.Cmdlets.ExportLettaAgentCommand", error.FullyQualifiedErrorId);
    }

    [Fact]
    public async Task A_path_that_is_a_file_is_said_to_be_one()
    {
        await using var letta = await Connected.ToAsync();
        File.WriteAllText(letta.Folder["file"], string.Empty);

        var error = Assert.Single(letta.Run("Export-LettaAgent $args[0]", letta.Folder["file"]).Errors);

        Assert.Equal("InvalidFolderPath,LettaPS.Cmdlets.ExportLettaAgentCommand", error.FullyQualifiedErrorId);
        Assert.Contains("is a file", error.Exception.Message, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Snapshot(string folder) => Directory.GetFiles(folder).ToDictionary(f => Path.GetFileName(f), File.ReadAllText);

    private static async Task AssertLeftCleanAsync(Connected letta)
    {
        // The server notices the end of a request a moment after the client has dropped it.
        await WaitForAsync(() => letta.Server.Requests.Running == 0, TestContext.Current.CancellationToken);
        var requests = letta.Server.Requests.Entries.Count;
        var files = letta.Files.ToList();
        Assert.DoesNotContain(files, f => f.EndsWith(".partial", StringComparison.Ordinal) || f.EndsWith(".tmp", StringComparison.Ordinal));
        Assert.DoesNotContain("manifest.json", files);
        Assert.All(Directory.GetFiles(letta.Set, "*.af"), f => JsonDocument.Parse(File.ReadAllBytes(f)));
        Assert.Equal(requests, letta.Server.Requests.Entries.Count);
    }

    /// <summary>Waits for what must come; half a minute is only so that a failure ends.</summary>
    private static async Task WaitForAsync(Func<bool> condition, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            await Task.Delay(5, deadline.Token);
        }
    }
}

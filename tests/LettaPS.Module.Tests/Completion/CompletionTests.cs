using System.Management.Automation;
using LettaPS.Hosting;
using LettaPS.Sandbox.Http;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests.Completion;

public class CompletionTests
{
    [Fact]
    public async Task Names_of_agents_are_quoted_where_they_must_be()
    {
        await using var letta = await Connected.ToAsync();

        Assert.Equal(["'Lead Engineer'"], Complete(letta.Shell, "Get-LettaAgent lead").Select(c => c.CompletionText));
        Assert.Equal(["'Lead Engineer'"], Complete(letta.Shell, "Get-LettaAgent 'Lead E").Select(c => c.CompletionText));
        Assert.Equal(["Memo"], Complete(letta.Shell, "Get-LettaAgent -Name Mem").Select(c => c.CompletionText));
        Assert.Equal(["'AI/ML Expert'"], Complete(letta.Shell, "Get-LettaAgent *ML").Select(c => c.CompletionText));
    }

    [Fact]
    public async Task Identifiers_and_tags_are_completed_with_the_name_beside()
    {
        await using var letta = await Connected.ToAsync();
        var memo = letta.Server.State.Agents.Single(a => a.Name == "Memo");

        foreach (var command in new[] { "Get-LettaAgent -Id", "Export-LettaAgent -Path x -Id" })
        {
            var completion = Assert.Single(Complete(letta.Shell, $"{command} {memo.Id[..15]}"));
            Assert.Equal((memo.Id, $"{memo.Id} (Memo)"), (completion.CompletionText, completion.ToolTip));
        }

        Assert.Equal(["thoth"], Complete(letta.Shell, "Get-LettaAgent -Tag tho").Select(c => c.CompletionText));
    }

    [Theory]
    [InlineData("it's")]
    [InlineData("say \"hi\"")]
    [InlineData("$(throw 'injected')")]
    [InlineData("$env:PATH")]
    [InlineData("a; throw 'injected'")]
    [InlineData("`back`tick")]
    [InlineData("[old] Memo?")]
    [InlineData("all * of them")]
    [InlineData("typographic ‘quotes’ “too”")]
    [InlineData("-Dash")]
    [InlineData("line\nbreak $x \"q\" `b")]
    [InlineData("escape \u001b[31m red")]
    [InlineData("имя")]
    [InlineData("@splat")]
    [InlineData("#comment")]
    [InlineData("%")]
    [InlineData("{block}")]
    public async Task A_completed_name_is_the_argument_that_finds_the_agent_and_no_other(string name)
    {
        await using var letta = await Connected.ToAsync();
        letta.Server.State.Agents.First().Name = name;

        var completion = Complete(letta.Shell, "Get-LettaAgent ").Single(c => c.ToolTip.Contains(letta.Server.State.Agents.First().Id, StringComparison.Ordinal));

        Assert.DoesNotContain(completion.CompletionText, char.IsControl);
        Assert.DoesNotContain(completion.ListItemText, char.IsControl);
        Assert.Equal(name, letta.Run("Get-LettaAgent " + completion.CompletionText).Succeed().Single().Get<string>("Name"));
    }

    [Fact]
    public async Task A_server_that_never_answers_is_waited_for_once_and_no_longer_than_a_moment()
    {
        await using var silent = await OtherServer.StartAsync(string.Empty);
        using var shell = new Shell();
        shell.Run("$script:away = [LettaPS.LettaConnection]::new($args[0])", silent.BaseUri).Succeed();

        // The connection itself would wait for 100 seconds.
        await Task.Run(() =>
        {
            Complete(shell, "Get-LettaAgent -Connection $away -Name M");
            Complete(shell, "Get-LettaAgent -Connection $away -Name Me");
            Complete(shell, "Get-LettaAgent -Connection $away -Name Mem");
        }).WaitAsync(TimeSpan.FromSeconds(50));

        Assert.Equal(1, silent.Connections);
    }

    [Theory]
    [InlineData("Get-LettaAgent -Name M")]
    [InlineData("Get-LettaAgent -Id a")]
    [InlineData("Get-LettaAgent -Name '[")]
    [InlineData("Get-LettaAgent -Name \"$(")]
    public async Task A_server_that_fails_gives_nothing_and_no_error(string line)
    {
        await using var letta = await Connected.ToAsync();
        letta.Server.Faults.Add(new Fault(new StatusEffect(500)) { Path = "/v1/agents/" });

        Assert.DoesNotContain(Complete(letta.Shell, line), c => c.ResultType == CompletionResultType.ParameterValue);
        Assert.Empty(letta.Run("$Error").Output);
    }

    [Theory]
    [InlineData("Compare-LettaSchema -Version 0.16.", "0.16.8")]
    [InlineData("Invoke-LettaSchemaFix -Version 0.16.", "0.16.8")]
    [InlineData("Set-LettaImagePin -Version 0.16.", "0.16.8")]
    [InlineData("Get-LettaRelease 0.11", "0.11.7")]
    [InlineData("Test-LettaUpgrade -To 0.16.", "0.16.8")]
    [InlineData("Test-LettaCompatibility -ServerVersion 0.16.", "0.16.8")]
    [InlineData("Invoke-LettaSchemaFix -Kind MissingCol", "MissingColumn")]
    public void Releases_and_kinds_are_completed_the_last_release_first(string line, string first)
    {
        using var shell = new Shell();

        Assert.Equal(first, Complete(shell, line)[0].CompletionText);
    }

    [Fact]
    public void Names_of_saved_connections_are_completed()
    {
        using var shell = new Shell();
        shell.Run("Save-LettaConnection 'the tab''s own' http://127.0.0.1:1 -Force").Succeed();

        foreach (var command in new[] { "Connect-Letta -Name", "Get-LettaConnection", "Remove-LettaConnection", "Save-LettaConnection" })
        {
            Assert.Equal(["'the tab''s own'"], Complete(shell, command + " the").Select(c => c.CompletionText));
        }
    }

    [Fact]
    public void Backups_are_completed_and_other_files_are_not()
    {
        using var folder = new TempFolder();
        using var shell = new Shell();
        Directory.CreateDirectory(folder["letta-backup-20261123T013000Z"]);
        foreach (var file in new[] { "letta agent.af", "letta.json", "letta.dump", "letter.txt", "letta.log" })
        {
            File.WriteAllText(folder[file], string.Empty);
        }

        foreach (var command in new[] { "Restore-LettaAgent", "Test-LettaBackup -Path", "Get-LettaBackup", "Test-LettaHealth -BackupPath", "Update-LettaCodePin" })
        {
            var found = Complete(shell, $"{command} {folder.Path}/lett");
            Assert.Equal([$"'{folder["letta agent.af"]}'", folder["letta-backup-20261123T013000Z"], folder["letta.dump"], folder["letta.json"]], found.Select(c => c.CompletionText));
        }
    }

    [Fact]
    public void Brackets_are_escaped_for_a_parameter_that_takes_wildcards_and_for_no_other()
    {
        using var folder = new TempFolder();
        using var shell = new Shell();
        Directory.CreateDirectory(folder["b[1]/set"]);

        foreach (var command in new[] { "Restore-LettaAgent", "Get-LettaBackup -Path" })
        {
            Assert.Equal([$"'{folder.Path}/b`[1`]'"], Complete(shell, $"{command} {folder.Path}/b").Select(c => c.CompletionText));
            Assert.Equal([$"'{folder.Path}/b`[1`]'"], Complete(shell, $"{command} '{folder.Path}/b`[").Select(c => c.CompletionText));
            Assert.Equal([$"'{folder.Path}/b`[1`]/set'"], Complete(shell, $"{command} '{folder.Path}/b`[1`]/").Select(c => c.CompletionText));
        }

        Assert.Equal([$"'{folder.Path}/b[1]'"], Complete(shell, $"Test-LettaHealth -BackupPath {folder.Path}/b").Select(c => c.CompletionText));
    }

    [Fact]
    public void Services_of_the_compose_file_are_completed()
    {
        using var folder = new TempFolder();
        using var shell = new Shell();
        File.WriteAllText(folder["compose.yml"], "services:\n  letta:\n    image: letta/letta:0.16.2\n  letta-test:\n    image: letta/letta:latest\n  letta-postgres:\n    image: postgres:15\n");

        foreach (var command in new[] { "Get-LettaImagePin", "Set-LettaImagePin -Version 0.16.8" })
        {
            Assert.Equal(["letta", "letta-test"], Complete(shell, $"{command} -Path {folder["compose.yml"]} -Service le").Select(c => c.CompletionText));
        }

        Assert.DoesNotContain(Complete(shell, $"Get-LettaImagePin -Path {folder["nothing.yml"]} -Service le"), c => c.ResultType == CompletionResultType.ParameterValue);
    }

    /// <summary>What Tab offers at the end of a line.</summary>
    internal static IReadOnlyList<CompletionResult> Complete(Shell shell, string line)
    {
        using var powershell = shell.Create(string.Empty);
        powershell.Commands.Clear();
        return [.. CommandCompletion.CompleteInput(line, line.Length, null, powershell).CompletionMatches];
    }
}

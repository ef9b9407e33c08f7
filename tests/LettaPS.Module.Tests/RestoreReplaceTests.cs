using System.Management.Automation;
using System.Management.Automation.Runspaces;
using LettaPS.Hosting;
using LettaPS.Sandbox.Http;

namespace LettaPS.Module.Tests;

public class RestoreReplaceTests
{
    private const string Replace = "Restore-LettaAgent $args[0] -Conflict Replace";

    [Fact]
    public async Task Replacing_asks_before_anything_is_restored()
    {
        await using var letta = await RestoredPair.MakeAsync("Incognito");
        var old = Assert.Single(letta.Target.Server.State.Agents).Id;
        letta.Target.Server.Requests.Clear();
        letta.Target.Shell.Console.Answers.Enqueue(0);

        var result = Assert.Single(letta.Target.Run(Replace, letta.Source.Set).Succeed());

        Assert.Contains(old, Assert.Single(letta.Target.Shell.Console.Prompts), StringComparison.Ordinal);
        Assert.Equal(result.Get<string>("AgentId"), Assert.Single(letta.Target.Server.State.Agents).Id);
    }

    [Fact]
    public async Task Who_says_no_keeps_the_agent_and_nothing_is_restored()
    {
        await using var letta = await RestoredPair.MakeAsync("Incognito");
        var before = letta.Target.Server.State.ContentHash();
        letta.Target.Shell.Console.Answers.Enqueue(2);

        var result = Assert.Single(letta.Target.Run(Replace, letta.Source.Set).Succeed());

        Assert.Equal(("Skipped", Assert.Single(letta.Target.Server.State.Agents).Id), (result.Get<object>("Status").ToString(), result.Get<string>("AgentId")));
        Assert.Contains(result.Get<IReadOnlyList<string>>("Warnings"), w => w.Contains("kept, as you wished", StringComparison.Ordinal));
        Assert.Equal(before, letta.Target.Server.State.ContentHash());
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(3, 2)]
    public async Task Yes_or_no_to_all_is_asked_once(int answer, int kept)
    {
        await using var letta = await RestoredPair.MakeAsync("Incognito','AI/ML Expert");
        var old = letta.Target.Server.State.Agents.Select(a => a.Id).ToList();
        Assert.Equal(2, old.Count);
        letta.Target.Shell.Console.Answers.Enqueue(answer);

        letta.Target.Run(Replace, letta.Source.Set).Succeed();

        Assert.Single(letta.Target.Shell.Console.Prompts);
        Assert.Equal(2, letta.Target.Server.State.Agents.Count);
        Assert.Equal(kept, letta.Target.Server.State.Agents.Count(a => old.Contains(a.Id)));
    }

    [Fact]
    public async Task Where_nobody_can_be_asked_nothing_is_done_and_the_error_names_what_to_add()
    {
        await using var letta = await RestoredPair.MakeAsync("*");
        var before = letta.Target.Server.State.ContentHash();
        var map = File.ReadAllText(letta.Map);
        var state = InitialSessionState.CreateDefault2();
        state.ImportPSModule([Shell.ModuleManifest]);
        using var runspace = RunspaceFactory.CreateRunspace(state);
        runspace.Open();
        using var powershell = PowerShell.Create(runspace);
        powershell.AddScript($"Connect-Letta '{letta.Target.Server.BaseUri}'; {Replace}").AddArgument(letta.Source.Set);

        Assert.Empty(powershell.Invoke());

        var error = Assert.Single(powershell.Streams.Error);
        Assert.Equal("ConfirmationRequired,LettaPS.Cmdlets.RestoreLettaAgentCommand", error.FullyQualifiedErrorId);
        Assert.Contains("-Confirm:$false", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.Equal(before, letta.Target.Server.State.ContentHash());
        Assert.Equal(map, File.ReadAllText(letta.Map));
    }

    [Theory]
    [InlineData("-Confirm:$false")]
    [InlineData("-Force")]
    public async Task What_answers_every_question_answers_that_too(string parameter)
    {
        await using var letta = await RestoredPair.MakeAsync("document_librarian");

        Assert.Equal("Replaced", Assert.Single(letta.Target.Run($"{Replace} {parameter}", letta.Source.Set).Succeed()).Get<object>("Status").ToString());

        Assert.Empty(letta.Target.Shell.Console.Prompts);
    }

    [Fact]
    public async Task Replacing_again_and_again_leaves_no_more_than_the_first_restore()
    {
        await using var letta = await RestoredPair.MakeAsync("document_librarian");
        var first = Counts(letta);

        for (var i = 0; i < 3; i++)
        {
            var result = Assert.Single(letta.Target.Run($"{Replace} -Force", letta.Source.Set).Succeed());
            Assert.Equal("Replaced", result.Get<object>("Status").ToString());
            Assert.StartsWith("It replaced 'document_librarian' ('agent-", result.Get<string>("Reason"), StringComparison.Ordinal);
        }

        Assert.Equal(first, Counts(letta));
    }

    [Fact]
    public async Task What_was_skipped_or_renamed_says_why()
    {
        await using var letta = await RestoredPair.MakeAsync("document_librarian");

        var skipped = Assert.Single(letta.Target.Run("Restore-LettaAgent $args[0]", letta.Source.Set).Succeed());
        var renamed = Assert.Single(letta.Target.Run("Restore-LettaAgent $args[0] -Conflict Rename", letta.Source.Set).Succeed());

        Assert.Equal($"The server has it as '{skipped.Get<string>("AgentId")}'.", skipped.Get<string>("Reason"));
        Assert.Equal("The server has an agent 'document_librarian'.", renamed.Get<string>("Reason"));
        Assert.NotEqual("document_librarian", renamed.Get<string>("AgentName"));
        Assert.True(letta.Target.Shell.Show($"Restore-LettaAgent '{letta.Source.Set}'"));
        Assert.Matches("document_librari[^\n]*Skipped +agent-[0-9a-f-]{36} ", letta.Target.Shell.Console.Text);
    }

    [Fact]
    public async Task A_replacement_with_gaps_is_removed_again_and_the_old_agent_is_kept()
    {
        await using var letta = await RestoredPair.MakeAsync("document_librarian");
        var before = letta.Target.Server.State.ContentHash();
        var map = File.ReadAllText(letta.Map);
        letta.Target.Server.Faults.Add(new Fault(new StatusEffect(500)) { Method = "POST", Path = "/v1/agents/*/archival-memory", Skip = 3 });

        var result = Assert.Single(letta.Target.Run($"{Replace} -Force", letta.Source.Set).Succeed());

        Assert.Equal(("Skipped", Assert.Single(letta.Target.Server.State.Agents).Id), (result.Get<object>("Status").ToString(), result.Get<string>("AgentId")));
        Assert.NotEmpty(result.Get<IReadOnlyList<string>>("Missing"));
        Assert.Contains("-Conflict Rename", Assert.Single(letta.Target.Shell.Console.Warnings), StringComparison.Ordinal);
        Assert.Equal(before, letta.Target.Server.State.ContentHash());
        Assert.Equal(map, File.ReadAllText(letta.Map));
    }

    [Theory]
    [InlineData("-NoHistory", "messages of the agent that would be replaced")]
    [InlineData("-NoArchive", "archival passages of the agent that would be replaced")]
    public async Task What_a_file_was_written_without_is_not_deleted_by_it(string without, string gap)
    {
        await using var letta = await RestoredPair.MakeAsync("document_librarian");
        var set = Directory.CreateDirectory(letta.Source.Folder["partial"]).FullName;
        letta.Source.Run($"Get-LettaAgent document_librarian | Export-LettaAgent $args[0] {without}", set).Succeed();
        var before = letta.Target.Server.State.ContentHash();

        var result = Assert.Single(letta.Target.Run($"{Replace} -Force", set).Succeed());

        Assert.Equal("Skipped", result.Get<object>("Status").ToString());
        Assert.Contains(gap, Assert.Single(result.Get<IReadOnlyList<string>>("Missing")), StringComparison.Ordinal);
        Assert.Contains("-Conflict Rename", Assert.Single(letta.Target.Shell.Console.Warnings), StringComparison.Ordinal);
        Assert.Equal(before, letta.Target.Server.State.ContentHash());
    }

    [Fact]
    public async Task Passages_that_the_restore_leaves_out_are_not_deleted()
    {
        await using var letta = await RestoredPair.MakeAsync("document_librarian");
        var before = letta.Target.Server.State.ContentHash();

        var result = Assert.Single(letta.Target.Run($"{Replace} -Force -NoArchive", letta.Source.Set).Succeed());

        Assert.Equal("Skipped", result.Get<object>("Status").ToString());
        Assert.Contains("-NoArchive leaves the passages", Assert.Single(result.Get<IReadOnlyList<string>>("Missing")), StringComparison.Ordinal);
        Assert.Equal(before, letta.Target.Server.State.ContentHash());
    }

    [Fact]
    public async Task An_export_of_Lettas_own_does_not_replace_an_agent_that_has_more()
    {
        await using var letta = await RestoredPair.MakeAsync("document_librarian");
        var old = Assert.Single(letta.Target.Server.State.Agents).Id;
        var file = letta.Target.Folder["own.af"];
        using (var client = new HttpClient())
        {
            await File.WriteAllBytesAsync(file, await client.GetByteArrayAsync(new Uri(letta.Target.Server.BaseUri, $"v1/agents/{old}/export"), TestContext.Current.CancellationToken), TestContext.Current.CancellationToken);
        }

        letta.Target.Run("Restore-LettaAgent $args[0]", file).Succeed();
        var copy = letta.Target.Server.State.Agents.Single(a => a.Id != old);
        foreach (var archive in letta.Target.Server.State.Agents.Find(old)!.ArchiveIds)
        {
            copy.ArchiveIds.Add(archive);
        }

        var result = Assert.Single(letta.Target.Run($"{Replace} -Force", file).Succeed());

        Assert.Equal(("Skipped", copy.Id), (result.Get<object>("Status").ToString(), result.Get<string>("AgentId")));
        Assert.Contains(result.Get<IReadOnlyList<string>>("Missing"), g => g.Contains("archival passages of the agent that would be replaced", StringComparison.Ordinal));
        Assert.NotNull(letta.Target.Server.State.Agents.Find(copy.Id));
    }

    [Fact]
    public async Task What_came_after_the_file_was_written_does_not_keep_an_agent_from_going_back()
    {
        await using var letta = await RestoredPair.MakeAsync("document_librarian");

        Assert.Equal("Replaced", Assert.Single(letta.Target.Run($"{Replace} -Force", letta.Source.Set).Succeed()).Get<object>("Status").ToString());
        var set = Directory.CreateDirectory(letta.Source.Folder["partial"]).FullName;
        await using var other = await RestoredPair.MakeAsync("document_librarian", restore: false);
        other.Source.Run("Get-LettaAgent document_librarian | Export-LettaAgent $args[0] -NoHistory -NoArchive", set).Succeed();
        other.Target.Run("Restore-LettaAgent $args[0]", set).Succeed();

        // The agent has no more than the file: nothing is lost.
        Assert.Equal("Replaced", Assert.Single(other.Target.Run($"{Replace} -Force", set).Succeed()).Get<object>("Status").ToString());
    }

    [Fact]
    public async Task Values_of_environment_variables_are_taken_over_from_the_agent_that_is_replaced()
    {
        await using var letta = await RestoredPair.MakeAsync("Incognito", change: state =>
        {
            var agent = state.Agents.Single(a => a.Name == "Incognito");
            agent.EnvironmentVariables.Clear();
            agent.EnvironmentVariables.Add(new Sandbox.Store.EnvironmentVariableRow { Key = "TOKEN", Value = "of the source", ValueEnc = "of the source" });
        });
        Assert.Single(letta.Target.Server.State.Agents).EnvironmentVariables.Single().ValueEnc = "of the target";

        var result = Assert.Single(letta.Target.Run($"{Replace} -Force", letta.Source.Set).Succeed());

        Assert.Equal("Replaced", result.Get<object>("Status").ToString());
        Assert.Equal("of the target", Assert.Single(letta.Target.Server.State.Agents).EnvironmentVariables.Single().ValueEnc);
        Assert.Contains(result.Get<IReadOnlyList<string>>("Warnings"), w => w.Contains("1 environment variables were taken over", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Indentation_of_a_file_is_no_difference()
    {
        await using var letta = await Connected.ToAsync(new Sandbox.SandboxOptions { Release = "0.16.8", Fleet = Sandbox.Fleets.Fleet.Empty });
        var file = letta.Folder["gatekeeper.af"];
        var cases = Path.Combine(AppContext.BaseDirectory, "Fixtures", "agent-files");
        File.Copy(Path.Combine(cases, "pretty.af"), file);
        var first = Assert.Single(letta.Run("Restore-LettaAgent $args[0]", file).Succeed());
        Assert.Empty(first.Get<IReadOnlyList<string>>("Missing"));

        Assert.Empty(Assert.Single(letta.Run($"{Replace} -Force", file).Succeed()).Get<IReadOnlyList<string>>("Missing"));
        Assert.Empty(Assert.Single(letta.Run("Restore-LettaAgent $args[0]", Path.Combine(cases, "compact.af")).Succeed()).Get<IReadOnlyList<string>>("Missing"));
    }

    [Fact]
    public async Task Skills_are_a_gap_where_the_server_does_not_keep_them()
    {
        await using var letta = await Connected.ToAsync(new Sandbox.SandboxOptions { Release = "0.16.8", Fleet = Sandbox.Fleets.Fleet.Empty });

        var result = Assert.Single(letta.Run("Restore-LettaAgent $args[0]", Path.Combine(AppContext.BaseDirectory, "Fixtures", "agent-files", "skilled.af")).Succeed());

        Assert.Equal("RestoredWithGaps", result.Get<object>("Status").ToString());
        Assert.Contains("1 skills (tide-table)", Assert.Single(result.Get<IReadOnlyList<string>>("Missing")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pins_follow_an_agent_that_was_replaced_twice()
    {
        await using var letta = await RestoredPair.MakeAsync("Incognito");
        var first = Assert.Single(letta.Target.Server.State.Agents).Id;
        letta.Target.Run($"{Replace} -Force", letta.Source.Set).Succeed();
        var second = Assert.Single(letta.Target.Server.State.Agents).Id;
        letta.Target.Run($"{Replace} -Force", letta.Source.Set).Succeed();
        var third = Assert.Single(letta.Target.Server.State.Agents).Id;
        var settings = letta.Target.Folder["settings.json"];
        File.WriteAllText(settings, $$"""{"pinnedAgents":["{{first}}","{{second}}","{{third}}"]}""");

        letta.Target.Run("Update-LettaCodePin $args[0] -Path $args[1]", letta.Source.Set, settings).Succeed();

        Assert.Equal($$"""{"pinnedAgents":["{{third}}","{{third}}","{{third}}"]}""", File.ReadAllText(settings));
    }

    [Theory]
    [InlineData("Rename")]
    [InlineData("Duplicate")]
    public async Task Pins_of_an_agent_that_still_lives_stay(string conflict)
    {
        await using var letta = await RestoredPair.MakeAsync("Incognito");
        var first = Assert.Single(letta.Target.Server.State.Agents).Id;
        letta.Target.Run($"Restore-LettaAgent $args[0] -Conflict {conflict}", letta.Source.Set).Succeed();
        var settings = letta.Target.Folder["settings.json"];
        File.WriteAllText(settings, $$"""{"pinnedAgents":["{{first}}"]}""");

        letta.Target.Run("Update-LettaCodePin $args[0] -Path $args[1]", letta.Source.Set, settings).Succeed();

        Assert.Equal($$"""{"pinnedAgents":["{{first}}"]}""", File.ReadAllText(settings));
    }

    private static (int Agents, int Blocks, int Sources, int Archives, int Passages, int Identities, int Tools, int Files) Counts(RestoredPair letta)
    {
        var state = letta.Target.Server.State;
        return (state.Agents.Count, state.Blocks.Count, state.Sources.Count, state.Archives.Count, state.Passages.Count, state.Identities.Count, state.Tools.Count, state.Files.Count);
    }
}

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
    public async Task Where_nobody_can_be_asked_nothing_is_done_and_the_error_names_Force()
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
        Assert.Equal("CannotAsk,LettaPS.Cmdlets.RestoreLettaAgentCommand", error.FullyQualifiedErrorId);
        Assert.Contains("-Force", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.Equal(before, letta.Target.Server.State.ContentHash());
        Assert.Equal(map, File.ReadAllText(letta.Map));
    }

    [Fact]
    public async Task Replacing_again_and_again_leaves_no_more_than_the_first_restore()
    {
        await using var letta = await RestoredPair.MakeAsync("document_librarian");
        var first = Counts(letta);

        for (var i = 0; i < 3; i++)
        {
            Assert.Equal("Restored", Assert.Single(letta.Target.Run($"{Replace} -Force", letta.Source.Set).Succeed()).Get<object>("Status").ToString());
        }

        Assert.Equal(first, Counts(letta));
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

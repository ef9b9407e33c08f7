using System.Text.Json;
using System.Text.Json.Nodes;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Module.Tests;

/// <summary>What imports change by themselves: settings of the model and of compaction, senders of messages, open files.</summary>
public class RestoreSettingsTests
{
    [Theory]
    [InlineData("0.16.2", "0.16.8")]
    [InlineData("0.16.8", "0.16.2")]
    public async Task Settings_of_the_model_come_back_from_release_to_release(string from, string to)
    {
        await using var letta = await RestoredPair.MakeAsync("Incognito", restore: false, from, to, s => Set(s, parallel: false));

        var result = Assert.Single(letta.Target.Run("Restore-LettaAgent $args[0]", letta.Source.Set).Succeed());

        Assert.Empty(result.Get<IReadOnlyList<string>>("Missing"));
        Assert.Equal((false, null), Shown(letta.Target.Server.State));
    }

    [Fact]
    public async Task A_setting_of_the_model_that_the_import_changes_is_set_back()
    {
        await using var letta = await RestoredPair.MakeAsync("Incognito", restore: false, change: s => Set(s, parallel: true));
        letta.Target.Server.Faults.Add(new Fault(Changing(letta.Target.Server.State)) { Path = "/v1/agents/import" });

        var result = Assert.Single(letta.Target.Run("Restore-LettaAgent $args[0]", letta.Source.Set).Succeed());

        Assert.Empty(result.Get<IReadOnlyList<string>>("Missing"));
        Assert.Equal((true, null), Shown(letta.Target.Server.State));
    }

    [Fact]
    public async Task A_setting_of_the_model_that_does_not_stay_is_a_gap()
    {
        await using var letta = await RestoredPair.MakeAsync("Incognito", restore: false, change: s => Set(s, parallel: true));
        letta.Target.Server.Faults.Add(new Fault(Changing(letta.Target.Server.State)) { Method = "PATCH", Path = "/v1/agents/*" });

        var result = Assert.Single(letta.Target.Run("Restore-LettaAgent $args[0]", letta.Source.Set).Succeed());

        Assert.Equal("llm_config: the server shows another parallel_tool_calls.", Assert.Single(result.Get<IReadOnlyList<string>>("Missing")));
    }

    [Fact]
    public async Task Compaction_settings_that_the_server_adds_are_said()
    {
        await using var letta = await RestoredPair.MakeAsync("Incognito", restore: false, change: s => Incognito(s).CompactionSettings = null);

        var result = Assert.Single(letta.Target.Run("Restore-LettaAgent $args[0]", letta.Source.Set).Succeed());

        Assert.NotNull(Assert.Single(letta.Target.Server.State.Agents).CompactionSettings);
        Assert.Contains(result.Get<IReadOnlyList<string>>("Warnings"), w => w.StartsWith("compaction_settings: the agent had none", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("0.16.8", "0.16.2")]
    [InlineData("0.16.8", "0.16.8")]
    public async Task Messages_are_sent_by_the_identities_of_the_new_server(string from, string to)
    {
        await using var letta = await RestoredPair.MakeAsync("thoth*", from: from, to: to);

        var state = letta.Target.Server.State;
        var senders = state.Agents.SelectMany(a => a.Messages).Select(m => m.SenderId).OfType<string>().ToList();
        Assert.NotEmpty(senders);
        Assert.All(senders, s => Assert.True(state.Identities.Contains(s), $"{s} is not an identity of the server."));
        Assert.DoesNotContain(senders, letta.Source.Server.State.Identities.Contains);
    }

    [Theory]
    [InlineData("0.16.2")]
    [InlineData("0.16.8")]
    public async Task Files_are_open_and_closed_as_they_were(string release)
    {
        await using var letta = await RestoredPair.MakeAsync("thoth*", from: release, to: release);

        var open = Open(letta.Source.Server.State, letta.Source.Server.State.Agents.Single(a => a.Name!.StartsWith("thoth", StringComparison.Ordinal)));
        Assert.Contains(open, f => f.EndsWith("True", StringComparison.Ordinal));
        Assert.Contains(open, f => f.EndsWith("False", StringComparison.Ordinal));
        Assert.Equal(open, Open(letta.Target.Server.State, Assert.Single(letta.Target.Server.State.Agents)));
    }

    private static List<string> Open(SandboxState state, AgentRow agent) => [.. state.FileAgents.Where(f => f.AgentId == agent.Id).Select(f => $"{f.FileName} {f.IsOpen}").Order()];

    private static AgentRow Incognito(SandboxState state) => state.Agents.Single(a => a.Name == "Incognito");

    private static (bool Parallel, string? Effort) Shown(SandboxState state)
    {
        var config = Assert.Single(state.Agents).LlmConfig;
        return (config.GetProperty("parallel_tool_calls").GetBoolean(), config.GetProperty("reasoning_effort").GetString());
    }

    private static void Set(SandboxState state, bool parallel)
    {
        var row = Incognito(state);
        var config = JsonObject.Create(row.LlmConfig)!;
        (config["parallel_tool_calls"], config["reasoning_effort"]) = (parallel, null);
        row.LlmConfig = JsonSerializer.SerializeToElement(config);
    }

    /// <summary>The request is done, and another setting of the model is not as it says.</summary>
    private static EditEffect Changing(SandboxState state) => new(answer =>
    {
        foreach (var row in state.Agents.ToList())
        {
            var config = JsonObject.Create(row.LlmConfig)!;
            config["parallel_tool_calls"] = false;
            row.LlmConfig = JsonSerializer.SerializeToElement(config);
        }

        return answer;
    });
}

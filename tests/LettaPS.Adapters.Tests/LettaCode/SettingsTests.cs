using System.Text.Json.Nodes;
using LettaPS.Core.LettaCode;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.LettaCode;

/// <summary>The client's settings: pins move to the new agents, and everything else stays.</summary>
public sealed class SettingsTests
{
    [Fact]
    public async Task Pins_move_from_the_V1_server_to_the_new_identifiers_and_the_old_file_keeps_them()
    {
        using var c = new Conversion();
        using var folder = new TempFolder();
        var agent = await c.RunAsync();
        var before = $$"""
            {
              "theme": "dark",
              "agents": [ { "agentId": "{{Conversion.Source}}", "baseUrl": "http://localhost:8283", "pinned": true, "toolset": "codex" }, { "agentId": "agent-other", "pinned": true } ],
              "pinnedAgents": [ "agent-other", "{{Conversion.Source}}" ],
              "pinnedAgentsByServer": { "localhost:8283": [ "{{Conversion.Source}}", "agent-other" ] }
            }
            """;
        await File.WriteAllTextAsync(folder["settings.json"], before, TestContext.Current.CancellationToken);

        LettaCodeSettings.Write(folder["settings.json"], [agent], pin: true, LettaCodeSystemPrompt.Keep);
        LettaCodeSettings.Write(folder["settings.json"], [agent], pin: true, LettaCodeSystemPrompt.Keep);

        var settings = JsonNode.Parse(await File.ReadAllTextAsync(folder["settings.json"], TestContext.Current.CancellationToken))!;
        var expected = $$"""
            {
              "theme": "dark",
              "agents": [ { "agentId": "{{Conversion.Source}}", "baseUrl": "http://localhost:8283", "toolset": "codex" }, { "agentId": "agent-other", "pinned": true },
                { "agentId": "{{Conversion.Id}}", "baseUrl": "local:{{c.Root}}", "pinned": true } ],
              "pinnedAgents": [ "agent-other" ],
              "pinnedAgentsByServer": { "localhost:8283": [ "agent-other" ] }
            }
            """;
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), settings), settings.ToJsonString());
        Assert.Equal(before, await File.ReadAllTextAsync(folder["settings.json.bak"], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_second_run_keeps_what_the_first_one_kept()
    {
        using var c = new Conversion();
        using var folder = new TempFolder();
        var agent = await c.RunAsync();
        var before = $$"""{ "pinnedAgents": ["{{Conversion.Source}}"] }""";
        await File.WriteAllTextAsync(folder["settings.json"], before, TestContext.Current.CancellationToken);

        LettaCodeSettings.Write(folder["settings.json"], [agent], pin: true, LettaCodeSystemPrompt.Keep);
        LettaCodeSettings.Write(folder["settings.json"], [agent], pin: true, LettaCodeSystemPrompt.LettaCode);

        Assert.Equal(before, await File.ReadAllTextAsync(folder["settings.json.bak"], TestContext.Current.CancellationToken));
        Assert.True(File.Exists(folder["settings.json.bak.1"]));
    }

    [Fact]
    public async Task The_old_settings_are_kept_and_without_a_pin_nothing_is_unpinned()
    {
        using var c = new Conversion();
        using var folder = new TempFolder();
        var agent = await c.RunAsync();
        var before = $$"""{ "pinnedAgents": ["{{Conversion.Source}}"] }""";
        await File.WriteAllTextAsync(folder["settings.json"], before, TestContext.Current.CancellationToken);

        LettaCodeSettings.Write(folder["settings.json"], [agent], pin: false, LettaCodeSystemPrompt.LettaCode);

        var settings = JsonNode.Parse(await File.ReadAllTextAsync(folder["settings.json"], TestContext.Current.CancellationToken))!;
        Assert.Equal(Conversion.Source, (string?)settings["pinnedAgents"]![0]);
        Assert.Null(settings["agents"]![0]!["pinned"]);
        Assert.StartsWith("sha256:", (string?)settings["agents"]![0]!["systemPromptHash"], StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllTextAsync(folder["settings.json.bak"], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Settings_that_are_no_JSON_are_left_as_they_are()
    {
        using var c = new Conversion();
        using var folder = new TempFolder();
        var agent = await c.RunAsync();
        await File.WriteAllTextAsync(folder["settings.json"], "{ broken", TestContext.Current.CancellationToken);

        Assert.Equal("InvalidSettings", Assert.Throws<LettaException>(() => LettaCodeSettings.Write(folder["settings.json"], [agent], pin: true, LettaCodeSystemPrompt.Keep)).ErrorId);
        Assert.Equal("{ broken", await File.ReadAllTextAsync(folder["settings.json"], TestContext.Current.CancellationToken));
    }
}

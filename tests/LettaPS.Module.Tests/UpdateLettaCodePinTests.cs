using System.Text.Json.Nodes;
using LettaPS.Hosting;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests;

public sealed class UpdateLettaCodePinTests : IDisposable
{
    private const string Old = "agent-10418b8d-37a5-4923-8f70-69ccc58d66ff";
    private const string New = "agent-e62d4deb-7a56-473f-893c-64d9eca6b0a5";
    private const string Other = "agent-00000000-0000-4000-8000-000000000001";

    private readonly Shell _shell = new();
    private readonly TempFolder _folder = new();

    public UpdateLettaCodePinTests() => File.WriteAllText(
        _folder["id-map.json"],
        new JsonObject { ["format"] = 1, ["servers"] = new JsonObject { ["http://localhost:8283/"] = new JsonObject { ["agents"] = new JsonObject { [Old] = New } } } }.ToJsonString());

    [Fact]
    public void Identifiers_change_and_every_other_byte_stays()
    {
        var settings = $$"""
            {
              "tokenStreaming" : true,   "unknown": [1.0, 1e3, "A", "{{Old}}"],
              "pinnedAgents": ["{{Old}}","{{Other}}"],
              "lastSession":{"agentId":"{{Old}}", "conversationId":"default"},
              "agents": [{"agentId":"{{Old}}","pinned":true}, {"agentId":"{{Old}}","baseUrl":"http://elsewhere:8283"}],
              "pinnedAgentsByServer": {"localhost:8283":["{{Old}}"], "api.letta.com":["{{Old}}"]}
            }

            """.ReplaceLineEndings("\r\n");
        File.WriteAllText(_folder["settings.json"], settings);

        var update = Assert.Single(_shell.Run("Update-LettaCodePin $args[0] -Path $args[1] -PassThru", _folder.Path, _folder["settings.json"]).Succeed());

        var expected = settings
            .Replace($"\"pinnedAgents\": [\"{Old}\"", $"\"pinnedAgents\": [\"{New}\"", StringComparison.Ordinal)
            .Replace($"\"lastSession\":{{\"agentId\":\"{Old}\"", $"\"lastSession\":{{\"agentId\":\"{New}\"", StringComparison.Ordinal)
            .Replace($"{{\"agentId\":\"{Old}\",\"pinned\"", $"{{\"agentId\":\"{New}\",\"pinned\"", StringComparison.Ordinal)
            .Replace($"\"localhost:8283\":[\"{Old}\"", $"\"localhost:8283\":[\"{New}\"", StringComparison.Ordinal);
        Assert.Equal(expected, File.ReadAllText(_folder["settings.json"]));
        Assert.Equal(settings, File.ReadAllText(update.Get<string>("BackupPath")));
        Assert.Equal(2, _shell.Console.Warnings.Count(w => w.Contains("another server", StringComparison.Ordinal)));
    }

    /// <summary>JSON allows a key twice. Which server an entry is about is said where the entry is.</summary>
    [Fact]
    public void A_key_that_is_there_twice_is_changed_in_both_places()
    {
        File.WriteAllText(_folder["settings.json"], $$"""{"agents":[{"agentId":"{{Other}}"},{"agentId":"{{Old}}"}],"agents":[{"agentId":"{{Old}}","baseUrl":"http://elsewhere:8283"}],"pinnedAgents":["{{Old}}"],"pinnedAgents":["{{Old}}"]}""");

        _shell.Run("Update-LettaCodePin $args[0] -Path $args[1]", _folder.Path, _folder["settings.json"]).Succeed();

        Assert.Equal(
            $$"""{"agents":[{"agentId":"{{Other}}"},{"agentId":"{{New}}"}],"agents":[{"agentId":"{{Old}}","baseUrl":"http://elsewhere:8283"}],"pinnedAgents":["{{New}}"],"pinnedAgents":["{{New}}"]}""",
            File.ReadAllText(_folder["settings.json"]));
    }

    [Theory]
    [InlineData("http://localhost:8283")]
    [InlineData("http://127.0.0.1:8283/v1/")]
    [InlineData("localhost")]
    [InlineData("127.0.0.1:8283")]
    public void A_server_is_named_by_its_host_or_by_any_spelling_of_its_address(string server)
    {
        File.WriteAllText(
            _folder["id-map.json"],
            new JsonObject
            {
                ["format"] = 1,
                ["servers"] = new JsonObject
                {
                    ["http://elsewhere.example:8283/"] = new JsonObject { ["agents"] = new JsonObject { [Old] = Other } },
                    ["http://localhost:8283/"] = new JsonObject { ["agents"] = new JsonObject { [Old] = New } },
                },
            }.ToJsonString());
        File.WriteAllText(_folder["settings.json"], $$"""{"pinnedAgentsByServer":{"127.0.0.1:8283":["{{Old}}"]} }""");

        _shell.Run("Update-LettaCodePin $args[0] -Path $args[1] -Server $args[2]", _folder.Path, _folder["settings.json"], server).Succeed();

        Assert.Contains(New, File.ReadAllText(_folder["settings.json"]), StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIf_changes_nothing()
    {
        File.WriteAllText(_folder["settings.json"], $$"""{"pinnedAgents":["{{Old}}"]}""");

        _shell.Run("Update-LettaCodePin $args[0] -Path $args[1] -WhatIf", _folder.Path, _folder["settings.json"]).Succeed();

        Assert.Contains(Old, File.ReadAllText(_folder["settings.json"]), StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["settings.json.bak"]));
    }

    [Fact]
    public void A_file_without_restored_agents_is_not_written()
    {
        File.WriteAllText(_folder["settings.json"], $$"""{"pinnedAgents":["{{Other}}"]}""");

        Assert.Empty(_shell.Run("Update-LettaCodePin $args[0] -Path $args[1]", _folder["id-map.json"], _folder["settings.json"]).Succeed());

        Assert.False(File.Exists(_folder["settings.json.bak"]));
    }

    [Theory]
    [InlineData("{\"pinnedAgents\":[", "InvalidSettings")]
    [InlineData(null, "PathNotFound")]
    public void A_file_that_is_not_settings_is_an_error(string? content, string errorId)
    {
        if (content is not null)
        {
            File.WriteAllText(_folder["settings.json"], content);
        }

        var error = Assert.Single(_shell.Run("Update-LettaCodePin $args[0] -Path $args[1]", _folder.Path, _folder["settings.json"]).Errors);

        Assert.StartsWith(errorId + ",", error.FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    [Fact]
    public void A_map_of_several_servers_needs_a_server()
    {
        var map = JsonNode.Parse(File.ReadAllText(_folder["id-map.json"]))!;
        map["servers"]!["http://other:8283/"] = new JsonObject { ["agents"] = new JsonObject { [Old] = Other } };
        File.WriteAllText(_folder["id-map.json"], map.ToJsonString());
        File.WriteAllText(_folder["settings.json"], $$"""{"pinnedAgents":["{{Old}}"]}""");

        var error = Assert.Single(_shell.Run("Update-LettaCodePin $args[0] -Path $args[1]", _folder.Path, _folder["settings.json"]).Errors);
        _shell.Run("Update-LettaCodePin $args[0] -Path $args[1] -Server http://other:8283", _folder.Path, _folder["settings.json"]).Succeed();

        Assert.StartsWith("IdMapServerNotFound,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains(Other, File.ReadAllText(_folder["settings.json"]), StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _shell.Dispose();
        _folder.Dispose();
    }
}

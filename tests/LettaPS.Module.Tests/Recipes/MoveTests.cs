using LettaPS.Sandbox;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests.Recipes;

public sealed class MoveTests
{
    [Fact]
    public async Task Every_agent_of_a_server_is_backed_up_verified_and_converted()
    {
        await using var server = await Connected.ToAsync(new SandboxOptions { Release = "0.16.2" });

        var agents = server.Shell.RunRecipe("Move-LettaToCode", "$args[0] -DestinationPath $args[1] -Connection (Get-LettaConnection) -NoDump", server.Folder["last"], server.Folder["code"]).Succeed();

        Assert.Equal(16, agents.Count);
        Assert.All(agents, a => Assert.True(File.Exists(a.Get<string>("Path"))));
        Assert.Single(Directory.GetDirectories(server.Folder["last"], "letta-backup-*"));
    }

    [Fact]
    public async Task The_whole_move_leaves_a_verified_set_a_verified_dump_and_every_agent_with_what_to_type_next()
    {
        await using var server = await Connected.ToAsync(new SandboxOptions { Release = "0.16.2" });
        await using var database = await (await PostgresServer.GetAsync(15)).CreateFleetAsync("0.16.2", null);
        const string Parameters = "$args[0] -DestinationPath $args[1] -Connection (Get-LettaConnection) -DatabaseUri $args[2]";

        var agents = server.Shell.RunRecipe("Move-LettaToCode", Parameters, server.Folder["last"], server.Folder["code"], database.Uri()).Succeed();

        Assert.Equal(16, agents.Count);
        Assert.All(agents, a => Assert.Contains(a.Get<IReadOnlyList<string>>("NextSteps"), s => s.StartsWith("letta --backend local --agent agent-local-", StringComparison.Ordinal)));
        var backups = server.Shell.Run("Get-LettaBackup $args[0] | Test-LettaBackup", server.Folder["last"]).Succeed();
        Assert.All(backups, b => Assert.True(b.Get<bool>("IsValid")));
        Assert.Equal(["Agents", "Database"], server.Shell.Run("(Get-LettaBackup $args[0]).Kind | ForEach-Object { \"$_\" } | Sort-Object", server.Folder["last"]).Succeed().Select(k => k.ToString()));

        // A second move converts the agent that is not there, and leaves the others as they are.
        var gone = agents[3].Get<string>("Path");
        File.Delete(gone);
        Directory.Delete(Path.GetDirectoryName(agents[3].Get<string>("MemoryPath"))!, recursive: true);
        Directory.Delete(server.Folder["code/conversations"], recursive: true);
        var again = server.Shell.RunRecipe("Move-LettaToCode", Parameters, server.Folder["last"], server.Folder["code"], database.Uri());
        Assert.Equal(gone, Assert.Single(again.Output).Get<string>("Path"));
        Assert.Equal(15, again.Errors.Count);
        Assert.All(again.Errors, e => Assert.StartsWith("LettaCodeAgentExists", e.FullyQualifiedErrorId, StringComparison.Ordinal));
    }

    [Fact]
    public async Task WhatIf_writes_nothing()
    {
        await using var server = await Connected.ToAsync();

        server.Shell.RunRecipe("Move-LettaToCode", "$args[0] -DestinationPath $args[1] -Connection (Get-LettaConnection) -NoDump -WhatIf", server.Folder["last"], server.Folder["code"]).Succeed();

        Assert.False(Directory.Exists(server.Folder["last"]));
        Assert.False(Directory.Exists(server.Folder["code"]));
    }
}

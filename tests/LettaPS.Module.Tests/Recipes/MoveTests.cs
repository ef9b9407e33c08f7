using LettaPS.Sandbox;

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
    public async Task WhatIf_writes_nothing()
    {
        await using var server = await Connected.ToAsync();

        server.Shell.RunRecipe("Move-LettaToCode", "$args[0] -DestinationPath $args[1] -Connection (Get-LettaConnection) -NoDump -WhatIf", server.Folder["last"], server.Folder["code"]).Succeed();

        Assert.False(Directory.Exists(server.Folder["last"]));
        Assert.False(Directory.Exists(server.Folder["code"]));
    }
}

using System.Management.Automation;
using LettaPS.Hosting;

namespace LettaPS.Module.Tests;

/// <summary>What a cmdlet gives, another takes; nothing is taken for something else.</summary>
public sealed class PipelineTests
{
    [Fact]
    public async Task Names_and_identifiers_lead_to_agents()
    {
        await using var letta = await Connected.ToAsync();
        var id = letta.Run("(Get-LettaAgent Memo).Id").Succeed().Single().ToString();

        Assert.Equal("Memo", Assert.Single(letta.Run("'Memo' | Get-LettaAgent").Succeed()).Get<string>("Name"));
        Assert.Equal(2, letta.Run("'Memo', 'S*' | Get-LettaAgent").Succeed().Select(a => a.Get<string>("Name")[0]).Distinct().Count());
        Assert.Equal(id, Assert.Single(letta.Run("$args[0] | Export-LettaAgent -Path $args[1]", id, letta.Folder["by-id"]).Succeed()).Get<string>("AgentId"));
        Assert.Equal(id, Assert.Single(letta.Run("[pscustomobject]@{ AgentId = $args[0] } | Get-LettaAgent", id).Succeed()).Get<string>("Id"));
    }

    [Fact]
    public async Task An_agent_is_asked_for_at_its_own_server()
    {
        await using var letta = await Connected.ToAsync();
        await using var other = await Connected.ToAsync();
        other.Server.State.Agents.OrderBy(a => a.Name, StringComparer.Ordinal).First().Name = "Only here";

        var agent = letta.Run("$there = Connect-Letta $args[0] -PassThru; Connect-Letta $args[1]; Get-LettaAgent 'Only here' -Connection $there | Get-LettaAgent", other.Server.BaseUri, letta.Server.BaseUri).Succeed();

        Assert.Equal(("Only here", other.Server.BaseUri), (Assert.Single(agent).Get<string>("Name"), new PSObject(agent[0].Properties["Connection"].Value).Get<Uri>("BaseUri")));
    }

    [Fact]
    public async Task A_server_in_a_container_is_read_without_connecting_first()
    {
        await using var letta = await Connected.ToAsync();
        using var shell = new Shell();

        var names = shell.Run($"{Container(letta.Server.BaseUri)} | Get-LettaAgent -Source Api").Succeed().Select(a => a.Get<string>("Name"));
        var files = shell.Run($"{Container(letta.Server.BaseUri)} | Export-LettaAgent -Path $args[0] -Source Api", letta.Folder["set"]).Succeed();

        Assert.Equal(names.Order(StringComparer.Ordinal), files.Select(f => f.Get<string>("AgentName")).Order(StringComparer.Ordinal));
        var error = Assert.Single(shell.Run($"{Container(null)} | Get-LettaAgent -Source Api").Errors);
        Assert.StartsWith("PublishedPortNotFound,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Get-LettaAgent")]
    [InlineData("Export-LettaAgent -Path $args[0]")]
    public async Task An_agent_of_a_file_or_another_session_says_that_it_has_lost_its_server(string cmdlet)
    {
        await using var letta = await Connected.ToAsync();

        foreach (var depth in new[] { 1, 3 })
        {
            var result = letta.Run(
                $"$agent = [System.Management.Automation.PSSerializer]::Deserialize([System.Management.Automation.PSSerializer]::Serialize((Get-LettaAgent Memo), {depth})); $agent | {cmdlet}",
                letta.Folder["set"]);

            Assert.Empty(result.Output);
            Assert.Contains("is not live", Assert.Single(result.Errors).ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_is_no_agent_is_not_taken_for_a_name()
    {
        await using var letta = await Connected.ToAsync();

        Assert.StartsWith("InputObjectNotBound", Assert.Single(letta.Run("[datetime]::Now | Export-LettaAgent -Path $args[0]", letta.Folder["set"]).Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal(letta.Server.State.Agents.Count, letta.Run("Get-LettaConnection | Get-LettaAgent -IncludeHidden").Succeed().Count);
    }

    /// <summary>A path of an object has no wildcards: the folder <c>b[1]</c> is not <c>b1</c>.</summary>
    [Fact]
    public async Task A_path_that_comes_from_an_object_is_taken_literally()
    {
        await using var letta = await Connected.ToAsync();
        letta.Run("$null = Get-LettaAgent Memo | Export-LettaAgent -Path $args[0]; $null = Export-LettaAgent -Path $args[1]", letta.Folder["b[1]"], letta.Folder["b1"]).Succeed();

        Assert.Equal("Memo", Assert.Single(letta.Run("Get-LettaBackup -LiteralPath $args[0] | Test-LettaBackup | Where-Object AgentName", letta.Folder["b[1]"]).Succeed()).Get<string>("AgentName"));
        Assert.Single(letta.Run("Get-ChildItem -LiteralPath $args[0] | Get-LettaBackup", letta.Folder["b[1]"]).Succeed());
        Assert.Equal("Memo", Assert.Single(letta.Run("Get-LettaBackup -LiteralPath $args[0] | Restore-LettaAgent -Conflict Skip", letta.Folder["b[1]"]).Succeed()).Get<string>("AgentName"));
        Assert.Single(letta.Run("Get-LettaBackup -LiteralPath $args[0] | Search-LettaBackup -Pattern . -Kind Block | Select-Object -ExpandProperty AgentName -Unique", letta.Folder["b[1]"]).Succeed());
        Assert.Single(letta.Run("Get-LettaBackup -LiteralPath $args[0] | ConvertTo-LettaMarkdown -OutPath $args[1]", letta.Folder["b[1]"], letta.Folder["pages[1]"]).Succeed());
    }

    /// <summary>As an argument too: <c>Rename-Item -PassThru</c> and <c>Resolve-Path</c> give objects, and so does <c>Get-LettaBackup</c>.</summary>
    [Theory]
    [InlineData("Get-Item -LiteralPath $args[0]")]
    [InlineData("@(Get-Item -LiteralPath $args[0])")]
    [InlineData("Resolve-Path -LiteralPath $args[0]")]
    [InlineData("[IO.DirectoryInfo]$args[0]")]
    [InlineData("Get-LettaBackup -LiteralPath $args[0]")]
    public async Task An_object_with_a_path_is_taken_as_an_argument(string path)
    {
        await using var letta = await Connected.ToAsync();
        letta.Run("$null = Get-LettaAgent Memo | Export-LettaAgent -Path $args[0]; $null = Export-LettaAgent -Path $args[1]", letta.Folder["b[1]"], letta.Folder["b1"]).Succeed();

        Assert.Equal("Memo", Assert.Single(letta.Run($"Test-LettaBackup ({path}) | Where-Object AgentName", letta.Folder["b[1]"]).Succeed()).Get<string>("AgentName"));
        Assert.Equal("Memo", Assert.Single(letta.Run($"$set = {path}; Restore-LettaAgent $set -Conflict Skip", letta.Folder["b[1]"]).Succeed()).Get<string>("AgentName"));
    }

    [Fact]
    public void The_lines_of_a_file_are_paths_and_not_the_file()
    {
        using var shell = new Shell();
        using var folder = new TestKit.TempFolder();
        File.WriteAllText(folder["list.txt"], folder["away"]);

        Assert.Contains("away", Assert.Single(shell.Run("Get-Content $args[0] | Test-LettaBackup", folder["list.txt"]).Errors).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nodrive:/backup")]
    [InlineData("nodrive:/back*")]
    public void A_missing_drive_is_the_same_error_with_and_without_a_wildcard(string path)
    {
        using var shell = new Shell();

        Assert.StartsWith("DriveNotFound,", Assert.Single(shell.Run("Get-LettaBackup $args[0]", path).Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    private static string Container(Uri? address) =>
        $"[LettaPS.LettaServerInfo]@{{ Name = 'letta'; Id = '0123456789ab'; Image = 'letta/letta:0.16.8'; BaseUri = {(address is null ? "$null" : $"[uri]'{address}'")} }}";
}

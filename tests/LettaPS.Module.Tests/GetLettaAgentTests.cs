using LettaPS.Hosting;
using LettaPS.Sandbox;
using LettaPS.Sandbox.Fleets;
using LettaPS.Sandbox.Http;

namespace LettaPS.Module.Tests;

public class GetLettaAgentTests
{
    [Theory]
    [InlineData("0.11.3")]
    [InlineData("0.16.2")]
    [InlineData("0.16.8")]
    public async Task Every_release_gives_the_same_agents_with_the_same_properties(string release)
    {
        await using var letta = await Connected.ToAsync(new SandboxOptions { Release = release });

        var agents = letta.Run("Get-LettaAgent").Succeed();

        Assert.Equal(letta.Server.State.Agents.OrderByDescending(a => a.CreatedAt).Select(a => a.Name!), agents.Select(a => a.Get<string>("Name")));
        foreach (var agent in agents)
        {
            var row = letta.Server.State.Agents.Find(agent.Get<string>("Id"))!;
            Assert.Equal(row.Tags.Order(), agent.Get<IReadOnlyList<string>>("Tags").Order());
            Assert.Equal(row.MessageIds.Count, agent.Get<int>("InContextMessageCount"));
            Assert.Equal(row.BlockIds.Select(b => letta.Server.State.Blocks.Find(b)!.Label).Order(), agent.Get<IReadOnlyList<string>>("Blocks").Order());
            Assert.Equal(row.CreatedAt, agent.Get<DateTimeOffset?>("CreatedAt"));
            Assert.Equal("openai/gpt-4o-mini", agent.Get<string>("Model"));
        }
    }

    [Theory]
    [InlineData("0.11.3")]
    [InlineData("0.16.8")]
    public async Task Many_agents_come_page_by_page_each_once(string release)
    {
        await using var letta = await Connected.ToAsync(new SandboxOptions { Release = release, Fleet = Fleet.Generated(agents: 350, messages: 1) });

        var ids = letta.Run("Get-LettaAgent").Succeed().Select(a => a.Get<string>("Id")).ToList();

        Assert.Equal(350, ids.Distinct().Count());
        Assert.Equal(350, ids.Count);
        Assert.Equal(4 + 1, letta.Server.Requests.Count("GET", "/v1/agents/"));
        Assert.All(letta.Server.Requests.Entries, r => Assert.StartsWith("LettaPS/", r.Headers["User-Agent"], StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_not_wanted_is_not_asked_for()
    {
        await using var letta = await Connected.ToAsync(new SandboxOptions { Fleet = Fleet.Generated(agents: 350, messages: 1) });
        var before = letta.Server.Requests.Count("GET", "/v1/agents/");

        Assert.Equal(3, letta.Run("Get-LettaAgent -Skip 2 -First 3").Succeed().Count);

        Assert.Equal(before + 1, letta.Server.Requests.Count("GET", "/v1/agents/"));
    }

    [Theory]
    [InlineData("Memo", 1)]
    [InlineData("memo", 1)]
    [InlineData("Lead Engineer", 3)]
    [InlineData("system_*", 4)]
    [InlineData("AI/ML Expert", 1)]
    [InlineData("nothing*", 0)]
    public async Task Names_are_matched_in_any_case_and_with_wildcards(string name, int count)
    {
        await using var letta = await Connected.ToAsync();

        Assert.Equal(count, letta.Run("Get-LettaAgent -Name $args[0]", name).Succeed().Count);
    }

    [Fact]
    public async Task A_name_with_the_characters_of_wildcards_is_found_by_itself()
    {
        await using var letta = await Connected.ToAsync();
        letta.Server.State.Agents.First().Name = "[old] Memo?";

        Assert.Single(letta.Run("Get-LettaAgent -Name '[old] Memo?'").Succeed());
    }

    [Fact]
    public async Task A_name_that_no_agent_has_is_an_error_and_the_others_are_given()
    {
        await using var letta = await Connected.ToAsync();

        var result = letta.Run("Get-LettaAgent Memo, Nobody");

        Assert.Single(result.Output);
        var error = Assert.Single(result.Errors);
        Assert.Equal("AgentNotFound,LettaPS.Cmdlets.GetLettaAgentCommand", error.FullyQualifiedErrorId);
        Assert.Equal("Nobody", error.TargetObject);
    }

    [Fact]
    public async Task An_identifier_of_the_server_that_is_none_is_an_error_and_the_others_are_given()
    {
        await using var letta = await Connected.ToAsync();
        letta.Server.Faults.Add(new Fault(EditEffect.HostileId()) { Path = "/v1/agents/" });

        var result = letta.Run("Get-LettaAgent *");

        Assert.Equal(15, result.Output.Count);
        var error = Assert.Single(result.Errors);
        Assert.Equal("InvalidIdInAnswer,LettaPS.Cmdlets.GetLettaAgentCommand", error.FullyQualifiedErrorId);
        Assert.Contains($"'{letta.Server.BaseUri}' lists an agent", error.Exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Identifiers_are_checked_before_they_are_asked_for()
    {
        await using var letta = await Connected.ToAsync();
        var before = letta.Server.Requests.Entries.Count;

        var error = Assert.Single(letta.Run("Get-LettaAgent -Id 'agent-../../../etc/passwd'").Errors);

        Assert.Equal("InvalidId,LettaPS.Cmdlets.GetLettaAgentCommand", error.FullyQualifiedErrorId);
        Assert.Equal(before, letta.Server.Requests.Entries.Count);
    }

    [Fact]
    public async Task An_identifier_finds_its_agent_and_an_unknown_one_is_an_error()
    {
        await using var letta = await Connected.ToAsync();
        var id = letta.Server.State.Agents.Skip(3).First().Id;

        var result = letta.Run("[pscustomobject]@{ Id = $args[0] } | Get-LettaAgent; Get-LettaAgent -Id 'agent-00000000-0000-4000-8000-000000000000'", id);

        Assert.Equal(id, Assert.Single(result.Output).Get<string>("Id"));
        Assert.Equal("AgentNotFound,LettaPS.Cmdlets.GetLettaAgentCommand", Assert.Single(result.Errors).FullyQualifiedErrorId);
    }

    [Fact]
    public async Task Tags_must_all_be_there()
    {
        await using var letta = await Connected.ToAsync();

        Assert.Equal(
            letta.Server.State.Agents.Where(a => a.Tags.Contains("thoth") && a.Tags.Contains("system")).Select(a => a.Id).Order(),
            letta.Run("Get-LettaAgent -Tag thoth, system").Succeed().Select(a => a.Get<string>("Id")).Order());
    }

    [Theory]
    [InlineData("0.11.3")]
    [InlineData("0.16.8")]
    public async Task Hidden_agents_are_given_when_asked_for(string release)
    {
        await using var letta = await Connected.ToAsync(new SandboxOptions { Release = release, Fleet = Fleet.SeedWithGroup() });
        var all = letta.Server.State.Agents.Count;

        Assert.True(letta.Run("Get-LettaAgent").Succeed().Count < all);
        Assert.Equal(all, letta.Run("Get-LettaAgent -IncludeHidden").Succeed().Count);
    }

    [Fact]
    public async Task Connections_can_be_piped()
    {
        await using var one = await SandboxServer.StartAsync(new SandboxOptions { Release = "0.11.3", Fleet = Fleet.Generated(2, 1) });
        await using var other = await SandboxServer.StartAsync(new SandboxOptions { Release = "0.16.8", Fleet = Fleet.Generated(3, 1) });
        using var shell = new Shell();

        var agents = shell.Run("$args | ForEach-Object { Connect-Letta $_ -PassThru } | Get-LettaAgent", one.BaseUri, other.BaseUri).Succeed();

        Assert.Equal(["0.11.3", "0.11.3", "0.16.8", "0.16.8", "0.16.8"], agents.Select(a => (string)((dynamic)a.Properties["Connection"].Value).LettaVersion.ToString()));
    }

    [Fact]
    public async Task The_view_is_a_table_that_fits_a_console()
    {
        await using var letta = await Connected.ToAsync();

        letta.Shell.Show("Get-LettaAgent Memo");

        Assert.Matches(@"(?m)^Name +Id +Model +Context Tags\r?$", letta.Shell.Console.Text);
        Assert.Matches(@"(?m)^Memo +agent-[0-9a-f-]{36} openai/gpt-4o-mini +\d+ personal", letta.Shell.Console.Text);
    }
}

using LettaPS.TestKit;

namespace LettaPS.Module.Tests.Help;

/// <summary>Every example runs: those that need a server only, and those that need a database too. Those of containers are in the tests with containers.</summary>
public class ExampleTests
{
    private const string Fleet = "the recorded agents of 0.16.2";
    private const string Story = "create_all/story-0.16.1-then-0.16.2";

    /// <summary>The database that the examples of a page need.</summary>
    private static readonly Dictionary<string, string> s_databases = new()
    {
        ["Compare-LettaSchema"] = Story,
        ["Invoke-LettaSchemaFix"] = Story,
        ["Get-LettaRelease"] = Story,
        ["Test-LettaUpgrade"] = "alembic/0.16.2",
        ["Test-LettaCompatibility"] = "alembic/0.16.2",
        ["Export-LettaAgent"] = Fleet,
        ["Get-LettaAgent"] = Fleet,
        ["Restore-LettaAgent"] = Fleet,
    };

    public static TheoryData<string> OnServers => [.. HelpPages.Cmdlets.Except(s_databases.Keys).Except(ContainerPages.Names)];

    public static TheoryData<string> OnDatabases => [.. s_databases.Keys];

    [Theory]
    [MemberData(nameof(OnServers))]
    public async Task Every_example_of_the_page_runs_against_a_server(string cmdlet)
    {
        await using var world = await ExampleWorld.MakeAsync();

        Run(world, cmdlet);
    }

    [Theory]
    [MemberData(nameof(OnDatabases))]
    public async Task Every_example_of_the_page_runs_against_a_server_and_its_database(string cmdlet)
    {
        var (server, contents) = (await PostgresServer.GetAsync(), s_databases[cmdlet]);
        await using var database = contents == Fleet ? await server.CreateFleetAsync("0.16.2") : await server.CreateLettaDatabaseAsync(contents, stamped: contents != Story);
        await using var world = await ExampleWorld.MakeAsync("0.16.2", database.Uri());

        Run(world, cmdlet);
    }

    private static void Run(ExampleWorld world, string cmdlet)
    {
        var examples = HelpPages.Examples(cmdlet);
        Assert.True(examples.Count >= 3);
        foreach (var example in examples.Where(e => !ContainerPages.IsElsewhere(e) && !ContainerPages.NeedsContainers(e)))
        {
            world.Run(example);
        }
    }
}

using LettaPS.TestKit;
using Machine = LettaPS.TestKit.DockerEngine;

namespace LettaPS.Adapters.Tests.Postgres.Restores;

/// <summary>A fleet, its files, and an empty database to restore it into.</summary>
internal sealed class World : IAsyncDisposable
{
    public const int Messages = 5;
    private const string Catalog = "alembic/0.16.8";

    private readonly TempFolder _folder = new();

    private World(PostgresDatabase source, PostgresDatabase target) => (Source, Target) = (source, target);

    public PostgresDatabase Source { get; }

    public PostgresDatabase Target { get; }

    public string Folder => _folder.Path;

    public static async Task<World> CreateAsync()
    {
        var server = await PostgresServer.GetAsync();
        var world = new World(await server.CreateLettaDatabaseAsync(Catalog, stamped: true), await server.CreateLettaDatabaseAsync(Catalog, stamped: true));
        await DatabaseFleet.FillAsync(world.Source, Catalog, Messages);
        await RowsFile.WriteAsync(world.Source, world.Folder);
        return world;
    }

    /// <summary>Restores in a process that kills itself, for real, before a statement.</summary>
    public async Task KilledAsync(int statement)
    {
        var (exitCode, output, error) = await Machine.RunAsync(
            "dotnet",
            [Path.Combine(AppContext.BaseDirectory, "LettaPS.KillChild.dll"), "agents", Target.Uri(), Folder, statement.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        Assert.True(exitCode == 128 + 9, $"Statement {statement} was not reached: exit code {exitCode}. {output}{error}");
    }

    public async ValueTask DisposeAsync()
    {
        _folder.Dispose();
        await Source.DisposeAsync();
        await Target.DisposeAsync();
    }
}

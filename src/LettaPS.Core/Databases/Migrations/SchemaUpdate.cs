using LettaPS.Core.Databases.Hosts;
using LettaPS.Core.Servers;

namespace LettaPS.Core.Databases.Migrations;

/// <summary>
/// Runs Letta's own migrations, <c>alembic upgrade head</c>, always in <c>/app</c> and always with the address of the server's database: without it alembic
/// would migrate a SQLite file of nobody's and report success (letta <c>alembic/env.py</c>, <c>settings.database_engine</c>).
/// </summary>
/// <param name="container">Identifier of the server's container.</param>
/// <param name="host">The servers that use its database, and the way to it.</param>
/// <param name="time">The clock.</param>
internal sealed class SchemaUpdate(IContainerEngine engine, string container, IDatabaseHost host, TimeProvider time)
{
    private const string WorkingDirectory = "/app";

    /// <summary>Runs the migrations: in the server's container where it runs and no other image is asked for, else in a container of their own while the server is stopped.</summary>
    /// <param name="image">The image whose migrations are to run; <see langword="null"/> for the server's own.</param>
    /// <exception cref="LettaException"><c>MigrationFailed</c> or what alembic's words mean; <c>MigrationTargetMismatch</c>.</exception>
    public async Task<LettaSchemaUpdate> RunAsync(string? image, CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        var server = await engine.InspectAsync(container, cancellationToken).ConfigureAwait(false);
        var address = ServerDiscovery.Address(server);
        var update = new LettaSchemaUpdate
        {
            Server = server.Name,
            Database = address.Database,
            Image = image ?? server.Image,
            ToRevision = string.Empty,
            IsServerStarted = true,
            Duration = TimeSpan.Zero,
        };
        var ownership = new DatabaseOwnership(host, address.Database);
        await using (ownership.ConfigureAwait(false))
        {
            // A server that keeps ending gives way to PostgreSQL alone when that is opened, and is to run again all the same.
            var before = await host.ListRunningAsync(cancellationToken).ConfigureAwait(false);

            // Before anything is stopped: whoever is refused changes nothing.
            await ownership.OpenAsync(cancellationToken).ConfigureAwait(false);
            var running = await host.ListRunningAsync(cancellationToken).ConfigureAwait(false);
            running = host.IsEmbedded ? [.. running.Union(before)] : running;
            update = image is null && server.IsRunning
                ? await InPlaceAsync(update, ownership, server, address, cancellationToken).ConfigureAwait(false)
                : await AloneAsync(update, ownership, server, address, image, running, cancellationToken).ConfigureAwait(false);
        }

        return update with { Duration = time.GetElapsedTime(begun) };
    }

    private async Task<LettaSchemaUpdate> InPlaceAsync(
        LettaSchemaUpdate update, DatabaseOwnership ownership, ContainerFacts server, DatabaseAddress address, CancellationToken cancellationToken)
    {
        update = await MigrateAsync(update, ownership, server.Id, Uri(server, address), cancellationToken).ConfigureAwait(false);
        if (host.IsEmbedded)
        {
            await ownership.CloseAsync().ConfigureAwait(false);
        }

        if (update.IsChanged)
        {
            // What it prepared for the tables as they were would fail on those that were altered.
            var running = await host.ListRunningAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                await host.StopAsync(running, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                await host.StartAsync(running, wait: false, CancellationToken.None).ConfigureAwait(false);
            }

            await host.StartAsync(running, wait: true, cancellationToken).ConfigureAwait(false);
        }

        return update;
    }

    private async Task<LettaSchemaUpdate> AloneAsync(
        LettaSchemaUpdate update, DatabaseOwnership ownership, ContainerFacts server, DatabaseAddress address, string? image, IReadOnlyList<string> running, CancellationToken cancellationToken)
    {
        var imageId = image is null ? server.ImageId : await engine.GetImageIdAsync(image, cancellationToken).ConfigureAwait(false);
        var startable = true;
        try
        {
            if (host.IsEmbedded)
            {
                await ownership.CloseAsync().ConfigureAwait(false);
            }

            await host.StopAsync(running, cancellationToken).ConfigureAwait(false);
            if (ownership.Site is null)
            {
                await ownership.OpenAsync(cancellationToken).ConfigureAwait(false);
            }

            var inItsNetwork = ServerNetwork.Specification(server, imageId);
            var temporary = await engine.RunTemporaryAsync(
                (ownership.Site!.HelperContainer is { } helper ? new TemporaryContainerSpecification(imageId, inItsNetwork.Script) { Network = "container:" + helper } : inItsNetwork) with
                {
                    // Letta's keys and settings count for its migrations too; what is the old image's own would only mislead another one.
                    Environment = server.OwnEnvironment,
                },
                cancellationToken).ConfigureAwait(false);
            await using (temporary.ConfigureAwait(false))
            {
                update = await MigrateAsync(update, ownership, temporary.Id, Uri(server, address), cancellationToken).ConfigureAwait(false);
                startable = !update.IsChanged || imageId == server.ImageId;
            }
        }
        finally
        {
            await ownership.CloseAsync().ConfigureAwait(false);
            if (startable)
            {
                await host.StartAsync(running, wait: false, CancellationToken.None).ConfigureAwait(false);
            }
        }

        if (startable)
        {
            await host.StartAsync(running, wait: true, cancellationToken).ConfigureAwait(false);
        }

        return update with { IsServerStarted = startable && running.Count > 0 };
    }

    private static async Task<string?> RevisionAsync(DatabaseSite site, string database, CancellationToken cancellationToken)
    {
        var view = await site.Cluster.ViewAsync(database, cancellationToken).ConfigureAwait(false);
        await using (view.ConfigureAwait(false))
        {
            return view.Facts.AlembicRevision;
        }
    }

    private static string Uri(ContainerFacts server, DatabaseAddress address) => server.Variable("LETTA_PG_URI")
        ?? $"postgresql://{System.Uri.EscapeDataString(address.User)}:{System.Uri.EscapeDataString(address.RevealPassword() ?? string.Empty)}@{address.Host}:{address.Port}/{System.Uri.EscapeDataString(address.Database)}";

    private async Task<LettaSchemaUpdate> MigrateAsync(LettaSchemaUpdate update, DatabaseOwnership ownership, string runIn, string uri, CancellationToken cancellationToken)
    {
        await ownership.EnsureAsync(cancellationToken).ConfigureAwait(false);
        var site = ownership.Site!;
        var before = await RevisionAsync(site, update.Database, cancellationToken).ConfigureAwait(false);
        var environment = new Dictionary<string, string> { ["LETTA_PG_URI"] = uri };
        var result = await engine.RunProgramAsync(
            runIn, new ContainerProgram("alembic", "upgrade", "head") { WorkingDirectory = WorkingDirectory, Environment = environment }, null, null, cancellationToken).ConfigureAwait(false);
        var lines = $"{result.Output}\n{result.Error}".Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(ServerSettings.MaskText).ToList();
        if (result.ExitCode != 0)
        {
            var meaning = StartupLogAnalyzer.Find(lines);
            throw new LettaException(
                meaning?.ErrorId ?? ErrorIds.MigrationFailed,
                LettaErrorKind.ServerFault,
                $"The migrations of {update.Image} failed (exit code {result.ExitCode}){(meaning is null ? string.Empty : $": {meaning.Meaning}")}. The last lines of alembic:\n{string.Join('\n', lines.TakeLast(15))}\n",
                meaning?.RecommendedAction ?? $"See where the schema differs from what the migrations expect, then repair it with Invoke-LettaSchemaFix: Compare-LettaSchema -Name {update.Server}",
                update.Server);
        }

        var after = await RevisionAsync(site, update.Database, cancellationToken).ConfigureAwait(false);
        return after is null
            ? throw new LettaException(
                ErrorIds.MigrationTargetMismatch,
                LettaErrorKind.InvalidData,
                $"alembic reported success, but the database '{update.Database}' has no revision. alembic migrated another database.",
                "Compare LETTA_PG_URI of the container with the database that is meant: Get-LettaServer | Format-List Name, Database",
                update.Server)
            : update with { FromRevision = before, ToRevision = after, Output = lines };
    }
}

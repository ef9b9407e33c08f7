using System.Globalization;
using LettaPS.Core.Compose.Model;
using LettaPS.Core.Servers;

namespace LettaPS.Core.Health.Layers;

/// <summary>The container of the server: whether it runs, how often it was started again, and what will bite at the next upgrade.</summary>
internal sealed class ContainerLayer : HealthLayer
{
    private const int LogLines = 200;
    private const int LogLinesShown = 10;

    /// <inheritdoc/>
    public override LettaHealthLayer Layer => LettaHealthLayer.Container;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Names => ["Product", "Running", "Restarts", "Image", "StartScript", "DatabaseSetting", "Data", "Log"];

    /// <inheritdoc/>
    public override async Task<IReadOnlyList<Finding>> ExamineAsync(HealthContext context, CancellationToken cancellationToken)
    {
        if (await context.Engine.ConfigureAwait(false) is not { Engine: { } engine, Server: { } server } view)
        {
            return SkipAll((await context.Engine.ConfigureAwait(false)).Why!);
        }

        // One that is started again and again may have said nothing yet this time; what ended it is in the run before.
        var since = server.RestartCount > 0 ? null : server.StartedAt;
        var log = await engine.ReadLogAsync(server.Id, LogLines, since, cancellationToken).ConfigureAwait(false);
        var product = Product(server, log);
        if (product.Blocks)
        {
            // The one cause of all that would be said of the others.
            return [product, .. Names.Skip(1).Select(n => Finding.Skip(n, "Not examined: the check Container/Product failed."))];
        }

        return [product, Running(server), Restarts(server), Image(server, view.Postgres), StartScript(server), DatabaseSetting(server, view), Data(view.Postgres), Log(server, log)];
    }

    /// <summary>Whether the container runs the V1 server at all.</summary>
    internal static Finding Product(ContainerFacts server, IReadOnlyList<string> log)
    {
        const string Name = "Product";
        var product = StartupLogAnalyzer.Find(server, log)?.ErrorId == StartupLogAnalyzer.LettaCodeId ? LettaServerProduct.LettaCode : ServerDiscovery.ProductOf(server);
        return product switch
        {
            LettaServerProduct.LettaCode => Finding.Fail(
                Name,
                $"The image '{server.Image}' of '{server.Name}' is no longer the V1 server but Letta Code, which is another product: the container ends with exit code {LettaCodeSigns.ExitCode}, or prints its help and ends. The agents are still in PostgreSQL's data, which nothing has touched.",
                "Bring the V1 server back: ./Repair-Letta.ps1 -BackupPath ~/letta-backup",
                server.ImageId.Length > 0 ? $"image {server.ImageId}, exit code {server.ExitCode}" : null) with
            { Blocks = true, BlocksEverything = true },
            LettaServerProduct.AppServer => Finding.Skip(Name, $"'{server.Name}' is an App Server of Letta Code, or its client: it is no V1 server, and nothing of V1 is examined.") with { Blocks = true, BlocksEverything = true },
            _ => Finding.Pass(Name, "The container runs the V1 server."),
        };
    }

    private static Finding Running(ContainerFacts server) => server switch
    {
        { State: ContainerState.Running, Health: "unhealthy" } => Finding.Warn(
            "Running", $"{server.Name} runs, but its own health check fails.", $"See what it says: {server.EngineCommand} inspect --format '{{{{json .State.Health}}}}' {server.Name}"),
        { State: ContainerState.Running } => Finding.Pass("Running", $"{server.Name} runs {server.Image}.", server.StartedAt is { } since ? $"since {since:u}" : null),
        { State: ContainerState.Restarting } => Finding.Fail(
            "Running", $"{server.Name} does not come up: it ends with code {server.ExitCode} and is started again and again.", $"The check Container/Log says why, as far as the log does: {server.EngineCommand} logs {server.Name}") with
        { Blocks = true },
        { State: ContainerState.Paused } => Finding.Fail("Running", $"{server.Name} does not run: it is paused.", $"Start-LettaServer {server.Name} -Wait") with { Blocks = true },
        _ => Finding.Fail(
            "Running",
            $"{server.Name} does not run: it is {server.State.ToString().ToLowerInvariant()}{(server.OutOfMemory ? ", ended for want of memory" : $", code {server.ExitCode}")}.",
            $"Start-LettaServer {server.Name} -Wait") with
        { Blocks = true },
    };

    private static Finding Restarts(ContainerFacts server) => server.RestartCount == 0
        ? Finding.Pass("Restarts", "The engine never had to start it again.")
        : Finding.Warn(
            "Restarts",
            $"The engine has started it again {server.RestartCount.ToString(CultureInfo.InvariantCulture)} times since it was last started by hand.",
            $"Look for why it ended: {server.EngineCommand} logs {server.Name}. A server that never comes up is better not started again for ever: restart: on-failure:3.");

    /// <summary>Whether the images mean the same after the next pull.</summary>
    internal static Finding Image(ContainerFacts server, ContainerFacts? postgres)
    {
        var image = ImageReference.Parse(server.Image);
        var detail = ServerDiscovery.DigestOf(server);
        switch (image.Product)
        {
            case LettaImageProduct.None when image.IsFloating:
                return Finding.Warn("Image", $"'{server.Image}' means another image after the next pull, and the database need not fit it.", "Name a release in the compose file.", detail);
            case LettaImageProduct.Floating:
                return Finding.Warn("Image", $"'{server.Image}' means another image after the next pull. {LettaImageTags.TodaysMeaning(image)}", "Set-LettaImagePin -FromRunning", detail);
            case LettaImageProduct.TooOld:
                return Finding.Warn(
                    "Image",
                    $"'{server.Image}' is older than 0.11.3, the oldest release that LettaPS supports: its database cannot follow to {LettaImageTags.Known.Newest} in one step.",
                    "Back up the database before anything else: Backup-LettaDatabase",
                    detail);
            case LettaImageProduct.Unknown when image.Digest is null:
                return Finding.Warn("Image", $"No release of the V1 server is known to have the tag '{image.Tag}' of '{server.Image}'.", "Set-LettaImagePin -FromRunning", detail);
        }

        if (image.Digest is null && image.Tag is not null && LettaImageTags.Trap(image.Tag) is { } trap)
        {
            return Finding.Warn("Image", $"The tag '{image.Tag}' cannot be trusted: {trap}.", "Pin the image by its digest: Set-LettaImagePin -Digest", detail);
        }

        return postgres is not null && postgres.Id != server.Id && ImageReference.Parse(postgres.Image).IsFloating
            ? Finding.Warn(
                "Image",
                $"'{postgres.Image}' of {postgres.Name} means another PostgreSQL after the next pull, and a new major version does not start on the old one's data.",
                "Name the major version that runs now, as in pgvector/pgvector:0.8.1-pg15.")
            : Finding.Pass("Image", $"{server.Image} is pinned.", detail);
    }

    /// <summary>Whether the migrations run when the server starts.</summary>
    internal static Finding StartScript(ContainerFacts server) => ServerDiscovery.RunsStartScript(server)
        ? Finding.Pass("StartScript", "The image's start script runs, and with it the migrations.")
        : Finding.Warn(
            "StartScript",
            "The image's start script is replaced, so that migrations never run: after an upgrade, columns are missing and clients get 409 and 500.",
            "Remove command and entrypoint; the image's own command is ./letta/server/startup.sh.",
            $"command: {ServerSettings.MaskText(string.Join(' ', server.Command))}");

    private static Finding DatabaseSetting(ContainerFacts server, EngineView view)
    {
        try
        {
            var address = ServerDiscovery.Address(server);
            if (server.Variable("LETTA_PG_URI") is not null || view.Postgres?.Id != server.Id)
            {
                return Finding.Pass("DatabaseSetting", $"It is told to use {address}.");
            }

            if (!ServerDiscovery.RunsStartScript(server))
            {
                return Finding.Fail(
                    "DatabaseSetting",
                    "Nothing tells it of a PostgreSQL: Letta then writes SQLite's statements to it, which fail (syntax error at or near \"OR\").",
                    "Set LETTA_PG_URI.");
            }

            var networks = server.Networks.Select(n => n.Name).ToHashSet(StringComparer.Ordinal);
            var idle = view.All.Where(c => c.Id != server.Id && !ServerDiscovery.IsServer(c) && ServerDiscovery.LooksLikePostgres(c) && c.Networks.Any(n => networks.Contains(n.Name) && n.Name is not "bridge")).ToList();
            return idle.Count == 0
                ? Finding.Pass("DatabaseSetting", "It uses the PostgreSQL in its own container.")
                : Finding.Warn(
                    "DatabaseSetting",
                    $"There are two databases: LETTA_PG_URI is not set, so that it uses the PostgreSQL in its own container, while {Finding.Few([.. idle.Select(c => c.Name)])} stands beside it unused.",
                    "Set LETTA_PG_URI to the one that holds the agents, after a look into both.");
        }
        catch (LettaException e) when (e.ErrorId == ErrorIds.InvalidDatabaseUri)
        {
            return Finding.Fail("DatabaseSetting", $"LETTA_PG_URI of {server.Name} is no address of a PostgreSQL: the server cannot start.", e.RecommendedAction);
        }
    }

    private static Finding Data(ContainerFacts? postgres)
    {
        const string Name = "Data";
        if (postgres is null)
        {
            return Finding.Skip(Name, "The database is in no container of this engine.");
        }

        const string Recommendation = "First save what is there with Backup-LettaDatabase; then mount a named volume at /var/lib/postgresql/data.";
        return ServerDiscovery.DataMount(postgres) switch
        {
            null => Finding.Warn(Name, $"The data is in the container {postgres.Name} itself: when that is made anew, all agents are gone.", Recommendation),
            { IsAnonymous: true } => Finding.Warn(Name, $"The data of {postgres.Name} is on a volume without a name, which a container made anew does not find again.", Recommendation),
            var mount => Finding.Pass(Name, $"The data of {postgres.Name} is on {mount.Name ?? mount.Source}."),
        };
    }

    private static Finding Log(ContainerFacts server, IReadOnlyList<string> lines)
    {
        var tail = string.Join('\n', lines.TakeLast(LogLinesShown).Select(ServerSettings.MaskText));
        return StartupLogAnalyzer.Find(server, lines) is not { } meaning
            ? Finding.Pass("Log", $"Nothing known to be wrong is in its last {lines.Count} lines.", tail.Length > 0 ? tail : null)
            : server.IsRunning
                ? Finding.Warn("Log", $"{meaning.Meaning}.", meaning.RecommendedAction, tail)
                : Finding.Fail("Log", $"{meaning.Meaning}.", meaning.RecommendedAction, tail);
    }
}

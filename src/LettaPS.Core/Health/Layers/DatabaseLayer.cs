using System.Globalization;
using System.Text.Json;
using LettaPS.Core.Json;
using LettaPS.Core.Schemas.Model;

namespace LettaPS.Core.Health.Layers;

/// <summary>PostgreSQL and the database as a whole.</summary>
internal sealed class DatabaseLayer : HealthLayer
{
    /// <summary>Free space below which writing will soon fail.</summary>
    private const long TooLittle = 256L << 20;

    private const double MostUsed = 0.9;
    private const double LeastFree = 0.1;

    /// <inheritdoc/>
    public override LettaHealthLayer Layer => LettaHealthLayer.Database;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Names => ["Reachable", "PostgreSQL", "Vector", "Disk", "Collation", "Connections", "SearchPath"];

    /// <inheritdoc/>
    public override async Task<IReadOnlyList<Finding>> ExamineAsync(HealthContext context, CancellationToken cancellationToken)
    {
        if (await context.Database.ConfigureAwait(false) is not { } reading)
        {
            return SkipAll("Nothing says where the database is: give -DatabaseUri, or set LETTA_PG_URI.");
        }

        var reachable = Finding.Pass("Reachable", $"{reading.Address} answers.", reading.Address.Tunnel is { } tunnel ? $"through {tunnel}" : null);
        var snapshot = reading.Snapshot;
        if (snapshot.Schema is null)
        {
            return
            [
                reachable, PostgreSql(reading),
                Finding.Fail("SearchPath", snapshot.Server.HasTables ? "The database has tables, but not Letta's." : "The database has no tables.", "Check its name; a server's own migrations build the tables.") with { Blocks = true },
            ];
        }

        var server = snapshot.Answer(DatabaseQueries.Server)!.Value;
        return
        [
            reachable, PostgreSql(reading), Vector(reading), await DiskAsync(context, reading, server, cancellationToken).ConfigureAwait(false), Collation(snapshot.Collation), Connections(server),
            SearchPath(snapshot),
        ];
    }

    /// <summary>Whether the server can hold the schema of the release.</summary>
    internal static Finding PostgreSql(DatabaseReading reading)
    {
        var (version, needed) = (reading.Snapshot.Server.Version, reading.Diagnosis.Release?.MinimumPostgresVersion);
        return needed > version.Major
            ? Finding.Fail("PostgreSQL", $"Letta {reading.Diagnosis.Release} needs PostgreSQL {needed}, and this is {version}.", "Dump the database and restore it into a newer server.")
            : Finding.Pass("PostgreSQL", $"PostgreSQL {version}.");
    }

    /// <summary>Whether pgvector is there.</summary>
    internal static Finding Vector(DatabaseReading reading)
    {
        var (installed, available) = (reading.Snapshot.Server.Extensions.FirstOrDefault(e => e.Name == "vector"), reading.Snapshot.Server.AvailableExtensions.FirstOrDefault(e => e.Name == "vector"));
        return (installed, available) switch
        {
            (null, null) => Finding.Fail("Vector", "The extension vector is not on the server.", "Use an image that has it, with the same major version: pgvector/pgvector:0.8.1-pg15."),
            (null, _) => Finding.Fail("Vector", "The extension vector is not installed in the database.", "CREATE EXTENSION vector"),
            (_, { } there) when there.Version != installed.Version =>
                Finding.Warn("Vector", $"pgvector is {installed.Version}, the server has {there.Version}.", "ALTER EXTENSION vector UPDATE"),
            _ => Finding.Pass("Vector", $"pgvector {installed.Version}."),
        };
    }

    private static async Task<Finding> DiskAsync(HealthContext context, DatabaseReading reading, JsonElement server, CancellationToken cancellationToken)
    {
        var size = server.GetProperty("size").GetInt64();
        var disk = await DiskSpace.FindAsync(context, reading.Address, server.StringOrNull("dataDirectory"), cancellationToken).ConfigureAwait(false);
        return JudgeDisk(size, disk);
    }

    /// <summary>What a size and the free space mean.</summary>
    internal static Finding JudgeDisk(long size, DiskSpace? disk) => disk switch
    {
        null => Finding.Pass("Disk", $"The database has {Bytes(size)}; how much is free cannot be seen from here."),
        { Free: < TooLittle } => Finding.Fail("Disk", $"Only {Bytes(disk.Free)} are free: PostgreSQL stops when nothing is.", "Make room on the disk of the database."),
        _ when disk.Free < size || disk.Free < disk.Total * LeastFree => Finding.Warn(
            "Disk", $"{Bytes(disk.Free)} of {Bytes(disk.Total)} are free, the database has {Bytes(size)}: there is little room for a rebuild or a dump.", "Make room on the disk of the database."),
        _ => Finding.Pass("Disk", $"The database has {Bytes(size)}, {Bytes(disk.Free)} are free."),
    };

    /// <summary>Whether the collation is as when the database was made.</summary>
    internal static Finding Collation(CollationVersions? collation) => collation switch
    {
        { Recorded: { } was, Actual: { } now } when was != now => Finding.Warn(
            "Collation",
            $"The database was made with collation version {was}, the operating system now has {now}: indexes on text may not find what is there.",
            "REINDEX DATABASE, then ALTER DATABASE … REFRESH COLLATION VERSION."),
        { Recorded: { } was } => Finding.Pass("Collation", $"Collation version {was}, as when the database was made."),
        _ => Finding.Pass("Collation", "Its collation has no version that could change."),
    };

    private static Finding Connections(JsonElement server)
    {
        var (used, most) = (server.GetProperty("used").GetInt32(), server.GetProperty("most").GetInt32());
        var (usedHere, mostHere) = (server.GetProperty("usedHere").GetInt32(), server.GetProperty("mostHere").GetInt32());
        return used >= most * MostUsed || (mostHere > 0 && usedHere >= mostHere * MostUsed)
            ? Finding.Warn(
                "Connections",
                $"{used} of {most} connections are taken{(mostHere > 0 ? $", {usedHere} of {mostHere} of this database" : null)}: the next may be refused.",
                "Lower LETTA_PG_POOL_SIZE and LETTA_PG_MAX_OVERFLOW, or raise max_connections.")
            : Finding.Pass("Connections", $"{used} of {most} connections are taken.");
    }

    private static Finding SearchPath(DatabaseSnapshot snapshot)
    {
        var others = snapshot.Server.Candidates.Where(c => c.Name != snapshot.Schema && c.Tables >= SchemaFingerprint.FewestTables).Select(c => $"schema {c.Name} also has {c.Tables} tables of Letta's names").ToList();
        return snapshot.Server.Candidates.First(c => c.Name == snapshot.Schema).SearchPosition is null
            ? Finding.Fail(
                "SearchPath",
                $"Letta's tables are in schema {snapshot.Schema}, where role {snapshot.Server.Role} does not look: a server that connects as it finds none.",
                $"ALTER DATABASE … SET search_path TO {snapshot.Schema}. No dump carries this setting.",
                others.Count > 0 ? string.Join('\n', others) : null)
            : others.Count > 0
                ? Finding.Warn("SearchPath", $"Role {snapshot.Server.Role} finds the tables in schema {snapshot.Schema}, but {string.Join(", ", others)}.", "Find out which the server uses, and remove the other after a dump.")
                : Finding.Pass("SearchPath", $"Role {snapshot.Server.Role} finds the tables in schema {snapshot.Schema}.");
    }

    private static string Bytes(long bytes) => bytes switch
    {
        >= 1L << 30 => (bytes / (double)(1L << 30)).ToString("0.0", CultureInfo.InvariantCulture) + " GB",
        _ => (bytes >> 20).ToString(CultureInfo.InvariantCulture) + " MB",
    };
}

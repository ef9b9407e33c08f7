using System.Globalization;
using LettaPS.Core.Backups;
using LettaPS.Core.Compatibility;
using LettaPS.Core.Compose.Model;
using LettaPS.Core.Health;
using LettaPS.Core.Health.Layers;
using LettaPS.Core.Json;
using LettaPS.Core.Releases;
using LettaPS.Core.Schemas.Model;
using LettaPS.Core.Schemas.Repair;
using LettaPS.Core.Servers;

namespace LettaPS.Core.Upgrades;

/// <summary>Looks at all that decides whether an upgrade will succeed and whether there is a way back. Changes nothing.</summary>
internal sealed class UpgradeExamination
{
    /// <summary>The last migration that copies secrets (0.13.0).</summary>
    private const string LastThatCopiesSecrets = "8149a781ac1b";

    private readonly IAdapterFactory _adapters;
    private readonly HealthTarget _target;
    private readonly HealthOptions _options;
    private readonly TimeProvider _time;
    private readonly LettaRelease _to;
    private readonly ReleaseCapabilities _capabilities;

    /// <summary>Prepares a preflight.</summary>
    /// <param name="adapters">Opens the outside world.</param>
    /// <param name="target">The server.</param>
    /// <param name="to">The release to upgrade to.</param>
    /// <param name="options">Where the backups are.</param>
    /// <param name="time">Gives the time.</param>
    /// <exception cref="LettaException"><c>ReleaseNotFound</c>; <c>ReleaseSchemaNotFound</c>.</exception>
    public UpgradeExamination(IAdapterFactory adapters, HealthTarget target, string to, HealthOptions options, TimeProvider time)
    {
        (_adapters, _target, _options, _time) = (adapters, target, options, time);
        _to = ReleaseCatalogue.GetWithSchema(to);
        _capabilities = new ReleaseCapabilities(_to.Version);
    }

    /// <summary>Makes it.</summary>
    public async Task<LettaUpgradeTest> RunAsync(CancellationToken cancellationToken)
    {
        var context = new HealthContext(_adapters, _target, _options, _time, cancellationToken) { Release = _to };
        await using (context.ConfigureAwait(false))
        {
            var (reading, databaseChecks, steps) = await ExamineDatabaseAsync(context, cancellationToken).ConfigureAwait(false);
            var checks = new List<LettaUpgradeCheck>(databaseChecks);
            checks.Add(await BackupAsync(context, cancellationToken).ConfigureAwait(false));
            var view = await context.Engine.ConfigureAwait(false);
            checks.AddRange(Containers(view));
            if (reading is not null && view.Server is not null)
            {
                checks.Add(Sessions(reading, view, view.Server));
            }

            var version = reading is null ? await context.Version.ConfigureAwait(false) : null;
            if (ReleaseCatalogue.TryVersion(version) > _to.Version)
            {
                checks.Add(Downgrade());
            }

            checks.Add(Clients(await _adapters.FindLettaCodeAsync(cancellationToken).ConfigureAwait(false)));
            var worst = checks.Select(c => c.Verdict).Max();
            return new LettaUpgradeTest
            {
                Server = _target.Connection?.BaseUri,
                From = reading is null ? version : From(reading),
                To = _to.ToString(),
                Verdict = worst,
                Reasons = [.. checks.Where(c => c.Verdict != LettaUpgradeVerdict.Ready).OrderByDescending(c => c.Verdict).Select(c => c.ToString())],
                Checks = checks,
                Migrations = steps,
                Estimate = steps.Any(s => s.Estimate is null) ? null : TimeSpan.FromSeconds(steps.Sum(s => s.Estimate!.Value.TotalSeconds)),
            };
        }
    }

    /// <summary>Whoever else is connected to the database loses what he writes if the upgrade is rolled back.</summary>
    private static LettaUpgradeCheck Sessions(DatabaseReading reading, EngineView view, ContainerFacts server)
    {
        var isEmbedded = view.Postgres?.Id == server.Id;
        var others = reading.Snapshot.Server.Sessions
            .Where(s => !(isEmbedded && s.Address is null or "127.0.0.1" or "::1") && !server.Networks.Any(n => n.Address.Length > 0 && n.Address == s.Address))
            .GroupBy(s => s.Text)
            .Select(g => g.Count() == 1 ? g.Key : $"{g.Key} ({g.Count()} times)")
            .ToList();
        return others.Count == 0 ? Ready("Sessions", "Nobody but the server is connected to the database.") : Warn(
            "Sessions",
            $"Others than the server are connected to the database: {string.Join(", ", others)}.",
            "Stop them before the upgrade: a roll-back terminates their sessions, and what they have written since is not in the dump.");
    }

    private static LettaUpgradeCheck Ready(string name, string message) => new(name, LettaUpgradeVerdict.Ready, message);

    private static LettaUpgradeCheck Warn(string name, string message, string? recommendation) => new(name, LettaUpgradeVerdict.ReadyWithWarnings, message, recommendation);

    private static LettaUpgradeCheck Block(string name, string message, string? recommendation) => new(name, LettaUpgradeVerdict.Blocked, message, recommendation);

    private async Task<(DatabaseReading? Reading, IReadOnlyList<LettaUpgradeCheck> Checks, IReadOnlyList<LettaUpgradeStep> Steps)> ExamineDatabaseAsync(
        HealthContext context, CancellationToken cancellationToken)
    {
        DatabaseReading? reading;
        try
        {
            reading = await context.Database.ConfigureAwait(false);
        }
        catch (LettaException e)
        {
            return (null, [Block("Database", e.Message, e.RecommendedAction)], []);
        }

        if (reading is null)
        {
            var silence = context.Target.Connection is null ? null : await context.ApiProblemAsync().ConfigureAwait(false);
            return (null, [Block("Database", $"Nothing says where the database is, and most of what decides is there.{(silence is null ? "" : " " + silence)}", "Give -DatabaseUri, or set LETTA_PG_URI.")], []);
        }

        if (reading.Snapshot.Schema is null)
        {
            return reading.Snapshot.Server.HasTables
                ? (reading, [Block("Database", $"{reading.Address} has tables, but not Letta's.", "Check its name.")], [])
                : (reading, [await EmptyAsync(context, reading).ConfigureAwait(false)], []);
        }

        var position = reading.Diagnosis.Revision is { } revision ? ReleaseCatalogue.PositionOf(revision) : -1;
        var steps = position < 0 ? [] : UpgradePath.Steps(position, ReleaseCatalogue.PositionOf(_to.AlembicHead), Rows(reading.Snapshot));
        var key = await context.EncryptionKeyAsync().ConfigureAwait(false);
        return (reading,
        [
            Path(reading, steps),
            .. Own(reading, steps),
            Destruction(reading, steps),
            Duration(steps),
            Stranding(reading, steps),
            Of(DatabaseLayer.PostgreSql(reading)),
            Of(DatabaseLayer.Vector(reading)),
            Of(DatabaseLayer.Collation(reading.Snapshot.Collation)),
            Names(reading),
            Ids(reading),
            Messages(reading),
            Secrets(reading, key),
            await DiskAsync(context, reading, cancellationToken).ConfigureAwait(false),
        ], steps);
    }

    /// <summary>A database without tables: of a server that has never run, or not the server's at all.</summary>
    private static async Task<LettaUpgradeCheck> EmptyAsync(HealthContext context, DatabaseReading reading) =>
        await context.HasAgentsAnswerAsync().ConfigureAwait(false)
            ? Block("Database", $"{reading.Address} has no tables, yet {context.Target.Connection!.BaseUri} reads its agents: this is not its database.", "Check the name in -DatabaseUri or LETTA_PG_URI.")
            : Warn("Database", $"{reading.Address} has no tables: there is nothing to upgrade, the server's own migrations build them.", "If this server had agents, check the name of the database.");

    private LettaUpgradeCheck Downgrade() =>
        Block("Path", $"The database is of a later release than {_to}: an image of that does not start on it.", "There is no way back but a dump from before.");

    private static string? From(DatabaseReading reading) =>
        reading.Diagnosis.Revision is { } revision && ReleaseCatalogue.PositionOf(revision) is >= 0 and var at
            ? ReleaseCatalogue.All.LastOrDefault(r => r.AlembicHead == revision)?.ToString() ?? $"before {ReleaseCatalogue.Migrations[at].Release}"
            : reading.Diagnosis.Nearest?.Releases[^1];

    /// <summary>Whether the server's own migrations lead from here to there.</summary>
    private LettaUpgradeCheck Path(DatabaseReading reading, IReadOnlyList<LettaUpgradeStep> steps)
    {
        const string Name = "Path";
        var diagnosis = reading.Diagnosis;
        if (diagnosis.HasUnknownRevision)
        {
            return Block(Name, $"alembic_version holds {string.Join(", ", reading.Snapshot.Revisions)}, which no release leaves there: no migration starts from it.", "Restore a dump, or find out what wrote it.");
        }

        if (diagnosis.Revision is null)
        {
            return Block(
                Name,
                "The database has no revision: the image's start begins at the first migration and fails (relation already exists).",
                $"Invoke-LettaSchemaFix -Version {diagnosis.Nearest?.Releases[^1]} -AdoptAlembic hands it over to the server's own migrations.");
        }

        return diagnosis.IsAhead
            ? Downgrade()
            : steps.Count == 0
                ? Ready(Name, $"No migration is between here and {_to}.")
                : Ready(Name, $"{steps.Count} migrations lead to {_to}.");
    }

    /// <summary>What is wrong with the database by the measure of its own release, on which its migrations build.</summary>
    private static IEnumerable<LettaUpgradeCheck> Own(DatabaseReading reading, IReadOnlyList<LettaUpgradeStep> steps)
    {
        if (reading.Diagnosis.Drifts().FirstOrDefault(d => d.Kind == LettaDriftKind.RevisionStuck) is { } stuck)
        {
            yield return Block("Stuck", stuck.Effect, $"{stuck.FixSql ?? "ALTER TABLE archives DROP COLUMN embedding_config"}, then upgrade again.");
        }

        // Where no migration leads on from the database (no revision, or a later one), the reading held it to the release to come.
        var diagnosis = reading.Diagnosis.IsBehind
            ? reading.Diagnosis
            : new SchemaDiagnosis(reading.Address, reading.Snapshot, ReleaseCatalogue.FindByHead(reading.Diagnosis.Revision));
        var broken = diagnosis.ToMend.Where(d => d.Kind is not (LettaDriftKind.PlaintextSecret or LettaDriftKind.MessageData or LettaDriftKind.RevisionStuck
            or LettaDriftKind.ServerTooOld or LettaDriftKind.MissingExtension or LettaDriftKind.NameDiffers or LettaDriftKind.NotValidConstraint)
            && !d.Kind.ToString().StartsWith("Revision", StringComparison.Ordinal) && !d.Kind.ToString().StartsWith("Extra", StringComparison.Ordinal)).ToList();
        yield return broken.Count == 0
            ? Ready("Schema", "The database has all that its own release expects.")
            : Warn(
                "Schema",
                $"{broken.Count} things are not as its own release has them: {Finding.Few([.. broken.Select(d => d.Table is null || d.Table == d.Name ? $"{d.Kind} {d.Name}" : $"{d.Kind} {d.Table}.{d.Name}")])}. Migrations may fail at them.",
                "Compare-LettaSchema shows them, Invoke-LettaSchemaFix mends them.");

        var gone = steps.Select(s => MigrationFacts.All.GetValueOrDefault(s.Revision)).OfType<MigrationFacts>()
            .SelectMany(f => f.DropsConstraints).Where(c => IsMissing(c.Split('.'), reading.Snapshot.Model)).ToList();
        if (gone.Count > 0)
        {
            yield return Block(
                "Constraints",
                $"A migration drops {Finding.Few(gone)} by name, which {(gone.Count == 1 ? "is" : "are")} not there under that name: it will fail. Tables made by create_all have other names.",
                "Invoke-LettaSchemaFix, or rename the constraints.");
        }
    }

    private static bool IsMissing(string[] constraint, SchemaModel model) =>
        model.Table(constraint[0]) is { } table && !table.ForeignKeys.Any(k => k.Name == constraint[1]) && !table.Uniques.Any(k => k.Name == constraint[1]);

    private static LettaUpgradeCheck Destruction(DatabaseReading reading, IReadOnlyList<LettaUpgradeStep> steps)
    {
        var rows = Rows(reading.Snapshot);
        var lost = steps.SelectMany(s => s.Destroys).Where(d => rows is null || rows.GetValueOrDefault(d.Split('.')[0]) != 0).ToList();
        return lost.Count == 0
            ? Ready("Destruction", "Nothing is dropped that has rows.")
            : Warn("Destruction", $"{Finding.Few(lost)} {(lost.Count == 1 ? "is" : "are")} dropped with all that is in {(lost.Count == 1 ? "it" : "them")}: run history of 0.11 is not carried over.", "Take a dump with Backup-LettaDatabase if you may want it.");
    }

    private static LettaUpgradeCheck Duration(IReadOnlyList<LettaUpgradeStep> steps) => steps.Where(s => s.IsSlow).ToList() is { Count: > 0 } slow
        ? Warn("Duration", $"{Finding.Few([.. slow.Select(s => $"{s.Revision} (about {s.Estimate!.Value.TotalSeconds.ToString("0", CultureInfo.InvariantCulture)} s)")])} will take a while on this database, in which it cannot be written.", "Allow for it: a start that is killed in between is begun again from the last commit.")
        : Ready("Duration", $"No migration takes longer than {UpgradePath.Slow.TotalSeconds} s on this database.");

    private static LettaUpgradeCheck Stranding(DatabaseReading reading, IReadOnlyList<LettaUpgradeStep> steps)
    {
        // The literal COMMIT of f6cd5a1e519d runs only where there is an archive (letta-facts.md 1.2, 10.1).
        var archives = Rows(reading.Snapshot)?.GetValueOrDefault(LettaNames.Archives) != 0;
        var harmful = steps.Where(s => s.CanStrand && (s.Revision == SchemaDiagnosis.StuckMigration ? archives : s.Warning?.Contains("invalid index", StringComparison.Ordinal) == true)).ToList();
        return harmful.Count == 0
            ? Ready("Stranding", "No migration on the way leaves the database between two states.")
            : Warn(
                "Stranding",
                $"If the upgrade is interrupted or fails after {Finding.Few([.. harmful.Select(s => s.Revision)])}, the database is left between two states.",
                "Let it run to its end, with a dump at hand. Afterwards Compare-LettaSchema shows a column or invalid index that was left behind.");
    }

    private LettaUpgradeCheck Names(DatabaseReading reading) => !_capabilities.ChecksNamesAndIds
        ? Ready("Names", $"{_to} exports agents of any name.")
        : Of(AgentFindings.Names(AgentFindings.BadNames(reading.Snapshot), reading.Snapshot.Answer(DatabaseQueries.Agents)?.GetInt32() ?? 0, refuses: true));

    private LettaUpgradeCheck Ids(DatabaseReading reading) => !_capabilities.ChecksNamesAndIds
        ? Ready("Ids", $"{_to} takes ids of any form.")
        : Of(AgentFindings.Ids([.. reading.Snapshot.Answer(DatabaseQueries.Ids)?.EnumerateArray().Select(i => $"{i.StringOrNull("table")} {i.StringOrNull("id")}") ?? []], isSince: true));

    /// <summary>What a finding of health means for an upgrade.</summary>
    private static LettaUpgradeCheck Of(Finding finding) => new(
        finding.Name,
        finding.Status switch
        {
            LettaHealthStatus.Failed => LettaUpgradeVerdict.Blocked,
            LettaHealthStatus.Warning => LettaUpgradeVerdict.ReadyWithWarnings,
            _ => LettaUpgradeVerdict.Ready,
        },
        finding.Message,
        finding.Recommendation);

    /// <summary>Tool messages of 0.11, which 0.13 and later damage by reading them.</summary>
    private LettaUpgradeCheck Messages(DatabaseReading reading) => reading.Diagnosis.Drifts().FirstOrDefault(d => d.Kind == LettaDriftKind.MessageData) is { } drift
        ? Warn("Messages", drift.Effect, $"Invoke-LettaSchemaFix -Kind MessageData puts it right; before {_to} reads them for the first time nothing is lost yet.")
        : Ready("Messages", "No tool message is in danger.");

    /// <summary>Secrets that the migrations copy only where the server has a key, and that 0.16 reads from the copy only.</summary>
    private LettaUpgradeCheck Secrets(DatabaseReading reading, string? key)
    {
        const string Name = "Secrets";
        var plain = reading.Snapshot.Answer(DatabaseQueries.PlainSecrets) is { } answer
            ? answer.EnumerateArray().Select(s => (Place: s.StringOrNull("place")!, Count: s.GetProperty("count").GetInt32())).Where(s => s.Count > 0).ToList()
            : [];
        if (!_capabilities.ReadsEncryptedOnly || plain.Count == 0)
        {
            return Ready(Name, "No secret becomes unreadable.");
        }

        var places = Finding.Few([.. plain.Select(p => $"{p.Count} in {p.Place}")]);
        var migrates = reading.Diagnosis.Revision is { } revision && ReleaseCatalogue.PositionOf(revision) < ReleaseCatalogue.PositionOf(LastThatCopiesSecrets);
        return migrates && !string.IsNullOrEmpty(key)
            ? Ready(Name, $"Secrets ({places}) are encrypted with the server's {ServerDatabase.KeyVariable} on the way.")
            : Warn(
                Name,
                $"Secrets ({places}) become invisible: {_to} reads only the encrypted columns, and {(migrates ? $"the migrations copy them only where {ServerDatabase.KeyVariable} is set" : "the migrations that copy them have run already")}.",
                migrates ? $"Set {ServerDatabase.KeyVariable} for the server before the upgrade and keep it, or afterwards, without a key: Invoke-LettaSchemaFix -IncludeSecretColumn." : "Without a key: Invoke-LettaSchemaFix -IncludeSecretColumn. With one: enter them again.");
    }

    private async Task<LettaUpgradeCheck> DiskAsync(HealthContext context, DatabaseReading reading, CancellationToken cancellationToken)
    {
        const string Name = "Disk";
        var server = reading.Snapshot.Answer(DatabaseQueries.Server)!.Value;
        var size = server.GetProperty("size").GetInt64();
        if (_options.BackupPath is { } path && FolderSpace(path) is { } free && free < size)
        {
            return Block(Name, $"'{path}' has {free >> 20} MB left, and a dump may need up to {size >> 20} MB.", "Make room, or dump elsewhere.");
        }

        return await DiskSpace.FindAsync(context, reading.Address, server.StringOrNull("dataDirectory"), cancellationToken).ConfigureAwait(false) is { } disk && disk.Free < size
            ? Warn(Name, $"The disk of the database has {disk.Free >> 20} MB left, less than the database itself ({size >> 20} MB): a migration that rewrites a table may fill it.", "Make room first.")
            : Ready(Name, $"The database has {size >> 20} MB; there is room.");
    }

    private static long? FolderSpace(string path)
    {
        for (var folder = System.IO.Path.GetFullPath(path); folder is not null; folder = System.IO.Path.GetDirectoryName(folder))
        {
            if (Directory.Exists(folder))
            {
                return new DriveInfo(folder).AvailableFreeSpace;
            }
        }

        return null;
    }

    private async Task<LettaUpgradeCheck> BackupAsync(HealthContext context, CancellationToken cancellationToken)
    {
        const string Name = "Backup";
        const string Take = "Backup-LettaDatabase -Path … takes one; alembic's downgrade is of no use, a dump is the only way back.";
        if (_options.BackupPath is not { } path)
        {
            return Warn(Name, "Nothing says whether there is a backup.", $"Give -BackupPath. {Take}");
        }

        if (NewestBackup.Find(path, await context.BackedUpServerAsync(cancellationToken).ConfigureAwait(false), cancellationToken) is not { } newest)
        {
            return Block(Name, $"There is no finished backup of this server in '{path}'.", Take);
        }

        var problems = await newest.VerifyAsync(cancellationToken).ConfigureAwait(false);
        var age = _time.GetUtcNow() - newest.TakenAt;
        return problems switch
        {
            { Count: > 0 } => Block(Name, $"The newest backup is not as it was written: {Finding.Few(problems)}", Take),
            _ when age > _options.MaximumBackupAge => Block(Name, $"The newest backup is from {newest.TakenAt:yyyy-MM-dd HH:mm} UTC: what came since would be lost.", Take),
            _ when newest.Gaps.Count > 0 => Block(Name, $"The newest backup is not a complete one of this server: {Finding.Few(newest.Gaps)}", Take),
            _ when newest.Dump is null => Warn(Name, "The newest backup is of agents, without runs, steps and files of the database.", Take),
            _ => Ready(Name, $"The dump '{newest.Path}' is as it was written."),
        };
    }

    private IEnumerable<LettaUpgradeCheck> Containers(EngineView view)
    {
        if (LettaImageTags.Trap(_to.ToString()) is { } trap)
        {
            yield return Block("Release", $"There is no image to be trusted for {_to}: {trap}.", $"Upgrade to {string.Join(" or ", LettaImageTags.Known.Nearest(_to.ToString()))}.");
        }

        if (view.Server is not { } server)
        {
            yield break;
        }

        if (!server.IsRunning)
        {
            yield return Warn("Server", $"The server's container {server.Name} does not run.", "Test-LettaHealth says why; an upgrade begins with a server that works.");
        }

        if (ContainerLayer.Product(server, []) is { Blocks: true } product)
        {
            yield return Block("Product", product.Message, product.Recommendation ?? "Leave it as it is: there is no V1 server to upgrade.");
            yield break;
        }

        yield return Of(ContainerLayer.Image(server, view.Postgres));
        var script = Of(ContainerLayer.StartScript(server));
        yield return script.Verdict == LettaUpgradeVerdict.Ready ? script : script with { Verdict = LettaUpgradeVerdict.Blocked };

        // The base image changed with 0.16.5 (letta-facts.md 1.1), and with it the operating system under an embedded database.
        if (view.Postgres?.Id == server.Id && ReleaseCatalogue.Find(ImageReference.Parse(server.Image).Tag) is { } now && now.BaseImage != _to.BaseImage)
        {
            yield return Warn("BaseImage", $"PostgreSQL is in the server's image, whose base changes from {now.BaseImage} to {_to.BaseImage}.", "Afterwards: ALTER EXTENSION vector UPDATE, and Test-LettaHealth for the collation.");
        }
    }

    private LettaUpgradeCheck Clients(string? code)
    {
        var result = CompatibilityMatrix.OfCode(code, _to.ToString());
        return result.Status switch
        {
            LettaCompatibilityStatus.Incompatible or LettaCompatibilityStatus.Limited => Warn("LettaCode", $"Letta Code {code} does not fit {_to}: {string.Join(" ", result.Reasons)}", result.Recommendation),
            LettaCompatibilityStatus.Unknown => Ready("LettaCode", "Letta Code is not installed here."),
            _ => Ready("LettaCode", $"Letta Code {code} works with {_to}."),
        };
    }

    private static Dictionary<string, long>? Rows(DatabaseSnapshot snapshot) =>
        snapshot.Answer(DatabaseQueries.Rows)?.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetInt64());
}

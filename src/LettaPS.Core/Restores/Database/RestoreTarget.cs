using LettaPS.Core.Schemas.Model;
using LettaPS.Core.Schemas.Repair;

namespace LettaPS.Core.Restores.Database;

/// <summary>The database that agents are written into, as its catalog has it. All names in statements come from here.</summary>
internal sealed class RestoreTarget
{
    private RestoreTarget(DatabaseSnapshot snapshot, string release) => (Snapshot, Release) = (snapshot, release);

    /// <summary>The newest release that has its schema.</summary>
    public string Release { get; }

    /// <summary>The quoted names of the schemas where types and functions are.</summary>
    public string SearchPath => Snapshot.Server.SearchPath(Snapshot.Schema!);

    private DatabaseSnapshot Snapshot { get; }

    /// <summary>Reads the catalog and refuses what is not as a release has it.</summary>
    /// <exception cref="LettaException"><c>SchemaMismatch</c>, or the identifier tells what else is wrong.</exception>
    public static async Task<RestoreTarget> ReadAsync(IAgentRowStore database, CancellationToken cancellationToken)
    {
        var snapshot = await database.ReadCatalogAsync(cancellationToken).ConfigureAwait(false);
        var diagnosis = new SchemaDiagnosis(database.Address, snapshot, release: null);
        diagnosis.RefuseUnlessMendable(planOnly: false);
        var drifts = diagnosis.Drifts().Where(d => d.Severity is LettaDriftSeverity.Breaks or LettaDriftSeverity.Degrades).ToList();
        return drifts.Count == 0
            ? new RestoreTarget(snapshot, diagnosis.Nearest!.Releases[^1])
            : throw new LettaException(
                ErrorIds.SchemaMismatch,
                LettaErrorKind.Refused,
                $"The schema of {database.Address} is not that of Letta {diagnosis.Release}: {drifts.Count} differences, the first is {drifts[0].ToString().TrimEnd('.')}. LettaPS wrote nothing.",
                "See the differences, then repair them with Invoke-LettaSchemaFix or Update-LettaSchema: Compare-LettaSchema",
                database.Address);
    }

    /// <summary>A table, or <see langword="null"/> where the release has none of that name.</summary>
    public SchemaTable? Table(string name) => Snapshot.Model.Table(name);

    /// <summary>The values of an enumerated type, or <see langword="null"/> for any other.</summary>
    public IReadOnlyList<string>? ValuesOf(string type) => Snapshot.Model.Enums.FirstOrDefault(e => e.Name == type)?.Values;

    /// <summary>The quoted name of a table.</summary>
    public string Name(string table) => Sql.Id(Snapshot.Schema!, table);

    /// <summary>The quoted name of the sequence that numbers messages.</summary>
    public string MessageSequence => Sql.Id(Snapshot.Schema!, Sql.SequenceOf(Table(LettaNames.Messages)?.Column(LettaNames.SequenceId)?.Default) ?? LettaNames.MessageSequence);
}

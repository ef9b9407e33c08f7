using LettaPS.Core.Releases;
using LettaPS.Core.Schemas.Comparison;
using LettaPS.Core.Schemas.Model;

namespace LettaPS.Core.Schemas.Repair;

/// <summary>What must be asked of the rows, since the catalog does not say it.</summary>
internal static class RowQueries
{
    /// <summary>The questions that a comparison raises.</summary>
    /// <param name="sql">Writes names.</param>
    /// <param name="actual">What the database has.</param>
    /// <param name="differences">In what it differs from the release.</param>
    /// <param name="ofMessages">Whether to read every message.</param>
    public static IReadOnlyList<DataQuestion> Of(SchemaSql sql, SchemaModel actual, IEnumerable<Difference> differences, Version release, bool ofMessages)
    {
        var questions = new List<DataQuestion>();
        var capabilities = new ReleaseCapabilities(release);
        AskSequence(questions, sql, actual);
        foreach (var difference in differences)
        {
            AskAbout(questions, sql, actual, difference);
        }

        if (capabilities.ReadsEncryptedOnly)
        {
            AskSecrets(questions, sql, actual);
        }

        if (ofMessages && capabilities.DamagesOldToolMessages && Repair(sql, actual) is { } repair)
        {
            questions.Add(new(RowAnswers.Messages, repair.Count));
            questions.Add(new(RowAnswers.MessagesCurable, repair.CountCurable));
        }

        return [.. questions.DistinctBy(q => q.Key)];
    }

    /// <summary>The repair of messages, where all columns are there that it is about.</summary>
    public static MessageDataRepair? Repair(SchemaSql sql, SchemaModel actual) =>
        actual.Table(LettaNames.Messages) is { } messages && MessageDataRepair.Columns.All(c => messages.Column(c) is not null)
            ? new MessageDataRepair(sql, messages.Column("tool_returns")!.Type == "jsonb" ? "jsonb" : "json")
            : null;

    private static void AskSequence(List<DataQuestion> questions, SchemaSql sql, SchemaModel actual)
    {
        if (actual.Table(LettaNames.Messages)?.Column(LettaNames.SequenceId) is not { } column)
        {
            return;
        }

        questions.Add(new(RowAnswers.HighestSequenceId, $"SELECT max(\"sequence_id\") FROM {sql.Name(LettaNames.Messages)}"));
        var sequences = actual.Sequences.Select(s => s.Name);
        foreach (var sequence in sequences.Where(s => s == LettaNames.MessageSequence || s == Sql.SequenceOf(column.Default)))
        {
            questions.Add(new(RowAnswers.NextOf(sequence), $"SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END FROM {sql.Name(sequence)}"));
        }
    }

    private static void AskAbout(List<DataQuestion> questions, SchemaSql sql, SchemaModel actual, Difference difference)
    {
        switch (difference)
        {
            case { Kind: LettaDriftKind.NullabilityDiffers, Table: { } table, ExpectedThing: SchemaColumn { NotNull: true } column }:
                questions.Add(new(RowAnswers.HasNulls(table, column.Name), $"SELECT EXISTS (SELECT FROM {sql.Name(table)} WHERE {Sql.Id(column.Name)} IS NULL)"));
                break;
            case { Kind: LettaDriftKind.MissingColumn, Table: { } table, ExpectedThing: SchemaColumn { NotNull: true, Default: null } }:
                questions.Add(new(RowAnswers.HasRows(table), $"SELECT EXISTS (SELECT FROM {sql.Name(table)})"));
                break;
            case { Kind: LettaDriftKind.MissingConstraint or LettaDriftKind.ConstraintDiffers, Table: { } table, ExpectedThing: SchemaKey key }
                when key.Columns.All(c => actual.Table(table)!.Column(c) is not null):
                var notNull = key.NullsNotDistinct ? "" : $" WHERE {string.Join(" AND ", key.Columns.Select(c => $"{Sql.Id(c)} IS NOT NULL"))}";
                questions.Add(new(
                    RowAnswers.HasDuplicates(table, key.Columns),
                    $"SELECT EXISTS (SELECT FROM {sql.Name(table)}{notNull} GROUP BY {Sql.Ids(key.Columns)} HAVING count(*) > 1)"));
                break;
            case { ExpectedThing: SchemaForeignKey key, Table: { } table }
                when difference.Kind is LettaDriftKind.MissingConstraint or LettaDriftKind.ConstraintDiffers or LettaDriftKind.NotValidConstraint
                    && key.Columns.All(c => actual.Table(table)!.Column(c) is not null)
                    && key.RefColumns.All(c => actual.Table(key.RefTable)?.Column(c) is not null):
                var isSet = string.Join(" AND ", key.Columns.Select(c => $"f.{Sql.Id(c)} IS NOT NULL"));
                var refers = string.Join(" AND ", key.Columns.Zip(key.RefColumns, (c, r) => $"r.{Sql.Id(r)} = f.{Sql.Id(c)}"));
                questions.Add(new(
                    RowAnswers.HasOrphans(table, key),
                    $"SELECT EXISTS (SELECT FROM {sql.Name(table)} AS f WHERE {isSet} AND NOT EXISTS (SELECT FROM {sql.Name(key.RefTable)} AS r WHERE {refers}))"));
                break;
        }
    }

    private static void AskSecrets(List<DataQuestion> questions, SchemaSql sql, SchemaModel actual)
    {
        var encrypted = new List<string>();
        foreach (var (table, plain, enc) in RowAnswers.Secrets)
        {
            if (actual.Table(table) is { } there && there.Column(plain) is not null && there.Column(enc) is not null)
            {
                questions.Add(new(RowAnswers.SecretCount(table, plain), $"SELECT count(*) FROM {sql.Name(table)} WHERE {RowAnswers.HasUnreadSecret(plain, enc)}"));
                encrypted.Add($"SELECT {Sql.Id(enc)} AS secret FROM {sql.Name(table)}");
            }
        }

        if (encrypted.Count > 0)
        {
            // Salt, nonce, tag and base64 make at least 60 characters of any secret; without a key the column holds it as it is.
            questions.Add(new(RowAnswers.Encrypted, $"SELECT EXISTS (SELECT FROM ({string.Join(" UNION ALL ", encrypted)}) AS s WHERE secret ~ '^[A-Za-z0-9+/]{{59,}}=*$')"));
        }
    }
}

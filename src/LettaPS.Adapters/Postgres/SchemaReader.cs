using LettaPS.Core.Schemas.Model;
using Npgsql;

namespace LettaPS.Adapters.Postgres;

/// <summary>Reads a schema from a connection, in one read-only transaction and three round trips.</summary>
internal static class SchemaReader
{
    private const int FirstWithCollationVersions = 150000;

    /// <summary>Reads it.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="ask">Looks at the catalog and says what to ask of the rows.</param>
    /// <param name="patience">Longest wait for each lock.</param>
    public static async Task<DatabaseSnapshot> ReadAsync(
        NpgsqlConnection connection, Func<DatabaseSnapshot, IReadOnlyList<DataQuestion>> ask, TimeSpan patience, CancellationToken cancellationToken)
    {
        var snapshot = await BeginAsync(connection, patience, cancellationToken).ConfigureAwait(false);
        if (snapshot.Schema is null)
        {
            await RunAsync(connection, cancellationToken, ("COMMIT", null)).ConfigureAwait(false);
            return snapshot;
        }

        var questions = ask(snapshot);
        RefuseUnlessReadable(snapshot, questions);
        var answers = await RunAsync(connection, cancellationToken, [.. questions.Select(q => ($"SELECT ({q.Sql})::text", (string?)null)), ("COMMIT", null)]).ConfigureAwait(false);
        return snapshot with { Answers = questions.Zip(answers).ToDictionary(p => p.First.Key, p => p.Second) };
    }

    /// <summary>Begins the transaction and reads the catalog.</summary>
    /// <param name="connection">An open connection; the transaction is left open on it.</param>
    /// <param name="patience">Longest wait for each lock.</param>
    public static async Task<DatabaseSnapshot> BeginAsync(NpgsqlConnection connection, TimeSpan patience, CancellationToken cancellationToken)
    {
        // The transaction begins inside the batch: statements of their own would be round trips of their own.
        var first = await RunAsync(
            connection,
            cancellationToken,
            ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", null),
            (TableLocks.Timeout("SET LOCAL", patience), null),
            (SchemaQueries.Server, SchemaJson.Write<IEnumerable<string>>(SchemaFingerprint.TableNames))).ConfigureAwait(false);
        var server = SchemaJson.Read<ServerFacts>(first[0]!);
        return SchemaFingerprint.Choose(server.Candidates) is { } schema
            ? await ReadCatalogAsync(connection, server, schema, cancellationToken).ConfigureAwait(false)
            : new DatabaseSnapshot { Server = server };
    }

    private static async Task<DatabaseSnapshot> ReadCatalogAsync(NpgsqlConnection connection, ServerFacts server, SchemaCandidate schema, CancellationToken cancellationToken)
    {
        var statements = new List<(string, string?)>
        {
            (SchemaQueries.Settings, server.SearchPath(schema.Name)),
            (SchemaQueries.Model, schema.Name),
            (SchemaQueries.Tables, schema.Name),
        };
        if (schema.HasAlembicVersion)
        {
            statements.Add(($"SELECT coalesce(json_agg(version_num), '[]')::text FROM {Sql.Id(schema.Name, LettaNames.AlembicVersion)}", null));
        }

        if (server.VersionNumber >= FirstWithCollationVersions)
        {
            statements.Add((SchemaQueries.Collation, null));
        }

        var read = await RunAsync(connection, cancellationToken, [.. statements]).ConfigureAwait(false);
        return new DatabaseSnapshot
        {
            Server = server,
            Schema = schema.Name,
            Model = SchemaJson.Read<SchemaModel>(read[1]!) with { Extensions = server.Extensions },
            Tables = SchemaJson.Read<IReadOnlyList<TableFacts>>(read[2]!),
            Revisions = schema.HasAlembicVersion ? [.. SchemaJson.Read<IEnumerable<string>>(read[3]!)] : [],
            Collation = server.VersionNumber >= FirstWithCollationVersions ? SchemaJson.Read<CollationVersions>(read[^1]!) : null,
        };
    }

    /// <summary>The catalog is for everybody, rows are not.</summary>
    private static void RefuseUnlessReadable(DatabaseSnapshot snapshot, IReadOnlyList<DataQuestion> questions)
    {
        if (questions.Count > 0 && snapshot.Tables.FirstOrDefault(t => !t.CanRead && SchemaFingerprint.TableNames.Contains(t.Name)) is { } table)
        {
            throw new LettaException(
                ErrorIds.DatabaseDenied,
                LettaErrorKind.Denied,
                $"The role '{snapshot.Server.Role}' has no permission to read the rows of '{table.Name}'.",
                $"Connect as '{table.Owner}', or compare only the schema: Compare-LettaSchema -SchemaOnly",
                table.Name);
        }
    }

    /// <summary>Runs statements in one round trip.</summary>
    /// <returns>The one value of each that gives rows, in their order.</returns>
    private static async Task<IReadOnlyList<string?>> RunAsync(NpgsqlConnection connection, CancellationToken cancellationToken, params (string Sql, string? Parameter)[] statements)
    {
        var batch = new NpgsqlBatch(connection);
        await using (batch.ConfigureAwait(false))
        {
            foreach (var (sql, parameter) in statements)
            {
                var command = new NpgsqlBatchCommand(sql);
                if (parameter is not null)
                {
                    command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = parameter });
                }

                batch.BatchCommands.Add(command);
            }

            var values = new List<string?>();
            var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                do
                {
                    while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                    {
                        values.Add(await reader.IsDBNullAsync(0, cancellationToken).ConfigureAwait(false) ? null : reader.GetString(0));
                    }
                }
                while (await reader.NextResultAsync(cancellationToken).ConfigureAwait(false));
            }

            return values;
        }
    }
}

using LettaPS.Core.Databases;
using LettaPS.Core.Releases;
using LettaPS.Core.Schemas.Model;
using Npgsql;

namespace LettaPS.Adapters.Postgres;

/// <summary>A database within one transaction that sees it as it was when that began.</summary>
internal sealed class DatabaseView : IDatabaseView
{
    private const string UserSchema = "nspname !~ '^pg_' AND nspname <> 'information_schema'";

    private readonly NpgsqlConnection _connection;
    private readonly DatabaseAddress _address;

    private DatabaseView(NpgsqlConnection connection, DatabaseAddress address, string snapshot, DatabaseFacts facts) =>
        (_connection, _address, Snapshot, Facts) = (connection, address, snapshot, facts);

    /// <inheritdoc/>
    public string Snapshot { get; }

    /// <inheritdoc/>
    public DatabaseFacts Facts { get; }

    /// <summary>Begins the transaction and reads all but the rows.</summary>
    public static async Task<DatabaseView> OpenAsync(NpgsqlConnection connection, DatabaseAddress address, CancellationToken cancellationToken)
    {
        try
        {
            using (var begin = new NpgsqlCommand("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", connection))
            {
                await begin.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            }

            var snapshot = await connection.ListAsync("SELECT pg_export_snapshot()", r => r.GetString(0), cancellationToken).ConfigureAwait(false);
            return new DatabaseView(connection, address, snapshot[0], await ReadAsync(connection, cancellationToken).ConfigureAwait(false));
        }
        catch (NpgsqlException e)
        {
            throw PostgresErrors.OfStatement(e, address, $"Reading {address} failed");
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<DatabaseTable>> CountAsync(CancellationToken cancellationToken)
    {
        try
        {
            // Tables of extensions are theirs to fill; partitions are counted one by one, as they are dumped.
            var tables = await _connection.ListAsync(
                $"""
                SELECT nspname::text, relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
                WHERE relkind = 'r' AND relpersistence <> 't' AND {UserSchema} AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
                ORDER BY 1, 2
                """,
                r => (Schema: r.GetString(0), Name: r.GetString(1)),
                cancellationToken).ConfigureAwait(false);
            var counts = new List<DatabaseTable>(tables.Count);
            foreach (var (schema, name) in tables)
            {
                var rows = await _connection.ListAsync($"SELECT count(*) FROM ONLY {Sql.Id(schema, name)}", r => r.GetInt64(0), cancellationToken).ConfigureAwait(false);
                counts.Add(new DatabaseTable(schema, name, rows[0]));
            }

            return counts;
        }
        catch (NpgsqlException e)
        {
            throw PostgresErrors.OfStatement(e, _address, $"Counting the rows of {_address} failed");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await _connection.DisposeAsync().ConfigureAwait(false);
        }
        catch (NpgsqlException)
        {
            // The server went away while the transaction was ended; whoever waited for an answer has been told so.
        }
    }

    private static async Task<DatabaseFacts> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        // to_jsonb hides which columns a version has: the provider of a locale came with 15, its name changed with 17.
        var database = (await connection.ListAsync(
            """
            SELECT datname::text, pg_get_userbyid(datdba)::text, pg_encoding_to_char(encoding)::text, datcollate::text, datctype::text, datconnlimit,
                   coalesce(to_jsonb(d) ->> 'datlocprovider', 'c'), coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale'),
                   datacl IS NULL
            FROM pg_database d WHERE datname = current_database()
            """,
            r => new DatabaseFacts
            {
                Name = r.GetString(0),
                Owner = r.GetString(1),
                Encoding = r.GetString(2),
                Collate = r.GetString(3),
                CType = r.GetString(4),
                ConnectionLimit = r.GetInt32(5),
                LocaleProvider = r.GetString(6) switch { "i" => "icu", "b" => "builtin", _ => "libc" },
                Locale = r.IsDBNull(7) ? null : r.GetString(7),
                Grants = r.GetBoolean(8) ? null : [],
            },
            cancellationToken).ConfigureAwait(false))[0];
        return database with
        {
            AlembicRevision = await ReadRevisionAsync(connection, cancellationToken).ConfigureAwait(false),
            Settings = await connection.ListAsync(
                """
                SELECT rolname::text, split_part(setting, '=', 1), substr(setting, strpos(setting, '=') + 1)
                FROM pg_db_role_setting s JOIN pg_database d ON d.oid = setdatabase LEFT JOIN pg_roles r ON r.oid = setrole, unnest(setconfig) setting
                WHERE datname = current_database() ORDER BY 1, 2
                """,
                r => new DatabaseSetting(r.IsDBNull(0) ? null : r.GetString(0), r.GetString(1), r.GetString(2)),
                cancellationToken).ConfigureAwait(false),
            Grants = database.Grants is null ? null : await connection.ListAsync(
                """
                SELECT rolname::text, privilege_type, is_grantable
                FROM pg_database d, aclexplode(datacl) a LEFT JOIN pg_roles r ON r.oid = grantee
                WHERE datname = current_database() AND grantee <> datdba ORDER BY 1, 2
                """,
                r => new DatabaseGrant(r.IsDBNull(0) ? null : r.GetString(0), r.GetString(1), r.GetBoolean(2)),
                cancellationToken).ConfigureAwait(false),
            Schemas = await connection.ListAsync(
                $"SELECT nspname::text, pg_get_userbyid(nspowner)::text FROM pg_namespace WHERE {UserSchema} ORDER BY 1",
                r => new DatabaseSchema(r.GetString(0), r.GetString(1)),
                cancellationToken).ConfigureAwait(false),
            Extensions = await connection.ListAsync(
                "SELECT extname::text, extversion, nspname::text FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace WHERE extname <> 'plpgsql' ORDER BY 1",
                r => new DatabaseExtension(r.GetString(0), r.GetString(1), r.GetString(2)),
                cancellationToken).ConfigureAwait(false),
            Owners = await connection.ListAsync(
                $"""
                SELECT DISTINCT pg_get_userbyid(owner)::text FROM (
                    SELECT relowner AS owner FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE {UserSchema}
                    UNION ALL SELECT nspowner FROM pg_namespace WHERE {UserSchema}
                    UNION ALL SELECT proowner FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace WHERE {UserSchema}) o ORDER BY 1
                """,
                r => r.GetString(0),
                cancellationToken).ConfigureAwait(false),
        };
    }

    /// <summary>
    /// The revision of Letta's own schema: other applications of the database may be managed by alembic too. Where a schema has hardly any of Letta's tables,
    /// as after a first migration that failed, a revision of Letta's is the proof.
    /// </summary>
    private static async Task<string?> ReadRevisionAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(SchemaQueries.Server, connection)
        {
            Parameters = { new NpgsqlParameter<string> { TypedValue = SchemaJson.Write<IEnumerable<string>>(SchemaFingerprint.TableNames) } },
        };
        var server = SchemaJson.Read<ServerFacts>((string)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!);
        if (SchemaFingerprint.Choose(server.Candidates) is { } schema)
        {
            return schema.HasAlembicVersion ? (await RevisionsAsync(schema.Name).ConfigureAwait(false)).FirstOrDefault() : null;
        }

        var tables = await connection.ListAsync(
            $"""
            SELECT nspname::text FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_attribute a ON attrelid = c.oid AND attname = 'version_num'
            WHERE relname = '{LettaNames.AlembicVersion}' AND relkind = 'r' AND {UserSchema} AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1
            """,
            r => r.GetString(0),
            cancellationToken).ConfigureAwait(false);
        foreach (var table in tables)
        {
            if ((await RevisionsAsync(table).ConfigureAwait(false)).FirstOrDefault(r => ReleaseCatalogue.PositionOf(r) >= 0) is { } revision)
            {
                return revision;
            }
        }

        return null;

        Task<List<string>> RevisionsAsync(string name) => connection.ListAsync(
            $"SELECT version_num::text FROM {Sql.Id(name, LettaNames.AlembicVersion)} WHERE version_num IS NOT NULL", r => r.GetString(0), cancellationToken);
    }
}

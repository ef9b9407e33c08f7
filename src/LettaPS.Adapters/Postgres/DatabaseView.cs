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
    public async Task<long?> CountAgentsAsync(CancellationToken cancellationToken)
    {
        try
        {
            // Another application may have agents too, but not with Letta's columns.
            var schemas = await _connection.ListAsync(
                $"""
                SELECT nspname::text FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
                WHERE relname = 'agents' AND relkind = 'r' AND {UserSchema}
                    AND (SELECT count(*) FROM pg_attribute WHERE attrelid = c.oid AND attname IN ('is_deleted', 'organization_id', 'message_ids')) = 3
                """,
                r => r.GetString(0),
                cancellationToken).ConfigureAwait(false);
            long? agents = null;
            foreach (var schema in schemas)
            {
                agents = (agents ?? 0)
                    + (await _connection.ListAsync($"SELECT count(*) FROM {Sql.Id(schema, "agents")} WHERE NOT is_deleted", r => r.GetInt64(0), cancellationToken).ConfigureAwait(false))[0];
            }

            return agents;
        }
        catch (NpgsqlException e)
        {
            throw PostgresErrors.OfStatement(e, _address, $"Counting the agents of {_address} failed");
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
                   datacl IS NULL, nullif(spcname, 'pg_default')::text
            FROM pg_database d JOIN pg_tablespace t ON t.oid = dattablespace WHERE datname = current_database()
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
                Tablespace = r.IsDBNull(9) ? null : r.GetString(9),
            },
            cancellationToken).ConfigureAwait(false))[0];
        var schemas = await connection.ListAsync(
            $"SELECT nspname::text, pg_get_userbyid(nspowner)::text, obj_description(oid, 'pg_namespace'), nspacl IS NOT NULL FROM pg_namespace WHERE {UserSchema} ORDER BY 1",
            r => (Name: r.GetString(0), Owner: r.GetString(1), Comment: r.IsDBNull(2) ? null : r.GetString(2), HasGrants: r.GetBoolean(3)),
            cancellationToken).ConfigureAwait(false);
        var schemaGrants = await connection.ListAsync(
            $"""
            SELECT nspname::text, rolname::text, privilege_type, is_grantable
            FROM pg_namespace, aclexplode(nspacl) a LEFT JOIN pg_roles r ON r.oid = grantee WHERE {UserSchema} ORDER BY 1, 2, 3
            """,
            r => (Schema: r.GetString(0), Grant: new DatabaseGrant(r.IsDBNull(1) ? null : r.GetString(1), r.GetString(2), r.GetBoolean(3))),
            cancellationToken).ConfigureAwait(false);

        // An entry without any privilege is one that takes PostgreSQL's own defaults away.
        var defaults = await connection.ListAsync(
            """
            SELECT pg_get_userbyid(defaclrole)::text, nspname::text,
                   CASE defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' ELSE 'LARGE OBJECTS' END,
                   a.privilege_type, a.is_grantable, g.rolname::text
            FROM pg_default_acl LEFT JOIN pg_namespace n ON n.oid = defaclnamespace
            LEFT JOIN LATERAL aclexplode(defaclacl) a ON true LEFT JOIN pg_roles g ON g.oid = a.grantee
            ORDER BY 1, 2, 3, 6, 4
            """,
            r => (Role: r.GetString(0), Schema: r.IsDBNull(1) ? null : r.GetString(1), ObjectType: r.GetString(2),
                Grant: r.IsDBNull(3) ? null : new DatabaseGrant(r.IsDBNull(5) ? null : r.GetString(5), r.GetString(3), r.GetBoolean(4))),
            cancellationToken).ConfigureAwait(false);
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
                WHERE datname = current_database() ORDER BY 1, 2
                """,
                r => new DatabaseGrant(r.IsDBNull(0) ? null : r.GetString(0), r.GetString(1), r.GetBoolean(2)),
                cancellationToken).ConfigureAwait(false),
            Schemas = [.. schemas.Select(schema => new DatabaseSchema(schema.Name, schema.Owner)
            {
                Comment = schema.Comment,
                Grants = schema.HasGrants ? [.. schemaGrants.Where(g => g.Schema == schema.Name).Select(g => g.Grant)] : null,
            })],
            Extensions = await connection.ListAsync(
                """
                SELECT extname::text, extversion, nspname::text, pg_get_userbyid(extowner)::text, obj_description(e.oid, 'pg_extension')
                FROM pg_extension e JOIN pg_namespace n ON n.oid = extnamespace WHERE extname <> 'plpgsql' ORDER BY 1
                """,
                r => new DatabaseExtension(r.GetString(0), r.GetString(1), r.GetString(2)) { Owner = r.GetString(3), Comment = r.IsDBNull(4) ? null : r.GetString(4) },
                cancellationToken).ConfigureAwait(false),
            DefaultPrivileges = [.. defaults.GroupBy(d => (d.Role, d.Schema, d.ObjectType)).Select(d =>
                new DatabaseDefaultPrivileges(d.Key.Role, d.Key.Schema, d.Key.ObjectType, [.. d.Where(g => g.Grant is not null).Select(g => g.Grant!)]))],
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

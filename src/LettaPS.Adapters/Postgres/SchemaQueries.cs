namespace LettaPS.Adapters.Postgres;

/// <summary>
/// The queries that read a schema from <c>pg_catalog</c>. Each gives one JSON document in the form of the records of Core that it is read into.
/// </summary>
internal static class SchemaQueries
{
    /// <summary>The server as a whole. A database that somebody made read-only is so although LettaPS's own sessions may write. $1: JSON array of the names that tables of Letta have.</summary>
    public const string Server = """
        SELECT json_build_object(
            'versionNumber', current_setting('server_version_num')::int,
            'role', current_user,
            'readOnly', pg_is_in_recovery() OR coalesce((
                SELECT split_part(setting, '=', 2)::bool
                FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) setting
                WHERE d.datname = current_database() AND s.setrole = 0 AND setting LIKE 'default_transaction_read_only=%'), false),
            'sessions', coalesce((
                SELECT json_agg(json_build_object(
                    'address', host(client_addr),
                    'text', concat_ws(' ', nullif(application_name, ''), 'from', coalesce(host(client_addr), 'the server itself'), 'as', usename)) ORDER BY backend_start)
                FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid() AND usesysid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend'
                    AND application_name IS DISTINCT FROM 'LettaPS'), '[]'),
            'hasTables', EXISTS (
                SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'),
            'candidates', coalesce((
                SELECT json_agg(json_build_object(
                    'name', s.nspname,
                    'tables', s.tables,
                    'searchPosition', array_position(current_schemas(false), s.nspname),
                    'hasAlembicVersion', EXISTS (
                        SELECT FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
                        WHERE c.relnamespace = s.oid AND c.relname = 'alembic_version' AND c.relkind = 'r' AND a.attname = 'version_num')))
                FROM (
                    SELECT n.oid, n.nspname, count(*) AS tables
                    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                    WHERE c.relkind IN ('r', 'p') AND c.relname IN (SELECT json_array_elements_text($1::json))
                    GROUP BY n.oid, n.nspname) AS s), '[]'),
            'extensions', coalesce((
                SELECT json_agg(json_build_object('name', e.extname, 'schema', n.nspname, 'version', e.extversion))
                FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname <> 'plpgsql'), '[]'),
            'availableExtensions', coalesce((
                SELECT json_agg(json_build_object('name', name, 'schema', NULL, 'version', default_version))
                FROM pg_available_extensions WHERE name = 'vector' OR name IN (SELECT extname FROM pg_extension WHERE extname <> 'plpgsql')), '[]'))::text
        """;

    /// <summary>The collation version that the database was made with and the one that the operating system has now. PostgreSQL 15 or newer.</summary>
    public const string Collation = """
        SELECT json_build_object('recorded', datcollversion, 'actual', pg_database_collation_actual_version(oid))::text
        FROM pg_database WHERE datname = current_database()
        """;

    /// <summary>
    /// What expressions and types are written relative to, so that the schema's own things have no schema in front. $1: the quoted names.
    /// The rest makes what is read independent of settings of the role.
    /// </summary>
    public const string Settings = """
        SELECT set_config('search_path', $1, true), set_config('standard_conforming_strings', 'on', true), set_config('quote_all_identifiers', 'off', true)
        """;

    /// <summary>What a schema has. $1: its name.</summary>
    public const string Model = """
        WITH keys AS (
            SELECT k.*, (
                SELECT json_agg(a.attname ORDER BY p.n)
                FROM unnest(k.conkey) WITH ORDINALITY AS p (attnum, n) JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.attnum) AS columns
            FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND k.contype IN ('p', 'u', 'f'))
        SELECT json_build_object(
            'tables', coalesce((SELECT json_agg(json_build_object(
                'name', c.relname,
                'columns', (
                    SELECT coalesce(json_agg(json_build_object(
                        'name', a.attname,
                        'type', format_type(a.atttypid, a.atttypmod),
                        'notNull', a.attnotnull,
                        'default', CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
                        'generated', a.attidentity <> '' OR a.attgenerated <> '') ORDER BY a.attnum), '[]')
                    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
                    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
                'primaryKey', (
                    SELECT json_build_object('name', k.conname, 'columns', k.columns, 'nullsNotDistinct', false)
                    FROM keys k WHERE k.conrelid = c.oid AND k.contype = 'p'),
                'uniques', (
                    SELECT coalesce(json_agg(json_build_object(
                        'name', k.conname, 'columns', k.columns,
                        'nullsNotDistinct', coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false)) ORDER BY k.conname), '[]')
                    FROM keys k JOIN pg_index i ON i.indexrelid = k.conindid WHERE k.conrelid = c.oid AND k.contype = 'u'),
                'foreignKeys', (
                    SELECT coalesce(json_agg(json_build_object(
                        'name', k.conname,
                        'columns', k.columns,
                        'refTable', CASE WHEN r.relnamespace = c.relnamespace THEN r.relname::text ELSE r.oid::regclass::text END,
                        'refColumns', (
                            SELECT json_agg(a.attname ORDER BY p.n)
                            FROM unnest(k.confkey) WITH ORDINALITY AS p (attnum, n) JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = p.attnum),
                        'onDelete', actions.names ->> k.confdeltype::text,
                        'onUpdate', actions.names ->> k.confupdtype::text,
                        'deferrable', k.condeferrable,
                        'deferred', k.condeferred,
                        'notValid', NOT k.convalidated) ORDER BY k.conname), '[]')
                    FROM keys k JOIN pg_class r ON r.oid = k.confrelid WHERE k.conrelid = c.oid AND k.contype = 'f'),
                'indexes', (
                    SELECT coalesce(json_agg(json_build_object(
                        'name', x.relname,
                        'unique', i.indisunique,
                        'definition', substr(pg_get_indexdef(i.indexrelid), 1 + length(format(
                            'CREATE %sINDEX %I ON %s%I.%I USING ',
                            CASE WHEN i.indisunique THEN 'UNIQUE ' END, x.relname, CASE WHEN c.relkind = 'p' THEN 'ONLY ' END, n.nspname, c.relname))),
                        'columns', (
                            SELECT coalesce(json_agg(a.attname ORDER BY p.n), '[]')
                            FROM unnest(i.indkey::int[]) WITH ORDINALITY AS p (attnum, n) JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.attnum),
                        'invalid', NOT i.indisvalid,
                        'building', EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid)) ORDER BY x.relname), '[]')
                    FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
                    WHERE i.indrelid = c.oid AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))),
                'checks', (
                    SELECT coalesce(json_agg(k.conname ORDER BY k.conname), '[]')
                    FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN ('c', 'x'))) ORDER BY c.relname)
                FROM pg_class c WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p')), '[]'),
            'enums', coalesce((
                SELECT json_agg(json_build_object(
                    'name', t.typname,
                    'values', (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid)) ORDER BY t.typname)
                FROM pg_type t WHERE t.typnamespace = n.oid AND t.typtype = 'e'), '[]'),
            'sequences', coalesce((
                SELECT json_agg(json_build_object(
                    'name', c.relname,
                    'type', format_type(s.seqtypid, NULL),
                    'ownedBy', (
                        SELECT o.relname || '.' || a.attname
                        FROM pg_depend d JOIN pg_class o ON o.oid = d.refobjid JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
                        LIMIT 1)) ORDER BY c.relname)
                FROM pg_class c JOIN pg_sequence s ON s.seqrelid = c.oid WHERE c.relnamespace = n.oid), '[]'),
            'extensions', '[]'::json)::text
        FROM pg_namespace n
        CROSS JOIN (SELECT '{"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}'::json AS names) AS actions
        WHERE n.nspname = $1
        """;

    /// <summary>Size, owner and rights of its tables. $1: its name.</summary>
    public const string Tables = """
        SELECT coalesce(json_agg(json_build_object(
            'name', c.relname,
            'bytes', greatest(c.relpages::bigint * current_setting('block_size')::bigint, pg_stat_get_live_tuples(c.oid) * 100),
            'owner', pg_get_userbyid(c.relowner),
            'canAlter', pg_has_role(c.relowner, 'USAGE'),
            'canRead', has_table_privilege(c.oid, 'SELECT'))), '[]')::text
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relkind IN ('r', 'p')
        """;
}

using System.Globalization;
using System.Text;
using LettaPS.Core.Connections;
using LettaPS.Core.Databases;
using LettaPS.Core.Schemas.Model;
using Npgsql;

namespace LettaPS.Adapters.Postgres;

/// <summary>The databases of a PostgreSQL server, with one connection to each that is worked on.</summary>
internal sealed class DatabaseCluster(DatabaseAddress address) : IDatabaseCluster
{
    private const int SwapAttempts = 5;
    private const int LockAttempts = 20;

    /// <summary>What PostgreSQL puts in the place of a database's connection limit when its removal is interrupted (since 11.21, 15.4).</summary>
    private const int InvalidLimit = -2;

    /// <summary>Raised within the swap where the new database is another run's.</summary>
    private const string NotOwned = "LT001";

    private static readonly TimeSpan s_lockInterval = TimeSpan.FromMilliseconds(500);

    private static readonly string[] s_maintenance = ["postgres", "template1"];

    private readonly Dictionary<string, PostgresSource> _sources = new(StringComparer.Ordinal);
    private IOpenTunnel? _tunnel;
    private string? _maintenance;

    /// <inheritdoc/>
    public async Task<ClusterState> ReadAsync(CancellationToken cancellationToken)
    {
        var maintenance = await MaintenanceAsync(cancellationToken).ConfigureAwait(false);

        // What a role may not create: PostgreSQL 12 has no trusted extensions, and no column that says so.
        var facts = await QueryAsync(
            maintenance,
            """
            SELECT current_setting('server_version_num')::int,
                   has_function_privilege('pg_control_system()', 'EXECUTE'),
                   ARRAY(SELECT rolname::text FROM pg_roles),
                   ARRAY(SELECT name::text FROM pg_available_extensions),
                   ARRAY(SELECT v.name::text FROM pg_available_extension_versions v JOIN pg_available_extensions e ON e.name = v.name AND e.default_version = v.version
                         WHERE v.superuser AND to_jsonb(v) ->> 'trusted' IS DISTINCT FROM 'true' AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)),
                   current_user::text
            """,
            r => (Version: r.GetInt32(0), MayIdentify: r.GetBoolean(1), Roles: r.GetFieldValue<string[]>(2), Extensions: r.GetFieldValue<string[]>(3),
                Denied: r.GetFieldValue<string[]>(4), Role: r.GetString(5)),
            cancellationToken).ConfigureAwait(false);

        // Asked for separately: the privilege is checked when the statement begins, whatever its conditions are.
        var identifier = !facts[0].MayIdentify ? null : (await QueryAsync(
            maintenance, "SELECT system_identifier::text FROM pg_control_system()", r => r.GetString(0), cancellationToken).ConfigureAwait(false))[0];
        var databases = await QueryAsync(
            maintenance,
            $"SELECT datname::text, shobj_description(oid, 'pg_database'), datconnlimit = {InvalidLimit} FROM pg_database WHERE NOT datistemplate ORDER BY datname",
            r => new ClusterDatabase(r.GetString(0), TextOrNull(r, 1)) { IsInvalid = r.GetBoolean(2) },
            cancellationToken).ConfigureAwait(false);
        return new ClusterState(facts[0].Version, identifier, databases, facts[0].Roles, facts[0].Extensions)
        {
            Role = facts[0].Role,
            DeniedExtensions = facts[0].Denied,
        };
    }

    /// <inheritdoc/>
    public async Task<IDatabaseLock> LockAsync(string database, CancellationToken cancellationToken)
    {
        var connection = await ConnectAsync(await MaintenanceAsync(cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                if (await DatabaseLock.TryTakeAsync(connection, database, cancellationToken).ConfigureAwait(false) is { } taken)
                {
                    return taken;
                }

                if (attempt == LockAttempts)
                {
                    throw DatabaseProblems.WorkRunning(database);
                }

                // The server may take a moment to notice that a process which held the lock was killed. Two that keep each other out try again at different times.
                await Task.Delay(s_lockInterval * (0.75 + (Random.Shared.NextDouble() / 2)), cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception e)
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            if (e is NpgsqlException npgsql)
            {
                throw PostgresErrors.OfStatement(npgsql, address, "The lock on the database could not be had");
            }

            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<IDatabaseView> ViewAsync(string database, CancellationToken cancellationToken)
    {
        var connection = await ConnectAsync(database, cancellationToken).ConfigureAwait(false);
        try
        {
            return await DatabaseView.OpenAsync(connection, Address(database), cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task CreateAsync(string name, DatabaseFacts like, string comment, CancellationToken cancellationToken)
    {
        var state = await ReadAsync(cancellationToken).ConfigureAwait(false);
        var create = new StringBuilder($"CREATE DATABASE {Sql.Id(name)} TEMPLATE template0 OWNER {Sql.Id(like.Owner)} ENCODING {Sql.Literal(like.Encoding)}");
        create.Append(CultureInfo.InvariantCulture, $" LC_COLLATE {Sql.Literal(like.Collate)} LC_CTYPE {Sql.Literal(like.CType)}");
        if (like.LocaleProvider != "libc" && like.Locale is not null)
        {
            create.Append(CultureInfo.InvariantCulture, $" LOCALE_PROVIDER {like.LocaleProvider} {(like.LocaleProvider == "icu" ? "ICU_LOCALE" : "BUILTIN_LOCALE")} {Sql.Literal(like.Locale)}");
        }

        if (like.Tablespace is not null)
        {
            create.Append(CultureInfo.InvariantCulture, $" TABLESPACE {Sql.Id(like.Tablespace)}");
        }

        await ExecuteAsync(
            null,
            $"The database '{name}' could not be made",
            [create.ToString()],
            cancellationToken,
            $"Let a superuser allow it: ALTER ROLE {Sql.Id(state.Role)} CREATEDB;").ConfigureAwait(false);
        await CommentAsync(name, null, comment, cancellationToken).ConfigureAwait(false);

        // All that a role may be refused is tried now, before anything is stopped. It is done again when the database is filled.
        await SetAsync(name, like, isFilled: false, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task FinishAsync(string name, DatabaseFacts like, CancellationToken cancellationToken)
    {
        await ForgetAsync(name).ConfigureAwait(false);
        await SetAsync(name, like, isFilled: true, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task LayOutAsync(string name, DatabaseFacts like, CancellationToken cancellationToken)
    {
        var state = await ReadAsync(cancellationToken).ConfigureAwait(false);
        var statements = new List<string>();
        if (like.Schemas.All(s => s.Name != "public"))
        {
            statements.Add("DROP SCHEMA public");
        }

        foreach (var schema in like.Schemas)
        {
            var owner = Sql.Id(state.Roles.Contains(schema.Owner) ? schema.Owner : like.Owner);
            statements.Add(schema.Name == "public" ? $"ALTER SCHEMA public OWNER TO {owner}" : $"CREATE SCHEMA {Sql.Id(schema.Name)} AUTHORIZATION {owner}");
            if (schema.Grants is not null)
            {
                statements.AddRange(GrantStatements($"SCHEMA {Sql.Id(schema.Name)}", schema.Owner, schema.Grants, state));
            }

            // Before PostgreSQL 15 the schema public is a superuser's, and the owner of the database may not comment on it.
            if (schema.Comment != (schema.Name == "public" ? "standard public schema" : null))
            {
                statements.Add($"COMMENT ON SCHEMA {Sql.Id(schema.Name)} IS {(schema.Comment is null ? "NULL" : Sql.Literal(schema.Comment))}");
            }
        }

        foreach (var extension in like.Extensions)
        {
            var create = $"CREATE EXTENSION {Sql.Id(extension.Name)} WITH SCHEMA {Sql.Id(extension.Schema)}";

            // It belongs to whoever makes it, and that cannot be changed afterwards. Where that role may not make it, it is better made by this one than not.
            statements.Add(extension.Owner is null || extension.Owner == state.Role || !state.Roles.Contains(extension.Owner) ? create : $"""
                DO $create$
                BEGIN
                    SET LOCAL ROLE {Sql.Id(extension.Owner)};
                    {create};
                    RESET ROLE;
                EXCEPTION WHEN insufficient_privilege THEN
                    {create};
                END
                $create$
                """);
            if (extension.Comment is not null)
            {
                statements.Add($"COMMENT ON EXTENSION {Sql.Id(extension.Name)} IS {Sql.Literal(extension.Comment)}");
            }
        }

        foreach (var defaults in like.DefaultPrivileges.Where(d => state.Roles.Contains(d.Role)))
        {
            var alter = $"ALTER DEFAULT PRIVILEGES FOR ROLE {Sql.Id(defaults.Role)}{(defaults.Schema is null ? string.Empty : $" IN SCHEMA {Sql.Id(defaults.Schema)}")}";
            if (defaults.Schema is null)
            {
                statements.Add($"{alter} REVOKE ALL ON {defaults.ObjectType} FROM PUBLIC, {Sql.Id(defaults.Role)}");
            }

            statements.AddRange(defaults.Grants.Where(g => g.Grantee is null || state.Roles.Contains(g.Grantee)).Select(g => $"{alter} GRANT {g.Privilege} ON {defaults.ObjectType} TO {GranteeText(g)}"));
        }

        await ExecuteAsync(name, $"The schemas of the database '{name}' could not be made", statements, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task DropPublicAsync(string name, CancellationToken cancellationToken) =>
        ExecuteAsync(name, $"The schema public of the database '{name}' could not be removed", ["DROP SCHEMA public"], cancellationToken);

    /// <inheritdoc/>
    public Task GiveAllAsync(string name, string owner, CancellationToken cancellationToken) => ExecuteAsync(
        name,
        $"What is in the database '{name}' could not be given to '{owner}'",
        [$"""
        DO $give$
        DECLARE statement text;
        BEGIN
            FOR statement IN
                SELECT format('ALTER SCHEMA %I OWNER TO %I', nspname, {Sql.Literal(owner)})
                FROM pg_namespace WHERE nspowner = (SELECT oid FROM pg_roles WHERE rolname = current_user) AND nspname !~ '^pg_' AND nspname <> 'information_schema'
                UNION ALL
                SELECT format('ALTER %s %s OWNER TO %I', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END,
                              c.oid::regclass, {Sql.Literal(owner)})
                FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('e', 'i', 'a'))
                UNION ALL
                SELECT format('ALTER TYPE %s OWNER TO %I', t.oid::regtype, {Sql.Literal(owner)})
                FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
                WHERE t.typtype IN ('e', 'd') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')
                UNION ALL
                SELECT format('ALTER ROUTINE %s OWNER TO %I', p.oid::regprocedure, {Sql.Literal(owner)})
                FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
                  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
            LOOP
                EXECUTE statement;
            END LOOP;
        END
        $give$
        """],
        cancellationToken);

    /// <inheritdoc/>
    public Task AnalyzeAsync(string name, CancellationToken cancellationToken) => ExecuteAsync(name, $"The statistics of the database '{name}' could not be made", ["ANALYZE"], cancellationToken);

    /// <inheritdoc/>
    public async Task CommentAsync(string name, string? expected, string? comment, CancellationToken cancellationToken)
    {
        try
        {
            await ExecuteAsync(
                null, $"The comment of the database '{name}' could not be changed", ["BEGIN", EnsureCommentSql(name, expected), CommentText(name, comment), "COMMIT"], cancellationToken).ConfigureAwait(false);
        }
        catch (LettaException e) when (e.InnerException is PostgresException { SqlState: NotOwned })
        {
            throw DatabaseProblems.LockLost(name, e);
        }
    }

    /// <inheritdoc/>
    public async Task RenameAsync(string name, string newName, CancellationToken cancellationToken)
    {
        await ForgetAsync(name).ConfigureAwait(false);
        await ExecuteAsync(
            null, $"The database '{name}' could not be renamed", [$"ALTER DATABASE {Sql.Id(name)} RENAME TO {Sql.Id(newName)}"], cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task SwapAsync(string name, string replacement, string? keepAs, string? keptComment, string expected, string comment, CancellationToken cancellationToken)
    {
        await ForgetAsync(name).ConfigureAwait(false);
        await ForgetAsync(replacement).ConfigureAwait(false);
        var attempts = 0;
        while (true)
        {
            try
            {
                var statements = new List<string>
                {
                    "BEGIN",
                    TerminateSql(name, replacement),
                };
                if (keepAs is not null)
                {
                    statements.Add($"ALTER DATABASE {Sql.Id(name)} RENAME TO {Sql.Id(keepAs)}");
                    statements.Add(CommentText(keepAs, keptComment));
                }

                statements.Add($"ALTER DATABASE {Sql.Id(replacement)} RENAME TO {Sql.Id(name)}");

                statements.Add(EnsureCommentSql(name, expected));
                statements.Add(CommentText(name, comment));
                statements.Add("COMMIT");
                await ExecuteAsync(null, $"The database '{name}' could not be replaced", statements, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (LettaException e) when (e.InnerException is PostgresException { SqlState: NotOwned })
            {
                throw DatabaseProblems.LockLost(name, e);
            }
            catch (LettaException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.ObjectInUse })
            {
                await RefuseIfHopelessAsync(name, isLast: ++attempts == SwapAttempts, e, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <inheritdoc/>
    public async Task DropAsync(string name, CancellationToken cancellationToken)
    {
        await ForgetAsync(name).ConfigureAwait(false);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                // Not WITH (FORCE): only a superuser could force out an autovacuum worker, which PostgreSQL sends away by itself.
                await ExecuteAsync(
                    null, $"The database '{name}' could not be removed", [TerminateSql(name), $"DROP DATABASE IF EXISTS {Sql.Id(name)}"], cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (LettaException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.ObjectInUse })
            {
                await RefuseIfHopelessAsync(name, isLast: attempt == SwapAttempts, e, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <inheritdoc/>
    public async Task DropUnusedAsync(string name, CancellationToken cancellationToken)
    {
        await ForgetAsync(name).ConfigureAwait(false);
        try
        {
            await ExecuteAsync(
                null,
                $"The database '{name}' could not be removed",
                [$"DROP DATABASE {Sql.Id(name)}"],
                cancellationToken,
                $"Connect as the owner of the database '{name}' or as a superuser.").ConfigureAwait(false);
        }
        catch (LettaException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.ObjectInUse } cause)
        {
            // Where nobody is to be seen, it is a prepared transaction, a replication slot or a subscription, which PostgreSQL names.
            var sessions = await ListSessionsAsync(name, cancellationToken).ConfigureAwait(false);
            throw DatabaseProblems.KeptInUse(name, sessions.Count > 0 ? sessions : [cause.Detail ?? cause.MessageText]);
        }
    }

    /// <inheritdoc/>
    public async Task<long?> MeasureAsync(string name, CancellationToken cancellationToken) => (await QueryAsync(
        null,
        $"""
        SELECT CASE WHEN has_database_privilege(oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'MEMBER') THEN pg_database_size(oid) END
        FROM pg_database WHERE datname = {Sql.Literal(name)}
        """,
        r => r.IsDBNull(0) ? null : (long?)r.GetInt64(0),
        cancellationToken).ConfigureAwait(false)).FirstOrDefault();

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> ListSessionsAsync(string name, CancellationToken cancellationToken) => await QueryAsync(
        null,
        $"""
        SELECT {SessionText}
        FROM pg_stat_activity WHERE datname = {Sql.Literal(name)} AND {IsClient} AND application_name IS DISTINCT FROM '{PostgresSource.ApplicationName}'
        """,
        r => r.GetString(0),
        cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var source in _sources.Values)
        {
            await source.DisposeAsync().ConfigureAwait(false);
        }

        if (_tunnel is not null)
        {
            await _tunnel.DisposeAsync().ConfigureAwait(false);
        }
    }

    private const string SessionText =
        "CASE WHEN backend_type IS NULL THEN 'a session as ' || usename ELSE concat_ws(' ', nullif(application_name, ''), 'from', coalesce(host(client_addr), 'the server itself'), 'as', usename) END";

    // What a session of another role does is hidden from those who are no superusers, its kind included. Workers of PostgreSQL's own have no role.
    private const string IsClient = "pid <> pg_backend_pid() AND usesysid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend'";

    // Of a superuser's sessions only a superuser may end one, and trying to would fail.
    private const string MayTerminate =
        "((SELECT rolsuper FROM pg_roles WHERE rolname = current_user) OR ((pg_has_role(usesysid, 'MEMBER') OR pg_has_role('pg_signal_backend', 'MEMBER'))"
        + " AND NOT (SELECT rolsuper FROM pg_roles r WHERE r.oid = usesysid)))";

    private static string TerminateSql(params IEnumerable<string> names) =>
        $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN ({string.Join(", ", names.Select(Sql.Literal))}) AND {IsClient} AND {MayTerminate}";

    private static string? TextOrNull(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    /// <summary>A statement that fails where a database has another comment. Until the transaction ends, no other LettaPS changes it.</summary>
    private static string EnsureCommentSql(string name, string? expected) => $"""
        DO $owned$
        BEGIN
            PERFORM pg_advisory_xact_lock(hashtextextended('LettaPS comment', 0));
            IF shobj_description((SELECT oid FROM pg_database WHERE datname = {Sql.Literal(name)}), 'pg_database') IS DISTINCT FROM {(expected is null ? "NULL" : Sql.Literal(expected))} THEN
                RAISE EXCEPTION 'The database is not of this run.' USING ERRCODE = '{NotOwned}';
            END IF;
        END
        $owned$
        """;

    private static string CommentText(string name, string? comment) => $"COMMENT ON DATABASE {Sql.Id(name)} IS {(comment is null ? "NULL" : Sql.Literal(comment))}";

    /// <remarks>PostgreSQL keeps a list of names, such as a search path, as the text of that list; given back as one quoted text it would be one name.</remarks>
    private static string SettingText(DatabaseSetting setting) => setting.Name is "search_path" or "temp_tablespaces" or "session_preload_libraries" or "local_preload_libraries"
        ? $"{Sql.Id(setting.Name)} TO {setting.Value}"
        : $"{string.Join('.', setting.Name.Split('.').Select(Sql.Id))} TO {Sql.Literal(setting.Value)}";

    private static string GranteeText(DatabaseGrant grant) =>
        $"{(grant.Grantee is null ? "PUBLIC" : Sql.Id(grant.Grantee))}{(grant.Grantable ? " WITH GRANT OPTION" : string.Empty)}";

    /// <summary>Statements that give an object exactly these privileges. What is meant for roles that this server does not have counts for nobody here.</summary>
    private static IEnumerable<string> GrantStatements(string target, string owner, IReadOnlyList<DatabaseGrant> grants, ClusterState state)
    {
        // A manifest of an older LettaPS does not tell the owner's.
        var revokeFromOwner = state.Roles.Contains(owner) && grants.Any(g => g.Grantee == owner) ? $", {Sql.Id(owner)}" : string.Empty;
        return [$"REVOKE ALL ON {target} FROM PUBLIC{revokeFromOwner}",
            .. grants.Where(g => g.Grantee is null || state.Roles.Contains(g.Grantee)).Select(g => $"GRANT {g.Privilege} ON {target} TO {GranteeText(g)}")];
    }

    /// <summary>Gives a database what is set for it as a whole.</summary>
    private async Task SetAsync(string name, DatabaseFacts like, bool isFilled, CancellationToken cancellationToken)
    {
        var state = await ReadAsync(cancellationToken).ConfigureAwait(false);
        var database = $"DATABASE {Sql.Id(name)}";
        var settings = like.Settings.Where(s => s.Role is null || state.Roles.Contains(s.Role))
            .Where(s => isFilled || s.Name != "default_transaction_read_only").ToList();
        foreach (var setting in settings)
        {
            await ExecuteAsync(
                null,
                $"The setting '{setting.Name}' of the database '{name}' could not be made",
                [$"ALTER {(setting.Role is null ? database : $"ROLE {Sql.Id(setting.Role)} IN {database}")} SET {SettingText(setting)}"],
                cancellationToken,
                $"Connect as a superuser, or let one allow it: GRANT SET ON PARAMETER {setting.Name} TO {Sql.Id(state.Role)};").ConfigureAwait(false);
        }

        IEnumerable<string> statements = like.Grants is null ? [] : GrantStatements(database, isFilled ? like.Owner : string.Empty, like.Grants, state);
        if (isFilled && like.ConnectionLimit >= 0)
        {
            statements = [.. statements, $"ALTER {database} CONNECTION LIMIT {like.ConnectionLimit.ToString(CultureInfo.InvariantCulture)}"];
        }

        await ExecuteAsync(null, $"The privileges of the database '{name}' could not be granted", [.. statements], cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Somebody is connected to a database after PostgreSQL has waited for all to leave. Those who could be terminated may be gone in the next attempt.</summary>
    private async Task RefuseIfHopelessAsync(string name, bool isLast, LettaException cause, CancellationToken cancellationToken)
    {
        var sessions = await QueryAsync(
            null,
            $"SELECT {SessionText}, pid, {MayTerminate} FROM pg_stat_activity WHERE datname = {Sql.Literal(name)} AND {IsClient}",
            r => (Text: r.GetString(0), Process: r.GetInt32(1), MayTerminate: r.GetBoolean(2)),
            cancellationToken).ConfigureAwait(false);
        if (sessions.Where(s => !s.MayTerminate).ToList() is { Count: > 0 } denied)
        {
            throw new LettaException(
                ErrorIds.DatabaseInUse,
                LettaErrorKind.Denied,
                $"The role '{address.User}' may not terminate these sessions of the database '{name}': {string.Join(", ", denied.Select(s => s.Text))}.",
                $"Let a superuser terminate them: {string.Join(' ', denied.Select(s => $"SELECT pg_terminate_backend({s.Process});"))}",
                name,
                cause);
        }

        if (isLast)
        {
            throw new LettaException(
                ErrorIds.DatabaseInUse,
                LettaErrorKind.Conflict,
                $"Other programs keep connecting to the database '{name}': {string.Join(", ", sessions.Select(s => s.Text))}.",
                "Stop those programs, then run the command again: SELECT pid, application_name, client_addr FROM pg_stat_activity",
                name,
                cause);
        }
    }

    /// <summary>
    /// Where statements about databases are given from: a database can be neither renamed nor removed by somebody connected to it. Not every role may
    /// connect to the database that is there for it.
    /// </summary>
    private async Task<string> MaintenanceAsync(CancellationToken cancellationToken)
    {
        if (_maintenance is not null)
        {
            return _maintenance;
        }

        LettaException? denied = null;
        foreach (var database in s_maintenance.Where(d => d != address.Database))
        {
            denied = await TryAsync(database).ConfigureAwait(false) ?? denied;
            if (_maintenance is not null)
            {
                return _maintenance;
            }
        }

        // What begins with the name of the database is, or was, in the place of it.
        var others = await QueryAsync(
            address.Database,
            """
            SELECT datname::text FROM pg_database
            WHERE datallowconn AND NOT datistemplate AND NOT starts_with(datname, current_database()) AND has_database_privilege(oid, 'CONNECT') ORDER BY 1
            """,
            r => r.GetString(0),
            cancellationToken).ConfigureAwait(false);
        foreach (var database in others)
        {
            await TryAsync(database).ConfigureAwait(false);
            if (_maintenance is not null)
            {
                return _maintenance;
            }
        }

        throw new LettaException(
            ErrorIds.DatabaseDenied,
            LettaErrorKind.Denied,
            $"The role '{address.User}' cannot connect to any database other than '{address.Database}', and a database cannot be replaced from within.",
            $"Let a superuser allow it: GRANT CONNECT ON DATABASE postgres TO {Sql.Id(address.User)};",
            address,
            denied);

        async Task<LettaException?> TryAsync(string database)
        {
            try
            {
                await (await ConnectAsync(database, cancellationToken).ConfigureAwait(false)).DisposeAsync().ConfigureAwait(false);
                _maintenance = database;
                return null;
            }
            catch (LettaException e) when (e.InnerException is PostgresException
            { SqlState: PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.InvalidCatalogName or PostgresErrorCodes.InvalidAuthorizationSpecification })
            {
                await ForgetAsync(database).ConfigureAwait(false);
                return e;
            }
        }
    }

    private DatabaseAddress Address(string database)
    {
        var other = address.WithDatabase(database);
        return _tunnel is null ? other : other.Through(new HeldTunnel(_tunnel));
    }

    private async Task<NpgsqlConnection> ConnectAsync(string database, CancellationToken cancellationToken)
    {
        if (!_sources.TryGetValue(database, out var source))
        {
            _tunnel ??= address.Tunnel is null ? null : await address.Tunnel.OpenAsync(address, cancellationToken).ConfigureAwait(false);
            _sources[database] = source = await PostgresSource.OpenAsync(Address(database), cancellationToken).ConfigureAwait(false);
        }

        return await source.ConnectAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Closes what is open to a database, which is about to get another name or to go.</summary>
    private async Task ForgetAsync(string database)
    {
        if (_sources.Remove(database, out var source))
        {
            await source.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Asks a database, or the maintenance database if none is named.</summary>
    private async Task<List<T>> QueryAsync<T>(string? database, string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        var connection = await ConnectAsync(database ?? await MaintenanceAsync(cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            try
            {
                return await connection.ListAsync(sql, read, cancellationToken).ConfigureAwait(false);
            }
            catch (NpgsqlException e)
            {
                throw PostgresErrors.OfStatement(e, address, "Reading the databases of the server failed");
            }
        }
    }

    /// <summary>Executes statements in a database, or in the maintenance database if none is named.</summary>
    private async Task ExecuteAsync(string? database, string what, IReadOnlyList<string> statements, CancellationToken cancellationToken, string? deniedAction = null)
    {
        var connection = await ConnectAsync(database ?? await MaintenanceAsync(cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            try
            {
                foreach (var statement in statements)
                {
                    using var command = new NpgsqlCommand(statement, connection);
                    await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
                }
            }
            catch (NpgsqlException e)
            {
                throw PostgresErrors.OfStatement(e, address, what, deniedAction);
            }
        }
    }

    /// <summary>A way that is open already and is closed by somebody else.</summary>
    private sealed class HeldTunnel(IOpenTunnel tunnel) : IDatabaseTunnel, IOpenTunnel
    {
        public System.Net.IPEndPoint NearEnd => tunnel.NearEnd;

        public Task<IOpenTunnel> OpenAsync(DatabaseAddress address, CancellationToken cancellationToken) => Task.FromResult<IOpenTunnel>(this);

        public ValueTask DisposeAsync() => default;
    }
}

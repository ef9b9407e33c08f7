using LettaPS.Adapters.Postgres;
using LettaPS.Core.Databases.Dumps;
using LettaPS.Core.Databases.Hosts;
using LettaPS.Core.Databases.Swap;
using LettaPS.TestKit;
using Npgsql;

namespace LettaPS.Adapters.Tests.Postgres;

/// <summary>One owner at a time, and a database that comes back with all that it had, on a real server.</summary>
public sealed class OwnershipTests : IAsyncLifetime
{
    /// <summary>Ends the session that has the lock on the test's own database.</summary>
    private string EndHolderSql =>
        $"SELECT pg_terminate_backend(pid)::text FROM pg_locks WHERE locktype = 'advisory' AND ((classid::bigint << 32) | objid::bigint) = hashtextextended('LettaPS {_database.Name}', 0)";

    private readonly CancellationToken _cancel = TestContext.Current.CancellationToken;
    private readonly AdapterFactory _factory = new();
    private PostgresDatabase _database = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await (await PostgresServer.GetAsync(15)).CreateDatabaseAsync();
        await _database.ExecuteAsync("CREATE TABLE marks (word text); INSERT INTO marks VALUES ('old')");
    }

    public async ValueTask DisposeAsync()
    {
        if (_database is null)
        {
            return;
        }

        foreach (var name in await LeftAsync("%"))
        {
            await _database.ExecuteAsync($"DROP DATABASE \"{name}\" WITH (FORCE)");
        }

        await _database.DisposeAsync();
        await _database.Server.ExecuteAsync("postgres", $"DROP TABLESPACE IF EXISTS {_database.Name}_space");
    }

    [Fact]
    public async Task A_session_that_was_ended_holds_the_lock_no_longer()
    {
        await using var cluster = new DatabaseCluster(DatabaseAddress.Parse(_database.Uri("postgres")));
        await using var held = await cluster.LockAsync(_database.Name, _cancel);
        Assert.True(await held.IsHeldAsync(_cancel));

        await _database.ListAsync(EndHolderSql);

        Assert.False(await held.IsHeldAsync(_cancel));
    }

    [Fact]
    public async Task The_lock_counts_for_those_who_hold_it_in_another_database_too()
    {
        await using var connection = await _database.ConnectAsync();
        await using var command = new NpgsqlCommand($"SELECT pg_advisory_lock(hashtextextended('LettaPS {_database.Name}', 0))", connection);
        await command.ExecuteNonQueryAsync(_cancel);
        await using var other = await _database.ConnectAsync();

        Assert.Null(await DatabaseLock.TryTakeAsync(other, _database.Name, _cancel));
        Assert.NotNull(await DatabaseLock.TryTakeAsync(other, _database.Name + "2", _cancel));
    }

    [Fact]
    public async Task A_comment_is_changed_and_a_database_swapped_in_only_by_its_owner()
    {
        var other = _database.Name + "_lettaps_new";
        await using var cluster = new DatabaseCluster(DatabaseAddress.Parse(_database.Uri("postgres")));
        await using (var view = await cluster.ViewAsync(_database.Name, _cancel))
        {
            await cluster.CreateAsync(other, view.Facts, "of the other's", _cancel);
        }

        var comment = await Assert.ThrowsAsync<LettaException>(() => cluster.CommentAsync(other, "mine", "mine too", _cancel));
        var swap = await Assert.ThrowsAsync<LettaException>(() => cluster.SwapAsync(_database.Name, other, _database.Name + "_old", null, "mine", "in place", _cancel));

        Assert.Equal(("DatabaseLockFailed", "DatabaseLockFailed"), (comment.ErrorId, swap.ErrorId));
        var state = await cluster.ReadAsync(_cancel);
        Assert.Equal("of the other's", state.Find(other)?.Comment);
        Assert.Equal(["old"], await _database.ListAsync("SELECT word FROM marks"));
    }

    /// <summary>The first run loses its session at a step, and the second one takes over and finishes before the first one goes on.</summary>
    [Fact]
    public async Task A_run_that_loses_the_lock_at_any_step_changes_nothing_of_the_run_that_took_over()
    {
        for (var at = 1; ; at++)
        {
            await _database.ExecuteAsync("CREATE TABLE IF NOT EXISTS marks (word text)");
            var count = 0;
            var reached = false;
            LettaDatabaseReplacement? second = null;
            var first = Record.ExceptionAsync(() => new DatabaseReset(Host(), TimeProvider.System).RunAsync(
                _database.Name,
                keepOld: false,
                step =>
                {
                    if (++count == at)
                    {
                        reached = true;
                        second = Task.Run(
                            async () =>
                            {
                                await _database.ListAsync(EndHolderSql);
                                return await new DatabaseReset(Host(), TimeProvider.System).RunAsync(_database.Name, keepOld: true, null, _cancel);
                            },
                            _cancel).GetAwaiter().GetResult();
                    }
                },
                _cancel));
            var failure = await first;
            if (!reached)
            {
                Assert.Null(failure);
                Assert.True(at > 6);
                return;
            }

            Assert.True(failure is null or LettaException { ErrorId: "DatabaseLockFailed" }, failure?.ToString());
            Assert.NotNull(second!.Previous);
            Assert.Contains(second.Previous, await LeftAsync("_before_%"));
            Assert.Empty(await LeftAsync("%lettaps%"));
            Assert.Equal(0L, await _database.QueryAsync<long>("SELECT count(*) FROM pg_class WHERE relname = 'marks'"));
        }
    }

    [Fact]
    public async Task A_reset_leaves_the_database_as_it_was_in_all_but_its_contents()
    {
        await EquipAsync();
        var before = await CatalogAsync();

        await new DatabaseReset(Host(), TimeProvider.System).RunAsync(_database.Name, keepOld: false, null, _cancel);

        Assert.Equal(before, await CatalogAsync());
        await using var letta = await _database.ConnectAsync("letta");
        foreach (var statement in new[] { "SET default_transaction_read_only = off", "CREATE TABLE public.made ()", "CREATE TABLE app.made ()" })
        {
            await using var command = new NpgsqlCommand(statement, letta);
            await command.ExecuteNonQueryAsync(_cancel);
        }
    }

    [Fact]
    public async Task A_restore_leaves_the_database_as_it_was()
    {
        using var folder = new TempFolder();
        await EquipAsync();
        var before = await CatalogAsync();
        var host = Host();
        await using (var site = await host.OpenAsync(_cancel))
        {
            await new DatabaseDump(site, TimeProvider.System).TakeAsync(new DumpRequest(folder["a.dump"], _database.Name, DumpFormat.Custom, false, "test", null, null), null, _cancel);
        }

        var restore = new DumpRestore(host, TimeProvider.System);
        var manifest = await restore.CheckAsync(folder["a.dump"], _database.Name, force: true, null, _cancel);
        await restore.RunAsync(folder["a.dump"], manifest, _database.Name, removeOld: true, force: true, null, null, _cancel);

        Assert.Equal(before, await CatalogAsync());
        Assert.Equal(["old"], await _database.ListAsync("SELECT word FROM marks"));
    }

    private AddressDatabaseHost Host() => new(DatabaseAddress.Parse(_database.Uri("postgres")), _factory);

    private Task<IReadOnlyList<string>> LeftAsync(string pattern) => _database.ListAsync(
        $"SELECT datname::text FROM pg_database WHERE starts_with(datname, '{_database.Name}_') AND datname LIKE '{_database.Name}' || '{(pattern.StartsWith('%') ? pattern : pattern.Replace("_", "\\_", StringComparison.Ordinal))}'");

    /// <summary>Gives the database every property that it can have besides its rows.</summary>
    private async Task EquipAsync()
    {
        var name = _database.Name;
        NpgsqlConnection.ClearAllPools();
        await using (var server = new NpgsqlConnection(_database.Server.ConnectionString("postgres")))
        {
            await server.OpenAsync(_cancel);
            foreach (var statement in new[]
            {
                "SET allow_in_place_tablespaces = on", $"CREATE TABLESPACE {name}_space LOCATION ''", $"ALTER DATABASE {name} SET TABLESPACE {name}_space",
            })
            {
                await using var command = new NpgsqlCommand(statement, server);
                await command.ExecuteNonQueryAsync(_cancel);
            }
        }

        await _database.ExecuteAsync("DO $$ BEGIN CREATE ROLE lettaps_reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$");
        await _database.ExecuteAsync(
            $"""
            CREATE SCHEMA app AUTHORIZATION letta; CREATE SCHEMA closed AUTHORIZATION postgres;
            COMMENT ON SCHEMA app IS 'it''s the \ application';
            CREATE EXTENSION citext WITH SCHEMA app; COMMENT ON EXTENSION citext IS 'ours';
            GRANT ALL ON SCHEMA public TO letta;
            GRANT USAGE ON SCHEMA app TO lettaps_reader WITH GRANT OPTION; GRANT USAGE ON SCHEMA public TO lettaps_reader;
            REVOKE USAGE ON SCHEMA public FROM PUBLIC;
            ALTER DEFAULT PRIVILEGES FOR ROLE letta IN SCHEMA app GRANT SELECT ON TABLES TO lettaps_reader;
            ALTER DEFAULT PRIVILEGES FOR ROLE letta GRANT USAGE ON SEQUENCES TO lettaps_reader WITH GRANT OPTION;
            ALTER DEFAULT PRIVILEGES FOR ROLE letta REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
            GRANT CONNECT, TEMPORARY ON DATABASE {name} TO lettaps_reader; REVOKE ALL ON DATABASE {name} FROM PUBLIC;
            COMMENT ON DATABASE {name} IS 'my agents';
            ALTER DATABASE {name} CONNECTION LIMIT 23;
            ALTER DATABASE {name} SET search_path TO app, public; ALTER DATABASE {name} SET log_min_duration_statement = 250;
            ALTER DATABASE {name} SET session_preload_libraries TO 'auto_explain';
            ALTER ROLE letta IN DATABASE {name} SET work_mem = '7MB';
            ALTER DATABASE {name} SET default_transaction_read_only = on
            """);
    }

    private async Task<string> CatalogAsync() => string.Join('\n', await _database.ListAsync(
        """
        SELECT concat_ws(' | ', 'database', pg_get_userbyid(datdba), datcollate, datctype, datconnlimit, spcname,
                         (SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(datacl) a), shobj_description(d.oid, 'pg_database'))
        FROM pg_database d JOIN pg_tablespace t ON t.oid = dattablespace WHERE datname = current_database()
        UNION ALL
        SELECT concat_ws(' | ', 'setting', rolname, array_to_string(ARRAY(SELECT unnest(setconfig) ORDER BY 1), ', '))
        FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase LEFT JOIN pg_roles r ON r.oid = setrole WHERE datname = current_database()
        UNION ALL
        SELECT concat_ws(' | ', 'schema', nspname, pg_get_userbyid(nspowner), (SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(nspacl) a), obj_description(oid, 'pg_namespace'))
        FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
        UNION ALL
        SELECT concat_ws(' | ', 'extension', extname, extversion, extnamespace::regnamespace, obj_description(oid, 'pg_extension')) FROM pg_extension
        UNION ALL
        SELECT concat_ws(' | ', 'defaults', pg_get_userbyid(defaclrole), CASE WHEN defaclnamespace <> 0 THEN defaclnamespace::regnamespace::text END, defaclobjtype,
                         (SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(defaclacl) a)) FROM pg_default_acl
        ORDER BY 1
        """));
}

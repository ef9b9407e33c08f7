using LettaPS.Adapters.Postgres;
using LettaPS.Core.Databases;
using LettaPS.Core.Databases.Dumps;
using LettaPS.Core.Databases.Hosts;
using LettaPS.Core.Databases.Swap;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Postgres;

/// <summary>Whole databases as a superuser.</summary>
public sealed class DatabaseClusterAsSuperuserTests() : DatabaseClusterTests("postgres");

/// <summary>Whole databases as the role that owns them, may make databases, and nothing else.</summary>
public sealed class DatabaseClusterAsOwnerTests() : DatabaseClusterTests("letta");

/// <summary>Whole databases on a real server, with the client programs of this machine.</summary>
public abstract class DatabaseClusterTests(string role) : IAsyncLifetime
{
    /// <summary>One that the role may create: Debian's pgvector is not declared trusted.</summary>
    private string Extension => role == "postgres" ? "vector" : "citext";

    private readonly CancellationToken _cancel = TestContext.Current.CancellationToken;
    private PostgresDatabase _database = null!;
    private DatabaseAddress _address = null!;

    public async ValueTask InitializeAsync()
    {
        // The client programs of Debian 12 are of version 15, and must not be older than the server.
        var server = await PostgresServer.GetAsync(15);
        _database = await server.CreateDatabaseAsync();
        _address = DatabaseAddress.Parse(_database.Uri(role));
    }

    public ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return _database?.DisposeAsync() ?? default;
    }

    [Fact]
    public async Task Everything_that_no_dump_carries_is_read()
    {
        await _database.ExecuteAsync(
            $"""
            CREATE SCHEMA mine AUTHORIZATION letta; CREATE EXTENSION vector WITH SCHEMA mine; DROP SCHEMA public;
            ALTER DATABASE {_database.Name} SET search_path TO mine, "two words";
            ALTER ROLE letta IN DATABASE {_database.Name} SET work_mem = '7MB';
            REVOKE ALL ON DATABASE {_database.Name} FROM PUBLIC; GRANT CONNECT ON DATABASE {_database.Name} TO pg_monitor;
            ALTER DATABASE {_database.Name} CONNECTION LIMIT 17;
            CREATE TABLE mine.alembic_version (version_num varchar(32)); INSERT INTO mine.alembic_version VALUES ('27de0f58e076'); ALTER TABLE mine.alembic_version OWNER TO letta;
            CREATE TABLE mine.messages AS SELECT generate_series(1, 5) AS id; ALTER TABLE mine.messages OWNER TO letta
            """);
        await using var cluster = new DatabaseCluster(_address);
        await using var view = await cluster.ViewAsync(_database.Name, _cancel);

        Assert.Equal(("letta", "UTF8", 17, "27de0f58e076"), (view.Facts.Owner, view.Facts.Encoding, view.Facts.ConnectionLimit, view.Facts.AlembicRevision));
        Assert.Equal([new DatabaseSetting("letta", "work_mem", "7MB"), new DatabaseSetting(null, "search_path", "mine, \"two words\"")], view.Facts.Settings);
        Assert.Equal([new DatabaseGrant("pg_monitor", "CONNECT", false)], view.Facts.Grants!.Where(g => g.Grantee != "letta"));
        Assert.Equal([new DatabaseSchema("mine", "letta")], view.Facts.Schemas);
        Assert.Equal("mine", Assert.Single(view.Facts.Extensions, e => e.Name == "vector").Schema);

        // Rows that come later are not seen, as a dump of this snapshot does not see them.
        await _database.ExecuteAsync("INSERT INTO mine.messages VALUES (6)");
        Assert.Equal([new DatabaseTable("mine", "alembic_version", 1), new DatabaseTable("mine", "messages", 5)], await view.CountAsync(_cancel));
    }

    [Theory]
    [InlineData(true, "27de0f58e076")]
    [InlineData(false, null)]
    public async Task The_alembic_version_of_another_application_is_not_Lettas(bool stamped, string? expected)
    {
        await using var letta = await _database.Server.CreateLettaDatabaseAsync("alembic/0.16.2", stamped);
        await letta.ExecuteAsync(
            """
            CREATE SCHEMA aaa; CREATE TABLE aaa.alembic_version (version_num varchar(32)); INSERT INTO aaa.alembic_version VALUES ('0123456789ab');
            CREATE SCHEMA bbb; CREATE TABLE bbb.alembic_version (other int); GRANT USAGE ON SCHEMA aaa, bbb TO letta
            """);
        await using var cluster = new DatabaseCluster(DatabaseAddress.Parse(letta.Uri(role)));
        await using var view = await cluster.ViewAsync(letta.Name, _cancel);

        Assert.Equal(expected, view.Facts.AlembicRevision);
    }

    [Fact]
    public async Task A_database_like_another_is_like_it()
    {
        var copy = _database.Name + "_copy";
        await _database.ExecuteAsync(
            $"""
            CREATE SCHEMA mine AUTHORIZATION letta; CREATE EXTENSION {Extension} WITH SCHEMA mine; DROP SCHEMA public;
            ALTER DATABASE {_database.Name} SET search_path TO mine, "two words"; ALTER DATABASE {_database.Name} SET work_mem = '7MB';
            REVOKE ALL ON DATABASE {_database.Name} FROM PUBLIC; GRANT CONNECT ON DATABASE {_database.Name} TO pg_monitor WITH GRANT OPTION
            """);
        await using var cluster = new DatabaseCluster(_address);
        DatabaseFacts original;
        await using (var view = await cluster.ViewAsync(_database.Name, _cancel))
        {
            original = view.Facts;
        }

        try
        {
            await cluster.CreateAsync(copy, original, "it's a copy", _cancel);
            await cluster.LayOutAsync(copy, original, _cancel);
            await cluster.FinishAsync(copy, original, _cancel);

            await using var view = await cluster.ViewAsync(copy, _cancel);
            // PostgreSQL cannot give an extension to another role: it stays with the one that made it.
            var expected = original with { Extensions = [.. original.Extensions.Select(e => role == "postgres" || e.Name == "plpgsql" ? e : e with { Owner = role })] };
            Assert.Equal(Text(expected), Text(view.Facts with { Name = original.Name }));
            Assert.Equal("it's a copy", (await cluster.ReadAsync(_cancel)).Find(copy)?.Comment);
        }
        finally
        {
            await cluster.DropAsync(copy, _cancel);
        }
    }

    [Fact]
    public async Task Two_databases_change_places_while_clients_are_connected()
    {
        var (replacement, kept) = (_database.Name + "_new", _database.Name + "_old");
        await _database.ExecuteAsync("CREATE TABLE old ()");
        await using var cluster = new DatabaseCluster(_address);
        await using (var view = await cluster.ViewAsync(_database.Name, _cancel))
        {
            await cluster.CreateAsync(replacement, view.Facts, "new", _cancel);
        }

        try
        {
            await using var client = await _database.ConnectAsync(role);
            Assert.NotEmpty(await cluster.ListSessionsAsync(_database.Name, _cancel));

            await cluster.SwapAsync(_database.Name, replacement, kept, "kept", "new", "in place", _cancel);

            var state = await cluster.ReadAsync(_cancel);
            Assert.Equal(("in place", false, "kept"), (state.Find(_database.Name)?.Comment, state.Find(replacement) is not null, state.Find(kept)?.Comment));
            Assert.Equal(0L, await _database.QueryAsync<long>("SELECT count(*) FROM pg_class WHERE relname = 'old'"));
        }
        finally
        {
            await cluster.DropAsync(replacement, _cancel);
            await cluster.DropAsync(kept, _cancel);
        }
    }

    [Fact]
    public async Task A_database_that_somebody_works_on_is_locked_until_he_is_done()
    {
        await using var first = new DatabaseCluster(_address);
        await using var second = new DatabaseCluster(_address);
        var held = await first.LockAsync(_database.Name, _cancel);

        var waiting = second.LockAsync(_database.Name, _cancel);
        await (await second.LockAsync("another", _cancel)).DisposeAsync();
        Assert.False(waiting.IsCompleted);
        await held.DisposeAsync();

        await (await waiting).DisposeAsync();
    }

    [Fact]
    public async Task A_dump_by_the_programs_of_this_machine_is_restored_by_them_for_another_owner()
    {
        using var folder = new TempFolder();
        var owner = "gone_" + _database.Name;
        await _database.ExecuteAsync($"CREATE ROLE {owner}; GRANT {owner} TO letta");
        await _database.ExecuteAsync(
            $"""
            ALTER DATABASE {_database.Name} OWNER TO {owner}; CREATE SCHEMA letta AUTHORIZATION {owner}; CREATE EXTENSION {Extension} WITH SCHEMA letta; DROP SCHEMA public;
            ALTER DATABASE {_database.Name} SET search_path TO letta; SET search_path TO letta; SET ROLE {owner};
            CREATE TYPE kind AS ENUM ('a', 'b'); CREATE SEQUENCE message_seq_id;
            CREATE TABLE messages (id bigint DEFAULT nextval('message_seq_id'), k kind, e {Extension}); CREATE VIEW v AS SELECT * FROM messages;
            INSERT INTO messages (k, e) SELECT 'a', '[1,2,3]' FROM generate_series(1, 50)
            """);
        var host = new AddressDatabaseHost(_address, new AdapterFactory());
        await using (var site = await host.OpenAsync(_cancel))
        {
            await new DatabaseDump(site, TimeProvider.System).TakeAsync(new DumpRequest(folder["a.dump"], _database.Name, DumpFormat.Custom, false, "test", null, null), null, _cancel);
        }

        // The role is gone when the dump comes back: to another server, or after a change of names.
        await _database.ExecuteAsync($"ALTER DATABASE {_database.Name} OWNER TO letta; REASSIGN OWNED BY {owner} TO letta; DROP ROLE {owner}");
        await _database.ExecuteAsync("DELETE FROM letta.messages");
        var restore = new DumpRestore(host, TimeProvider.System);
        var manifest = await restore.CheckAsync(folder["a.dump"], _database.Name, force: true, null, _cancel);
        await restore.RunAsync(folder["a.dump"], manifest, _database.Name, removeOld: true, force: true, null, null, _cancel);

        Assert.Equal(50L, await _database.QueryAsync<long>("SELECT count(*) FROM letta.messages"));
        Assert.Equal(51L, await _database.QueryAsync<long>("SELECT nextval('letta.message_seq_id')"));
        Assert.Equal(["letta"], await _database.ListAsync(
            """
            SELECT DISTINCT pg_get_userbyid(o)::text FROM (
                SELECT relowner FROM pg_class WHERE relnamespace = 'letta'::regnamespace AND relname NOT LIKE '%vector%' UNION ALL
                SELECT typowner FROM pg_type WHERE typname = 'kind' UNION ALL SELECT nspowner FROM pg_namespace WHERE nspname = 'letta') AS x (o)
            """));
    }

    [Fact]
    public async Task A_database_that_somebody_unknown_uses_is_not_replaced_under_his_feet()
    {
        using var folder = new TempFolder();
        await _database.ExecuteAsync("CREATE TABLE t (); ALTER TABLE t OWNER TO letta");
        var host = new AddressDatabaseHost(_address, new AdapterFactory());
        await using (var site = await host.OpenAsync(_cancel))
        {
            await new DatabaseDump(site, TimeProvider.System).TakeAsync(new DumpRequest(folder["a.dump"], _database.Name, DumpFormat.Custom, false, "test", null, null), null, _cancel);
        }

        await using var client = await _database.ConnectAsync();
        var restore = new DumpRestore(host, TimeProvider.System);

        var e = await Assert.ThrowsAsync<LettaException>(() => restore.CheckAsync(folder["a.dump"], _database.Name, force: false, null, _cancel));

        Assert.Equal("DatabaseInUse", e.ErrorId);
        Assert.Contains(role == "postgres" ? "from 127.0.0.1 as postgres" : "a session as postgres", e.Message);
    }

    [Fact]
    public async Task A_dump_that_fails_says_what_the_program_said_and_leaves_nothing()
    {
        using var folder = new TempFolder();
        await _database.ExecuteAsync("CREATE TABLE closed (); ALTER TABLE closed OWNER TO postgres; CREATE TABLE t (); ALTER TABLE t OWNER TO letta");
        var host = new AddressDatabaseHost(DatabaseAddress.Parse(_database.Uri()), new AdapterFactory());
        await using var site = await host.OpenAsync(_cancel);

        var e = await Assert.ThrowsAsync<LettaException>(() => new DatabaseDump(site, TimeProvider.System).TakeAsync(
            new DumpRequest(folder["a.dump"], _database.Name, DumpFormat.Custom, false, "test", null, null), null, _cancel));

        Assert.Contains("permission denied for table closed", e.Message);
        Assert.Empty(Directory.EnumerateFiles(folder.Path));
    }

    [Fact]
    public async Task A_table_that_others_lock_is_not_waited_for_for_ever_and_named()
    {
        using var folder = new TempFolder();
        await _database.ExecuteAsync("CREATE TABLE locked (); ALTER TABLE locked OWNER TO letta");
        await using var other = await _database.ConnectAsync();
        await using var transaction = await other.BeginTransactionAsync(_cancel);
        await using (var command = new Npgsql.NpgsqlCommand("LOCK TABLE locked IN ACCESS EXCLUSIVE MODE", other))
        {
            await command.ExecuteNonQueryAsync(_cancel);
        }

        var host = new AddressDatabaseHost(DatabaseAddress.Parse(_database.Uri()), new AdapterFactory());
        await using var site = await host.OpenAsync(_cancel);

        var e = await Assert.ThrowsAsync<LettaException>(() => new DatabaseDump(site, TimeProvider.System) { LockTimeout = TimeSpan.FromMilliseconds(300) }.TakeAsync(
            new DumpRequest(folder["a.dump"], _database.Name, DumpFormat.Custom, false, "test", null, null), null, _cancel));

        Assert.Equal("DumpLockTimeout", e.ErrorId);
        Assert.Contains("LOCK TABLE public.locked", e.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(folder.Path));
    }

    private static string Text(DatabaseFacts facts) => System.Text.Json.JsonSerializer.Serialize(facts with { Tables = [] });
}

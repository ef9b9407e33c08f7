using LettaPS.Adapters.Postgres;
using LettaPS.Core.Databases.Hosts;
using LettaPS.Core.Databases.Swap;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Postgres;

/// <summary>A role that owns its database and is no superuser, on servers that are set up as in the field. Each has a server of its own.</summary>
public sealed class OwnerTests
{
    private readonly CancellationToken _cancel = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(15)]
    [InlineData(17)]
    public async Task An_autovacuum_worker_in_the_database_is_no_obstacle(int major)
    {
        await using var server = await PostgresServer.StartOwnAsync(
            major, "autovacuum_naptime=1s autovacuum_vacuum_threshold=1 autovacuum_vacuum_cost_delay=100ms autovacuum_vacuum_cost_limit=1");
        await using var database = await server.CreateDatabaseAsync();
        await using var cluster = new DatabaseCluster(DatabaseAddress.Parse(database.Uri()));
        await using (var view = await cluster.ViewAsync(database.Name, _cancel))
        {
            await cluster.CreateAsync("replacement", view.Facts, "new", _cancel);
        }

        await VacuumAsync(server, database.Name, _cancel);
        await cluster.SwapAsync(database.Name, "replacement", "kept", null, "new", "in place", _cancel);
        await VacuumAsync(server, "kept", _cancel);
        await cluster.DropAsync("kept", _cancel);

        Assert.Equal([database.Name], (await cluster.ReadAsync(_cancel)).Databases.Select(d => d.Name).Except(["postgres"]));
    }

    [Fact]
    public async Task A_superusers_session_that_stays_is_named_with_the_way_to_end_it()
    {
        await using var server = await PostgresServer.StartOwnAsync(15, "");
        await using var database = await server.CreateDatabaseAsync();
        await using var superuser = await database.ConnectAsync();
        await using var cluster = new DatabaseCluster(DatabaseAddress.Parse(database.Uri()));

        Assert.Contains("as postgres", Assert.Single(await cluster.ListSessionsAsync(database.Name, _cancel)));
        var e = await Assert.ThrowsAsync<LettaException>(() => cluster.DropAsync(database.Name, _cancel));

        Assert.Equal(("DatabaseInUse", LettaErrorKind.Denied), (e.ErrorId, e.Kind));
        Assert.Contains($"pg_terminate_backend({superuser.ProcessID})", e.RecommendedAction);
    }

    [Fact]
    public async Task Databases_that_the_role_may_not_connect_to_and_functions_that_it_may_not_call_are_not_needed()
    {
        await using var server = await PostgresServer.StartOwnAsync(15, "");
        await using var database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync("postgres", "REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC");
        await server.ExecuteAsync("template1", "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC");
        await server.ExecuteAsync("postgres", "CREATE DATABASE another");
        await using var cluster = new DatabaseCluster(DatabaseAddress.Parse(database.Uri()));

        var state = await cluster.ReadAsync(_cancel);
        Assert.Null(state.SystemIdentifier);
        await using (var view = await cluster.ViewAsync(database.Name, _cancel))
        {
            await cluster.CreateAsync("replacement", view.Facts, "new", _cancel);
        }

        await cluster.SwapAsync(database.Name, "replacement", "kept", null, "new", "in place", _cancel);
        await cluster.DropAsync("kept", _cancel);
        Assert.Equal("in place", (await cluster.ReadAsync(_cancel)).Find(database.Name)?.Comment);
    }

    [Fact]
    public async Task A_role_that_may_not_make_databases_is_told_what_to_allow_it()
    {
        await using var server = await PostgresServer.StartOwnAsync(15, "");
        await using var database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync("postgres", "ALTER ROLE letta NOCREATEDB");
        await using var cluster = new DatabaseCluster(DatabaseAddress.Parse(database.Uri()));
        await using var view = await cluster.ViewAsync(database.Name, _cancel);

        var e = await Assert.ThrowsAsync<LettaException>(() => cluster.CreateAsync("replacement", view.Facts, "new", _cancel));

        Assert.Equal(("DatabaseDenied", "Let a superuser allow it: ALTER ROLE \"letta\" CREATEDB;"), (e.ErrorId, e.RecommendedAction));
    }

    [Fact]
    public async Task A_role_that_may_connect_nowhere_else_is_told_what_to_grant()
    {
        await using var server = await PostgresServer.StartOwnAsync(15, "");
        await using var database = await server.CreateDatabaseAsync();
        await server.ExecuteAsync("postgres", "REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC");
        await using var cluster = new DatabaseCluster(DatabaseAddress.Parse(database.Uri()));

        var e = await Assert.ThrowsAsync<LettaException>(() => cluster.ReadAsync(_cancel));

        Assert.Equal("DatabaseDenied", e.ErrorId);
        Assert.Contains("GRANT CONNECT ON DATABASE postgres TO \"letta\"", e.RecommendedAction);
    }

    [Fact]
    public async Task An_extension_that_takes_a_superuser_is_found_out_before_anything_is_touched()
    {
        await using var database = await (await PostgresServer.GetAsync(15)).CreateDatabaseAsync();
        await database.ExecuteAsync("CREATE EXTENSION pageinspect");
        var host = new AddressDatabaseHost(DatabaseAddress.Parse(database.Uri()), new AdapterFactory());
        await using var cluster = new DatabaseCluster(DatabaseAddress.Parse(database.Uri()));

        var e = await Assert.ThrowsAsync<LettaException>(() => new DatabaseReset(host, TimeProvider.System).RunAsync(database.Name, keepOld: true, null, _cancel));

        Assert.Equal("ExtensionDenied", e.ErrorId);
        Assert.Contains("'letta' has no permission to create the extension 'pageinspect'", e.Message);
        Assert.Contains("extension/pageinspect.control", e.RecommendedAction);
        Assert.Equal([database.Name], (await cluster.ReadAsync(_cancel)).Databases.Select(d => d.Name).Where(n => n == database.Name || n.StartsWith(database.Name + "_l", StringComparison.Ordinal)));
    }

    /// <summary>Makes rows to clean up, and waits until a worker is at it: it is slowed down so that it stays.</summary>
    private static async Task VacuumAsync(PostgresServer server, string database, CancellationToken cancel)
    {
        await server.ExecuteAsync(database, "CREATE TABLE IF NOT EXISTS dead AS SELECT 1 AS i FROM generate_series(1, 200000)");
        await server.ExecuteAsync(database, "UPDATE dead SET i = 2");
        await using var connection = new Npgsql.NpgsqlConnection(server.ConnectionString("postgres"));
        await connection.OpenAsync(cancel);
        await using var command = new Npgsql.NpgsqlCommand(
            $"SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = '{database}' AND backend_type = 'autovacuum worker')", connection);
        while (!(bool)(await command.ExecuteScalarAsync(cancel))!)
        {
            await Task.Delay(50, cancel);
        }
    }
}

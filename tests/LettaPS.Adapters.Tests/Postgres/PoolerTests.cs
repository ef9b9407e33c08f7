using LettaPS.Adapters.Postgres;
using LettaPS.Core.Databases.Dumps;
using LettaPS.Core.Databases.Hosts;
using LettaPS.Core.Databases.Swap;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Postgres;

/// <summary>pgbouncer between LettaPS and PostgreSQL, as it is set up in the field.</summary>
public sealed class PoolerTests : IAsyncLifetime
{
    private readonly CancellationToken _cancel = TestContext.Current.CancellationToken;
    private PostgresDatabase _database = null!;

    public async ValueTask InitializeAsync() => _database = await (await PostgresServer.GetAsync(15)).CreateDatabaseAsync();

    public ValueTask DisposeAsync() => _database?.DisposeAsync() ?? default;

    [Fact]
    public async Task In_session_mode_locks_hold_and_a_database_is_dumped_and_restored()
    {
        using var folder = new TempFolder();
        await using var pooler = await Pooler.StartAsync(_database, "session");
        await _database.ExecuteAsync("CREATE TABLE t AS SELECT generate_series(1, 7) AS i; ALTER TABLE t OWNER TO letta");
        var host = new AddressDatabaseHost(pooler.Address, new AdapterFactory());
        await using (var site = await host.OpenAsync(_cancel))
        {
            await new DatabaseDump(site, TimeProvider.System).TakeAsync(new DumpRequest(folder["a.dump"], _database.Name, DumpFormat.Custom, false, "test", null, null), null, _cancel);
            var held = await site.Cluster.LockAsync(_database.Name, _cancel);
            await using var second = new DatabaseCluster(pooler.Address);
            var waiting = second.LockAsync(_database.Name, _cancel);
            Assert.False(waiting.IsCompleted);
            await held.DisposeAsync();
            await (await waiting).DisposeAsync();
        }

        await _database.ExecuteAsync("DELETE FROM t");
        var restore = new DumpRestore(host, TimeProvider.System);
        var manifest = await restore.CheckAsync(folder["a.dump"], _database.Name, force: true, null, _cancel);
        await restore.RunAsync(folder["a.dump"], manifest, _database.Name, removeOld: true, force: true, null, null, _cancel);

        Assert.Equal(7L, await _database.QueryAsync<long>("SELECT count(*) FROM t"));
    }

    [Theory]
    [InlineData("transaction")]
    [InlineData("statement")]
    public async Task In_another_mode_LettaPS_says_what_to_do_and_leaves_no_setting_to_others(string mode)
    {
        await using var pooler = await Pooler.StartAsync(_database, mode);
        await using var cluster = new DatabaseCluster(pooler.Address);

        var e = await Assert.ThrowsAsync<LettaException>(() => cluster.LockAsync(_database.Name, _cancel));

        Assert.Equal("DatabasePoolerNotSupported", e.ErrorId);
        Assert.Contains("pool_mode = session", e.RecommendedAction, StringComparison.Ordinal);
        await _database.ExecuteAsync("ALTER ROLE letta RESET ALL");
        await using var other = await Pooler.ConnectAsync(pooler.Address, _cancel);
        await using var command = new Npgsql.NpgsqlCommand("SELECT count(*) FROM pg_settings WHERE source = 'session' AND name LIKE '%timeout'", other);
        Assert.Equal(0L, await command.ExecuteScalarAsync(_cancel));
    }

    [Fact]
    public async Task An_option_that_the_pooler_does_not_take_is_named_with_the_way_to_let_it_pass()
    {
        await using var pooler = await Pooler.StartAsync(_database, "session");
        await using var cluster = new DatabaseCluster(DatabaseAddress.Parse(pooler.Uri + "?options=-c%20work_mem%3D7MB"));

        var e = await Assert.ThrowsAsync<LettaException>(() => cluster.ReadAsync(_cancel));

        Assert.Equal("DatabasePoolerNotSupported", e.ErrorId);
        Assert.Contains("ignore_startup_parameters = options", e.RecommendedAction, StringComparison.Ordinal);
    }
}

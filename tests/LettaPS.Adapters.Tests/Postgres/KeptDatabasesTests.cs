using LettaPS.Adapters.Postgres;
using LettaPS.Core.Databases.Hosts;
using LettaPS.Core.Databases.Swap;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Postgres;

/// <summary>What replacements kept is listed and removed, and nothing else ever is.</summary>
public sealed class KeptDatabasesTests : IAsyncLifetime
{
    private readonly CancellationToken _cancel = TestContext.Current.CancellationToken;
    private readonly AdapterFactory _factory = new();
    private readonly HashSet<string> _others = [];
    private PostgresDatabase _database = null!;

    public async ValueTask InitializeAsync() => _database = await (await PostgresServer.GetAsync(15)).CreateDatabaseAsync();

    public async ValueTask DisposeAsync()
    {
        if (_database is not null)
        {
            foreach (var name in _others)
            {
                await _database.Server.ExecuteAsync("postgres", $"DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)");
            }

            await _database.Server.ExecuteAsync("postgres", $"DROP DATABASE IF EXISTS {_database.Name} WITH (FORCE)");
        }
    }

    [Fact]
    public async Task What_was_kept_is_listed_with_its_size_and_age_and_removed()
    {
        var older = await MakeAsync("_before_20260102_030405");
        await MakeAsync("_before_today");
        await MakeAsync("_before_20261302_030405");
        await MakeAsync("x_before_20260102_030405");
        var begun = DateTimeOffset.UtcNow.AddSeconds(-1);
        var replaced = (await new DatabaseReset(Host(), TimeProvider.System).RunAsync(_database.Name, keepOld: true, null, _cancel)).Previous!;
        _others.Add(replaced);
        var kept = new KeptDatabases(Host(), TimeProvider.System);

        var found = await kept.ListAsync(_database.Name, _cancel);

        Assert.Equal([older, replaced], found.Select(f => f.Previous));
        Assert.Equal(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero), found[0].KeptAt);
        Assert.InRange(found[1].KeptAt, begun, DateTimeOffset.UtcNow);
        Assert.All(found, f => Assert.InRange(f.Age, DateTimeOffset.UtcNow.AddMinutes(-1) - f.KeptAt, DateTimeOffset.UtcNow - f.KeptAt));
        Assert.All(found, f => Assert.InRange(f.Length!.Value, 1 << 20, 1 << 30));

        await kept.RemoveAsync(_database.Name, older, _cancel);

        Assert.Equal([replaced], (await kept.ListAsync(_database.Name, _cancel)).Select(f => f.Previous));
        Assert.Equal(_others.Where(o => o != older).Append(_database.Name).Order(StringComparer.Ordinal), (await NamesAsync()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Neither_the_database_itself_nor_another_one_is_ever_removed()
    {
        var other = await MakeAsync("_other");
        var others = await MakeAsync("_other_before_20260102_030405");
        var kept = new KeptDatabases(Host(), TimeProvider.System);

        foreach (var name in new[] { _database.Name, other, others, "postgres", "template1", "absent" })
        {
            var e = await Assert.ThrowsAsync<LettaException>(() => kept.RemoveAsync(_database.Name, name, _cancel));
            Assert.Equal("DatabaseNotFound", e.ErrorId);
        }

        Assert.Equal(3, (await NamesAsync()).Count);
    }

    [Fact]
    public async Task What_is_in_use_stays_and_its_sessions_go_on()
    {
        var name = await MakeAsync("_before_20260102_030405");
        await using var session = new Npgsql.NpgsqlConnection(_database.Server.ConnectionString(name));
        await session.OpenAsync(_cancel);

        var e = await Assert.ThrowsAsync<LettaException>(() => new KeptDatabases(Host(), TimeProvider.System).RemoveAsync(_database.Name, name, _cancel));

        Assert.Equal(("DatabaseInUse", LettaErrorKind.Refused), (e.ErrorId, e.Kind));
        Assert.Contains("as postgres", e.Message, StringComparison.Ordinal);
        await using var command = new Npgsql.NpgsqlCommand("SELECT current_database()::text", session);
        Assert.Equal(name, await command.ExecuteScalarAsync(_cancel));
    }

    [Fact]
    public async Task The_last_that_is_left_of_a_database_stays()
    {
        var name = await MakeAsync("_before_20260102_030405");
        await _database.Server.ExecuteAsync("postgres", $"DROP DATABASE {_database.Name} WITH (FORCE)");

        var e = await Assert.ThrowsAsync<LettaException>(() => new KeptDatabases(Host(), TimeProvider.System).RemoveAsync(_database.Name, name, _cancel));

        Assert.Equal("DatabaseNotFound", e.ErrorId);
        Assert.Contains("may be all that is left", e.Message, StringComparison.Ordinal);
        await using var left = new Npgsql.NpgsqlConnection(_database.Server.ConnectionString(name));
        await left.OpenAsync(_cancel);
    }

    [Fact]
    public async Task Nothing_is_removed_while_another_run_works_on_the_database()
    {
        var name = await MakeAsync("_before_20260102_030405");
        await using var cluster = new DatabaseCluster(DatabaseAddress.Parse(_database.Uri("postgres")));
        await using var held = await cluster.LockAsync(_database.Name, _cancel);

        var e = await Assert.ThrowsAsync<LettaException>(() => new KeptDatabases(Host(), TimeProvider.System).RemoveAsync(_database.Name, name, _cancel));

        Assert.Equal("DatabaseWorkInUse", e.ErrorId);
        Assert.Contains(name, await NamesAsync());
    }

    [Fact]
    public async Task A_size_that_the_role_may_not_ask_for_is_none()
    {
        var name = await MakeAsync("_before_20260102_030405");
        await _database.Server.ExecuteAsync("postgres", $"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC");
        var host = new AddressDatabaseHost(DatabaseAddress.Parse(_database.Uri()), _factory);

        Assert.Null(Assert.Single(await new KeptDatabases(host, TimeProvider.System).ListAsync(_database.Name, _cancel)).Length);
    }

    private AddressDatabaseHost Host() => new(DatabaseAddress.Parse(_database.Uri("postgres")), _factory);

    private async Task<string> MakeAsync(string suffix)
    {
        var name = _database.Name + suffix;
        _others.Add(name);
        await _database.Server.ExecuteAsync("postgres", $"CREATE DATABASE \"{name}\"");
        return name;
    }

    private Task<IReadOnlyList<string>> NamesAsync() => _database.ListAsync($"SELECT datname::text FROM pg_database WHERE starts_with(datname, '{_database.Name}')");
}

using System.Globalization;
using System.Text.Json.Nodes;
using Npgsql;
using Xunit;

namespace LettaPS.TestKit;

/// <summary>A database of one test, dropped at its end.</summary>
public sealed class PostgresDatabase(PostgresServer server, string name) : IAsyncDisposable
{
    /// <summary>The server it is on.</summary>
    public PostgresServer Server => server;

    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>Its address in Letta's own form, as the role that owns it (or another); the password is the same for all.</summary>
    public string Uri(string role = "letta") => string.Create(
        CultureInfo.InvariantCulture,
        $"postgresql+asyncpg://{role}:{System.Uri.EscapeDataString(PostgresServer.Password)}@127.0.0.1:{server.Port}/{name}");

    /// <summary>An open connection as the superuser, or another role.</summary>
    public async Task<NpgsqlConnection> ConnectAsync(string role = "postgres")
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(server.ConnectionString(name)) { Username = role }.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>Runs statements as the superuser.</summary>
    public Task ExecuteAsync(string sql) => server.ExecuteAsync(name, sql);

    /// <summary>The one value that a query gives.</summary>
    public async Task<T> QueryAsync<T>(string sql)
    {
        await using var connection = await ConnectAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>How many rows were ever written to the database. A session counts its rows when it ends, so that this waits for all others to end.</summary>
    public async Task<long> CountWritesAsync()
    {
        for (var attempt = 0; await QueryAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'") > 0; attempt++)
        {
            Assert.True(attempt < 600, "Other sessions are still connected.");
            await Task.Delay(50);
        }

        return await QueryAsync<long>("SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint FROM pg_stat_user_tables");
    }

    /// <summary>The values of the first column of a query.</summary>
    public async Task<IReadOnlyList<string>> ListAsync(string sql)
    {
        await using var connection = await ConnectAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var values = new List<string>();
        while (await reader.ReadAsync())
        {
            values.Add(reader.GetString(0));
        }

        return values;
    }

    /// <summary>Loads recorded rows into tables that are there, without looking at foreign keys.</summary>
    public async Task LoadAsync(string release, params string[] tables)
    {
        await using var connection = await ConnectAsync();
        await using (var replica = new NpgsqlCommand("SET session_replication_role = replica", connection))
        {
            await replica.ExecuteNonQueryAsync();
        }

        foreach (var table in tables.Length > 0 ? tables : [.. LettaFixtures.Tables(release)])
        {
            // The columns that the recording and the table have: others of the table keep their defaults.
            var rows = LettaFixtures.Rows(release, table);
            await using var common = new NpgsqlCommand(
                $"SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped AND attname = ANY ($1)", connection);
            common.Parameters.AddWithValue(JsonNode.Parse(rows[0])!.AsObject().Select(p => p.Key).ToArray());
            var columns = (string)(await common.ExecuteScalarAsync())!;
            await using var insert = new NpgsqlCommand(
                $"INSERT INTO {table} ({columns}) SELECT {columns} FROM json_populate_recordset(NULL::{table}, $1::json)", connection);
            insert.Parameters.AddWithValue("[" + string.Join(',', rows) + "]");
            await insert.ExecuteNonQueryAsync();
        }

        await using var sequence = new NpgsqlCommand(
            "SELECT setval(to_regclass('message_seq_id'), max(sequence_id)) FROM messages", connection);
        await sequence.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync() => await server.ExecuteAsync("postgres", $"DROP DATABASE {name} WITH (FORCE)");
}

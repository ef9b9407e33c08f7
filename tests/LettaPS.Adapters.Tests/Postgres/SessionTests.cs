using LettaPS.Adapters.Postgres;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Postgres;

/// <summary>What every session has and where it leads, whatever the role, the server and the address say.</summary>
public sealed class SessionTests
{
    private readonly CancellationToken _cancel = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(15)]
    [InlineData(17)]
    public async Task No_setting_of_the_role_ends_a_session_or_makes_it_read_only(int major)
    {
        await using var server = await PostgresServer.StartOwnAsync(major, "");
        await using var database = await server.CreateDatabaseAsync();
        string[] names = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout", .. major >= 17 ? ["transaction_timeout"] : Array.Empty<string>()];
        foreach (var name in names)
        {
            await server.ExecuteAsync("postgres", $"ALTER ROLE letta SET {name} = 1234");
        }

        await server.ExecuteAsync("postgres", "ALTER ROLE letta SET default_transaction_read_only = on");
        var expected = string.Join(' ', names.Order(StringComparer.Ordinal).Select(n => n + "=0").Prepend("default_transaction_read_only=off"));
        var query = $"SELECT string_agg(name || '=' || setting, ' ' ORDER BY name COLLATE \"C\") FROM pg_settings WHERE name IN ('default_transaction_read_only', '{string.Join("', '", names)}')";
        var address = DatabaseAddress.Parse(database.Uri());
        await using var source = await PostgresSource.OpenAsync(address, _cancel);

        // Twice: the second session is the first one, given back and reset.
        for (var i = 0; i < 2; i++)
        {
            await using var connection = await source.ConnectAsync(_cancel);
            Assert.Equal(expected, (await connection.ListAsync(query, r => r.GetString(0), _cancel)).Single());
        }

        // The programs of this machine are of version 15, and psql speaks to newer servers too.
        var said = await new LocalPostgresTools(address).RunAsync(["psql", "-XAt", "-d", database.Name, "-c", query], null, null, _cancel);
        Assert.Equal((expected, ""), (said.Output.Trim(), said.Error));
    }

    [Fact]
    public async Task Of_several_servers_the_first_is_used_that_answers_and_is_what_is_asked_for()
    {
        await using var database = await (await PostgresServer.GetAsync(15)).CreateDatabaseAsync();
        string Uri(string query) => database.Uri().Replace("@", $"@127.0.0.1:{FreePort.Next()},", StringComparison.Ordinal) + query;

        Assert.Equal($"{database.Server.Port}", await PortAsync(Uri("")));
        Assert.Equal($"{database.Server.Port}", await PortAsync(Uri("?target_session_attrs=read-write")));
        Assert.Equal($"{database.Server.Port}", await PortAsync(Uri("?target_session_attrs=prefer-standby")));
        Assert.Equal("DatabaseUnreachable", (await Assert.ThrowsAsync<LettaException>(() => PortAsync(Uri("?target_session_attrs=standby")))).ErrorId);
        Assert.Equal("DatabaseFailed", (await Assert.ThrowsAsync<LettaException>(() => PortAsync(database.Uri() + "?target_session_attrs=standby"))).ErrorId);
        Assert.Equal("InvalidDatabaseUri", (await Assert.ThrowsAsync<LettaException>(() => PortAsync(Uri("?target_session_attrs=best")))).ErrorId);
    }

    [Fact]
    public async Task A_Unix_socket_is_an_address_for_sessions_and_programs()
    {
        using var folder = new TempFolder();
        Open(folder.Path, UnixFileMode.OtherWrite);
        await using var server = await PostgresServer.StartOwnAsync(15, $"unix_socket_directories={folder.Path}");
        await using var database = await server.CreateDatabaseAsync();
        var password = Uri.EscapeDataString(PostgresServer.Password);

        Assert.Equal("", await PortAsync($"postgresql://letta:{password}@{Uri.EscapeDataString(folder.Path)}:{server.Port}/{database.Name}"));
        Assert.Equal("", await PortAsync($"postgresql+asyncpg://letta:{password}@/{database.Name}?host={folder.Path}&port={server.Port}"));
    }

    /// <summary>Lets the server's own user into a folder of this test.</summary>
    internal static void Open(string folder, UnixFileMode more = UnixFileMode.None)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.OtherRead | UnixFileMode.OtherExecute | more);
        }
    }

    /// <summary>The port at which Npgsql and psql have arrived; empty for a socket.</summary>
    private async Task<string> PortAsync(string uri)
    {
        const string Query = "SELECT coalesce(inet_server_port()::text, '')";
        var address = DatabaseAddress.Parse(uri);
        string port;
        await using (var source = await PostgresSource.OpenAsync(address, _cancel))
        {
            await using var connection = await source.ConnectAsync(_cancel);
            port = (await connection.ListAsync(Query, r => r.GetString(0), _cancel)).Single();
        }

        var said = await new LocalPostgresTools(address).RunAsync(["psql", "-XAt", "-d", address.Database, "-c", Query], null, null, _cancel);
        Assert.Equal((port, ""), (said.Output.Trim(), said.Error));
        return port;
    }
}

using System.Diagnostics;
using LettaPS.TestKit;
using Npgsql;

namespace LettaPS.Adapters.Tests.Postgres;

/// <summary>A pgbouncer of one test, in front of one server.</summary>
internal sealed class Pooler : IAsyncDisposable
{
    private const string Program = "/usr/sbin/pgbouncer";

    private readonly TempFolder _folder = new();
    private readonly Process _process;

    private Pooler(PostgresDatabase database, string mode, int port)
    {
        Uri = database.Uri().Replace($":{database.Server.Port}/", $":{port}/", StringComparison.Ordinal);
        SessionTests.Open(_folder.Path);
        File.WriteAllText(_folder["users"], $"\"letta\" \"{PostgresServer.Password}\"\n");
        File.WriteAllText(
            _folder["pgbouncer.ini"],
            $"""
            [databases]
            * = host=127.0.0.1 port={database.Server.Port}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = scram-sha-256
            auth_file = {_folder["users"]}
            pool_mode = {mode}

            """);

        // It refuses to run as root.
        var ini = _folder["pgbouncer.ini"];
        _process = Process.Start(Environment.UserName == "root"
            ? new ProcessStartInfo("setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", Program, "--quiet", ini])
            : new ProcessStartInfo(Program, ["--quiet", ini]))!;
    }

    /// <summary>The address of the database through the pooler.</summary>
    public string Uri { get; }

    /// <summary>The same, read.</summary>
    public DatabaseAddress Address => DatabaseAddress.Parse(Uri);

    /// <summary>Starts one and waits until it takes connections.</summary>
    public static async Task<Pooler> StartAsync(PostgresDatabase database, string mode)
    {
        if (!File.Exists(Program))
        {
            Needs.Missing("pgbouncer is not installed here. Run .ci/setup.d/50-pgbouncer as root.");
        }

        var pooler = new Pooler(database, mode, FreePort.Next());
        var cancellationToken = TestContext.Current.CancellationToken;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await (await ConnectAsync(pooler.Address, cancellationToken)).DisposeAsync();
                return pooler;
            }
            catch (NpgsqlException) when (attempt < 100 && !pooler._process.HasExited)
            {
                await Task.Delay(50, cancellationToken);
            }
        }
    }

    /// <summary>A connection of somebody else.</summary>
    public static async Task<NpgsqlConnection> ConnectAsync(DatabaseAddress address, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder
        {
            Host = address.Host,
            Port = address.Port,
            Database = address.Database,
            Username = address.User,
            Password = address.RevealPassword(),
            Pooling = false,
        }.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        return connection;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _folder.Dispose();
    }
}

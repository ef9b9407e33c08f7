using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace LettaPS.TestKit;

/// <summary>
/// A real PostgreSQL for tests: one cluster a test process and version, on a free port of the loopback, without fsync, gone when the process ends.
/// </summary>
/// <remarks>
/// Server binaries are looked for where Debian puts them (<c>/usr/lib/postgresql/NN/bin</c>), on this machine and in the root file systems
/// that LETTAPS_POSTGRES_ROOTS lists (<c>.ci/setup.d/20-postgres</c> makes one); those are run by chroot.
/// </remarks>
public sealed class PostgresServer : IAsyncDisposable
{
    public const string Password = "p@ss/w:rd %";

    // Another root file system is entered by chroot, which only root may call.
    private static readonly IReadOnlyList<PostgresInstallation> s_installations = PostgresInstallation.Find(
        Environment.UserName == "root" ? (Environment.GetEnvironmentVariable("LETTAPS_POSTGRES_ROOTS") ?? "/var/cache/lettaps-images/pg17").Split(':').Prepend("/") : ["/"]);

    private static readonly Dictionary<int, Lazy<Task<PostgresServer>>> s_running = s_installations.Where(i => i.HasVector)
        .DistinctBy(i => i.Major).ToDictionary(i => i.Major, i => new Lazy<Task<PostgresServer>>(() => Task.Run(() => StartAsync(i, "autovacuum=off", string.Empty))));

    // Kept, or the collector would close their standard input and with it stop them.
    private static readonly ConcurrentBag<Process> s_processes = [];

    private readonly string _connectionString;
    private readonly ConcurrentDictionary<(string Catalog, bool Stamped), Lazy<Task<string>>> _templates = new();
    private readonly Process _process;
    private int _databases;

    private PostgresServer(int major, int port, Process process)
    {
        Major = major;
        Port = port;
        _process = process;
        _connectionString = new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = port,
            Username = "postgres",
            Password = Password,
            Pooling = false,
            IncludeErrorDetail = true,
        }.ConnectionString;
    }

    /// <summary>Major version: 15, 17.</summary>
    public int Major { get; }

    /// <summary>Its port on the loopback.</summary>
    public int Port { get; }

    /// <summary>The server of a version, started at its first use. Skips the test, or fails it when nothing may be skipped, if the machine has no such server with pgvector.</summary>
    /// <param name="major">Major version.</param>
    public static Task<PostgresServer> GetAsync(int major)
    {
        if (!s_running.TryGetValue(major, out var server))
        {
            Needs.Missing(PostgresInstallation.Explain(s_installations, major));
            throw new UnreachableException();
        }

        return server.Value;
    }

    /// <summary>A server for one test alone, which needs settings that the others must not have. It is stopped when it is disposed of.</summary>
    /// <param name="major">Major version.</param>
    /// <param name="settings">Settings, separated by spaces: <c>ssl=on autovacuum_naptime=1s</c>.</param>
    /// <param name="prepare">A shell command that its role runs in the data folder before it starts.</param>
    public static async Task<PostgresServer> StartOwnAsync(int major, string settings, string prepare = "")
    {
        if (!s_running.ContainsKey(major))
        {
            await GetAsync(major);
        }

        return await StartAsync(s_installations.First(i => i.Major == major && i.HasVector), settings, prepare);
    }

    /// <summary>The newest server that the machine has, for tests to which the version does not matter.</summary>
    public static Task<PostgresServer> GetAsync() => GetAsync(s_running.Keys.DefaultIfEmpty(15).Max());

    /// <summary>A database of its own for a test.</summary>
    /// <param name="template">A database to copy; nobody may be connected to it.</param>
    public async Task<PostgresDatabase> CreateDatabaseAsync(string? template = null)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"test_{Interlocked.Increment(ref _databases)}");
        await ExecuteAsync("postgres", $"CREATE DATABASE {name} OWNER letta TEMPLATE {template ?? "template0"} STRATEGY file_copy");
        return new PostgresDatabase(this, name);
    }

    /// <summary>A database of its own with a recorded schema, owned by <c>letta</c>, in the schema it was recorded in, which is the database's search path.</summary>
    /// <param name="catalog">See <see cref="LettaFixtures.Catalog"/>.</param>
    /// <param name="stamped">Whether <c>alembic_version</c> is there with the recorded revision.</param>
    public async Task<PostgresDatabase> CreateLettaDatabaseAsync(string catalog, bool stamped = false)
    {
        // Built once and then copied: that is ten times as fast.
        var template = await _templates.GetOrAdd((catalog, stamped), key => new Lazy<Task<string>>(() => BuildTemplateAsync(key.Catalog, key.Stamped))).Value;
        var database = await CreateDatabaseAsync(template);
        await ExecuteAsync("postgres", $"ALTER DATABASE {database.Name} SET search_path TO {CatalogScript.Schema(LettaFixtures.Catalog(catalog))}");
        return database;
    }

    /// <summary>A database with the recorded fleet of a real server: sixteen agents that 0.11.3 made, as each release's migrations left them.</summary>
    /// <param name="release">0.11.3, 0.16.2 or 0.16.8.</param>
    /// <param name="catalog">The schema to load them into; without it that of the release's migrations.</param>
    public async Task<PostgresDatabase> CreateFleetAsync(string release, string? catalog = null)
    {
        var database = await CreateLettaDatabaseAsync(catalog ?? $"alembic/{release}", stamped: catalog?.StartsWith("alembic", StringComparison.Ordinal) ?? true);
        await database.LoadAsync(release, [.. LettaFixtures.Tables(release).Where(t => t != "alembic_version")]);
        if (release != "0.11.3")
        {
            await database.LoadAsync("0.11.3", "archival_passages", "source_passages");
        }

        return database;
    }

    /// <summary>For a driver: the connection string of a database, as the superuser.</summary>
    public string ConnectionString(string database) => new NpgsqlConnectionStringBuilder(_connectionString) { Database = database }.ConnectionString;

    /// <summary>Runs a statement as the superuser.</summary>
    public async Task ExecuteAsync(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString(database));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
    }

    private async Task<string> BuildTemplateAsync(string catalog, bool stamped)
    {
        var database = await CreateDatabaseAsync();
        await database.ExecuteAsync(CatalogScript.Make(LettaFixtures.Catalog(catalog), stamped));
        return database.Name;
    }

    private static async Task<PostgresServer> StartAsync(PostgresInstallation installation, string settings, string prepare)
    {
        var options = string.Join(' ', settings.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(s => "-c " + s));
        // In memory where there is room for it: a database is copied in 20 ms then.
        var data = $"{(installation.Root == "/" && Directory.Exists("/dev/shm") ? "/dev/shm" : "/tmp")}/lettaps-postgres-{Guid.NewGuid():N}";
        await RunAsync(installation.Shell(
            $"umask 077 && mkdir {data} && printf %s '{Password}' > {data}/pw && "
            + $"{installation.Bin}/initdb -D {data}/data -U postgres -A scram-sha-256 --pwfile={data}/pw -E UTF8 --locale=C.UTF-8 --no-sync"
            + (prepare.Length > 0 ? $" && cd {data}/data && {prepare}" : string.Empty)));

        for (var attempt = 1; ; attempt++)
        {
            var port = FreePort.Next();

            // Stopped by the end of its standard input, which comes even if this process is killed; then the folder goes too.
            var start = installation.Shell(
                $"trap '' TERM INT HUP; exec 3<&0; {installation.Bin}/postgres -D {data}/data -h 127.0.0.1 -p {port} -k '' -F -c synchronous_commit=off -c full_page_writes=off "
                + "-c wal_level=minimal -c max_wal_senders=0 -c max_connections=200 -c shared_buffers=128MB -c jit=off "
                + $"-c max_wal_size=8GB -c checkpoint_timeout=1h -c dynamic_shared_memory_type=mmap -c log_checkpoints=off -c lc_messages=C {options} & "
                + $"server=$!; (cat <&3; kill -QUIT $server) > /dev/null 2>&1 & wait $server; rm -rf {data}");
            start.RedirectStandardInput = true;
            start.RedirectStandardError = true;
            var process = Process.Start(start)!;
            if (await IsReadyAsync(process))
            {
                s_processes.Add(process);
                var server = new PostgresServer(installation.Major, port, process);
                await server.ExecuteAsync("postgres", $"CREATE ROLE letta LOGIN CREATEDB PASSWORD '{Password}'");
                return server;
            }

            process.StandardInput.Close();
            await process.WaitForExitAsync();
            if (attempt == 3)
            {
                throw new InvalidOperationException($"PostgreSQL {installation.Major} does not start.");
            }
        }
    }

    /// <summary>Whether it came up. What it logs from then on (tests provoke errors) is read and forgotten, or it would wait for us.</summary>
    private static async Task<bool> IsReadyAsync(Process process)
    {
        var isReady = new TaskCompletionSource<bool>();
        process.ErrorDataReceived += (_, e) =>
        {
            if (e.Data?.Contains("database system is ready to accept connections", StringComparison.Ordinal) == true)
            {
                isReady.TrySetResult(true);
            }
            else if (e.Data is null)
            {
                isReady.TrySetResult(false);
            }
        };
        process.BeginErrorReadLine();
        return await isReady.Task;
    }

    private static async Task RunAsync(ProcessStartInfo start)
    {
        start.RedirectStandardError = true;
        start.RedirectStandardOutput = true;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{start.FileName} {string.Join(' ', start.ArgumentList)}: {await output}{errors}");
        }
    }
}

using System.Globalization;
using LettaPS.Core.Connections;
using Npgsql;

namespace LettaPS.Adapters.Postgres;

/// <summary>Sessions of a database, through its tunnel if it has one. All of them are of one server and have the same settings.</summary>
internal sealed class PostgresSource : IAsyncDisposable
{
    /// <summary>What the server's lists of sessions show.</summary>
    public const string ApplicationName = "LettaPS";

    private readonly IReadOnlyDictionary<string, string> _options;
    private readonly List<NpgsqlDataSource> _servers;
    private readonly IOpenTunnel? _tunnel;
    private NpgsqlDataSource? _chosen;

    private PostgresSource(DatabaseAddress address, IReadOnlyDictionary<string, string> options, List<NpgsqlDataSource> servers, IOpenTunnel? tunnel) =>
        (Address, _options, _servers, _tunnel) = (address, options, servers, tunnel);

    /// <summary>The database.</summary>
    public DatabaseAddress Address { get; }

    /// <summary>Whether a connection pooler stands between LettaPS and PostgreSQL. Known once a session was opened.</summary>
    public bool IsPooled { get; private set; }

    /// <summary>Opens the way to a database; no connection is made yet.</summary>
    /// <param name="address">The database.</param>
    /// <exception cref="LettaException"><c>InvalidDatabaseUri</c>, <c>DatabaseOptionNotSupported</c>; there is no way through the tunnel.</exception>
    public static async Task<PostgresSource> OpenAsync(DatabaseAddress address, CancellationToken cancellationToken)
    {
        var options = ConnectionOption.Read(address, Environment.GetEnvironmentVariable);
        var tunnel = address.Tunnel is null ? null : await address.Tunnel.OpenAsync(address, cancellationToken).ConfigureAwait(false);
        var servers = new List<NpgsqlDataSource>();
        try
        {
            // A tunnel leads to one server.
            foreach (var server in tunnel is null ? address.Servers : address.Servers.Take(1))
            {
                servers.Add(Build(address, server, options, tunnel));
            }

            return new PostgresSource(address, options, servers, tunnel);
        }
        catch
        {
            await DisposeAsync(servers, tunnel).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>An open session with the settings of <see cref="SessionSettings"/>.</summary>
    /// <exception cref="LettaException">
    /// There is none to be had; the identifier tells why. <c>DatabasePoolerNotSupported</c>: a pooler gives every transaction another session.
    /// </exception>
    public async Task<NpgsqlConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        try
        {
            return _chosen is null ? await ChooseAsync(cancellationToken).ConfigureAwait(false) : await ConnectAsync(_chosen, cancellationToken).ConfigureAwait(false);
        }
        catch (NpgsqlException e)
        {
            throw PostgresErrors.OfConnecting(e, Address);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => DisposeAsync(_servers, _tunnel);

    private static async ValueTask DisposeAsync(List<NpgsqlDataSource> servers, IOpenTunnel? tunnel)
    {
        foreach (var server in servers)
        {
            await server.DisposeAsync().ConfigureAwait(false);
        }

        if (tunnel is not null)
        {
            await tunnel.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static NpgsqlDataSource Build(DatabaseAddress address, DatabaseEndpoint server, IReadOnlyDictionary<string, string> options, IOpenTunnel? tunnel)
    {
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = tunnel?.NearEnd.Address.ToString() ?? server.Host,
            Port = tunnel?.NearEnd.Port ?? server.Port,
            Database = address.Database,
            Username = address.User,
            Password = address.RevealPassword(),
            ApplicationName = ApplicationName,
            Timeout = 15,

            // Building an index takes as long as it takes; Ctrl+C ends it.
            CommandTimeout = 0,

            // A session that holds a lock has nothing to say for hours, and a firewall forgets connections that say nothing.
            TcpKeepAlive = true,

            // Of the default 8 KiB an agent would need a dozen, each with a wait of its own.
            ReadBufferSize = 128 << 10,
        };
        foreach (var (option, value) in options)
        {
            Apply(settings, address, option, value);
        }

        // Without the types that are never read: setting all of them up takes a new process a tenth of a second.
        var builder = new NpgsqlSlimDataSourceBuilder(settings.ConnectionString);
        builder.EnableArrays();
        builder.EnableTransportSecurity();
        builder.EnableIntegratedSecurity();

        // Nothing but PostgreSQL's own types is read, and asking for the others costs a round trip.
        builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false));
        if (tunnel is not null)
        {
            // The certificate is the far end's.
            builder.UseSslClientAuthenticationOptionsCallback(o => o.TargetHost = server.Host);
        }

        return builder.Build();
    }

    private static void Apply(NpgsqlConnectionStringBuilder settings, DatabaseAddress address, string option, string value)
    {
        try
        {
            switch (option)
            {
                case ConnectionOption.SslMode:
                    settings.SslMode = Enum.Parse<SslMode>(value.Replace("-", string.Empty, StringComparison.Ordinal), ignoreCase: true);
                    break;
                case ConnectionOption.SslRootCertificate:
                    settings.RootCertificate = value == ConnectionOption.SystemCertificates ? null : ExistingFile(value);
                    break;
                case ConnectionOption.SslCertificate:
                    settings.SslCertificate = ExistingFile(value);
                    break;
                case ConnectionOption.SslKey:
                    settings.SslKey = ExistingFile(value);
                    break;
                case ConnectionOption.SslPassword:
                    settings.SslPassword = value;
                    break;
                case ConnectionOption.SslNegotiation:
                    settings.SslNegotiation = Enum.Parse<SslNegotiation>(value, ignoreCase: true);
                    break;
                case ConnectionOption.ChannelBinding:
                    settings.ChannelBinding = Enum.Parse<ChannelBinding>(value, ignoreCase: true);
                    break;
                case ConnectionOption.GssEncryption:
                    settings.GssEncryptionMode = Enum.Parse<GssEncryptionMode>(value, ignoreCase: true);
                    break;
                case ConnectionOption.KerberosService:
                    settings.KerberosServiceName = value;
                    break;
                case ConnectionOption.ConnectTimeout:
                    settings.Timeout = int.Parse(value, NumberStyles.None, CultureInfo.InvariantCulture);
                    break;
                case ConnectionOption.PasswordFile:
                    settings.Passfile = value;
                    break;
                case ConnectionOption.ServerOptions:
                    settings.Options = value;
                    break;
                case ConnectionOption.TargetSession:
                    _ = TargetSession.Parse(value);
                    break;
                default:
                    throw new InvalidOperationException($"'{option}' is passed on to programs and not to Npgsql.");
            }
        }
        catch (Exception e) when (e is ArgumentException or FormatException or OverflowException)
        {
            throw ConnectionOption.Invalid(address, $"The parameter '{option}' of the address of {address} has a value that PostgreSQL does not know.", e);
        }

        string ExistingFile(string path) => File.Exists(path) ? path : throw ConnectionOption.Invalid(
            address, $"The file '{path}', which the parameter '{option}' of the address of {address} names, does not exist on this machine.");
    }

    /// <summary>The first server, in the order of the address, that can be reached and is what <c>target_session_attrs</c> asks for.</summary>
    private async Task<NpgsqlConnection> ChooseAsync(CancellationToken cancellationToken)
    {
        var target = TargetSession.Parse(_options.GetValueOrDefault(ConnectionOption.TargetSession, "any"));
        NpgsqlException? unreachable = null;
        foreach (var isWanted in target.Choices)
        {
            foreach (var server in _servers)
            {
                NpgsqlConnection connection;
                try
                {
                    connection = await ConnectAsync(server, cancellationToken).ConfigureAwait(false);
                }
                catch (NpgsqlException e) when (_servers.Count > 1 && e is not PostgresException)
                {
                    unreachable = e;
                    continue;
                }

                try
                {
                    if (target.IsAny || isWanted(await connection.ListAsync("SELECT pg_is_in_recovery()", r => r.GetBoolean(0), cancellationToken).ConfigureAwait(false) is [true]))
                    {
                        _chosen = server;
                        return connection;
                    }
                }
                catch
                {
                    await connection.DisposeAsync().ConfigureAwait(false);
                    throw;
                }

                await connection.DisposeAsync().ConfigureAwait(false);
            }
        }

        throw unreachable ?? (Exception)new LettaException(
            ErrorIds.DatabaseFailed,
            LettaErrorKind.Connection,
            $"None of the servers of {Address} is what the parameter 'target_session_attrs={target.Name}' asks for.",
            $"Give the address of the server that is meant: -DatabaseUri '{Address}'",
            Address);
    }

    private async Task<NpgsqlConnection> ConnectAsync(NpgsqlDataSource server, CancellationToken cancellationToken)
    {
        var connection = await server.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // A pooler's number of the session is not PostgreSQL's. Until it is clear that the session is kept, nothing is set in it: it may be another client's.
            var settings = SessionSettings.Sql(connection.PostgreSqlVersion.Major);
            var set = await connection.ListAsync($"SELECT {settings} WHERE pg_backend_pid() = {connection.ProcessID}", _ => true, cancellationToken).ConfigureAwait(false);
            if (set.Count == 0)
            {
                if (!IsPooled)
                {
                    await RefuseChangingSessionsAsync(server, connection, cancellationToken).ConfigureAwait(false);
                    IsPooled = true;
                }

                await connection.ListAsync($"SELECT {settings}", _ => true, cancellationToken).ConfigureAwait(false);
            }

            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Finds out whether a pooler gives a session to somebody else between two statements, by being that somebody.</summary>
    private async Task RefuseChangingSessionsAsync(NpgsqlDataSource server, NpgsqlConnection first, CancellationToken cancellationToken)
    {
        const int Attempts = 5;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(3));
        var session = await SessionAsync(first, cancellationToken).ConfigureAwait(false);
        try
        {
            var second = await server.OpenConnectionAsync(limit.Token).ConfigureAwait(false);
            await using (second.ConfigureAwait(false))
            {
                for (var attempt = 0; attempt < Attempts; attempt++)
                {
                    var transaction = await second.BeginTransactionAsync(limit.Token).ConfigureAwait(false);
                    await using (transaction.ConfigureAwait(false))
                    {
                        var other = await SessionAsync(second, limit.Token).ConfigureAwait(false);
                        if (other == session || await SessionAsync(first, cancellationToken).ConfigureAwait(false) != session)
                        {
                            throw PostgresErrors.SessionsChange(Address);
                        }
                    }
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The second one waits for the first to leave: the session is the first one's as long as it stays.
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.ProtocolViolation)
        {
            // A pooler of statements takes no transactions.
            throw PostgresErrors.SessionsChange(Address);
        }
    }

    private static async Task<int> SessionAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        (await connection.ListAsync("SELECT pg_backend_pid()", r => r.GetInt32(0), cancellationToken).ConfigureAwait(false))[0];
}

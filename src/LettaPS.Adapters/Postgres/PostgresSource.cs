using System.Globalization;
using LettaPS.Core.Connections;
using Npgsql;

namespace LettaPS.Adapters.Postgres;

/// <summary>Connections to a database, through its tunnel where it has one.</summary>
internal sealed class PostgresSource : IAsyncDisposable
{
    /// <summary>What the server's lists of sessions show.</summary>
    public const string ApplicationName = "LettaPS";

    private readonly NpgsqlDataSource _connections;
    private readonly IOpenTunnel? _tunnel;

    private PostgresSource(DatabaseAddress address, NpgsqlDataSource connections, IOpenTunnel? tunnel) =>
        (Address, _connections, _tunnel) = (address, connections, tunnel);

    /// <summary>The database.</summary>
    public DatabaseAddress Address { get; }

    /// <summary>Opens the way to a database; no connection is made yet.</summary>
    /// <param name="address">The database.</param>
    public static async Task<PostgresSource> OpenAsync(DatabaseAddress address, CancellationToken cancellationToken)
    {
        var tunnel = address.Tunnel is null ? null : await address.Tunnel.OpenAsync(address, cancellationToken).ConfigureAwait(false);
        try
        {
            return new PostgresSource(address, Build(address, tunnel), tunnel);
        }
        catch
        {
            if (tunnel is not null)
            {
                await tunnel.DisposeAsync().ConfigureAwait(false);
            }

            throw;
        }
    }

    /// <summary>An open connection.</summary>
    /// <exception cref="LettaException">There is none to be had; the identifier tells why.</exception>
    public async Task<NpgsqlConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _connections.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (NpgsqlException e)
        {
            throw PostgresErrors.OfConnecting(e, Address);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _connections.DisposeAsync().ConfigureAwait(false);
        if (_tunnel is not null)
        {
            await _tunnel.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static NpgsqlDataSource Build(DatabaseAddress address, IOpenTunnel? tunnel)
    {
        var settings = new NpgsqlConnectionStringBuilder
        {
            Host = tunnel?.NearEnd.Address.ToString() ?? address.Host,
            Port = tunnel?.NearEnd.Port ?? address.Port,
            Database = address.Database,
            Username = address.User,
            Password = address.RevealPassword(),
            ApplicationName = ApplicationName,
            Timeout = 15,

            // Building an index takes as long as it takes; Ctrl+C ends it.
            CommandTimeout = 0,

            // Of the default 8 KiB an agent would need a dozen, each with a wait of its own.
            ReadBufferSize = 128 << 10,
        };
        Apply(address, "sslmode", v => settings.SslMode = Enum.Parse<SslMode>(v.Replace("-", "", StringComparison.Ordinal), ignoreCase: true));
        Apply(address, "ssl", v => settings.SslMode = v switch
        {
            "true" or "1" => SslMode.Require,
            "false" or "0" => SslMode.Disable,
            _ => Enum.Parse<SslMode>(v.Replace("-", "", StringComparison.Ordinal), ignoreCase: true),
        });
        Apply(address, "sslrootcert", v => settings.RootCertificate = v);
        Apply(address, "sslcert", v => settings.SslCertificate = v);
        Apply(address, "sslkey", v => settings.SslKey = v);
        Apply(address, "sslpassword", v => settings.SslPassword = v);
        Apply(address, "connect_timeout", v => settings.Timeout = int.Parse(v, NumberStyles.None, CultureInfo.InvariantCulture));
        Apply(address, "options", v => settings.Options = v);

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
            builder.UseSslClientAuthenticationOptionsCallback(o => o.TargetHost = address.Host);
        }

        return builder.Build();
    }

    private static void Apply(DatabaseAddress address, string option, Action<string> apply)
    {
        if (!address.Options.TryGetValue(option, out var value))
        {
            return;
        }

        try
        {
            apply(value);
        }
        catch (Exception e) when (e is ArgumentException or FormatException or OverflowException)
        {
            throw new LettaException(
                "InvalidDatabaseUri",
                LettaErrorKind.InvalidInput,
                $"The parameter {option} of the address of {address} has no value that PostgreSQL knows.",
                "Check -DatabaseUri or the variable LETTA_PG_URI.",
                address,
                e);
        }
    }
}

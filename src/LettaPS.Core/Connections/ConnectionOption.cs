namespace LettaPS.Core.Connections;

/// <summary>
/// What becomes of a parameter of a database's address. This table is the only place that says so: a parameter is passed on to Npgsql and to PostgreSQL's
/// programs alike, or it makes no difference, or it is refused. None is dropped in silence that protects the connection.
/// </summary>
/// <param name="Name">Its name in libpq.</param>
/// <param name="Use">What becomes of it.</param>
/// <param name="Variable">The environment variable by which PostgreSQL's programs take it; <see langword="null"/> if it is not passed on, or has none.</param>
internal sealed record ConnectionOption(string Name, ConnectionOptionUse Use, string? Variable = null)
{
    public const string SslMode = "sslmode";
    public const string SslRootCertificate = "sslrootcert";
    public const string SslCertificate = "sslcert";
    public const string SslKey = "sslkey";
    public const string SslPassword = "sslpassword";
    public const string SslNegotiation = "sslnegotiation";
    public const string ChannelBinding = "channel_binding";
    public const string GssEncryption = "gssencmode";
    public const string KerberosService = "krbsrvname";
    public const string ConnectTimeout = "connect_timeout";
    public const string PasswordFile = "passfile";
    public const string ServerOptions = "options";
    public const string TargetSession = "target_session_attrs";

    /// <summary>The value of <c>sslrootcert</c> that means the certificates that the operating system trusts.</summary>
    public const string SystemCertificates = "system";

    /// <summary>The table.</summary>
    public static IReadOnlyList<ConnectionOption> All { get; } =
    [
        new(SslMode, ConnectionOptionUse.Passed, "PGSSLMODE"),
        new(SslRootCertificate, ConnectionOptionUse.Passed, "PGSSLROOTCERT"),
        new(SslCertificate, ConnectionOptionUse.Passed, "PGSSLCERT"),
        new(SslKey, ConnectionOptionUse.Passed, "PGSSLKEY"),
        new(SslPassword, ConnectionOptionUse.Passed),
        new(SslNegotiation, ConnectionOptionUse.Passed, "PGSSLNEGOTIATION"),
        new(ChannelBinding, ConnectionOptionUse.Passed, "PGCHANNELBINDING"),
        new(GssEncryption, ConnectionOptionUse.Passed, "PGGSSENCMODE"),
        new(KerberosService, ConnectionOptionUse.Passed, "PGKRBSRVNAME"),
        new(ConnectTimeout, ConnectionOptionUse.Passed, "PGCONNECT_TIMEOUT"),
        new(PasswordFile, ConnectionOptionUse.Passed, "PGPASSFILE"),
        new(ServerOptions, ConnectionOptionUse.Passed, "PGOPTIONS"),
        new(TargetSession, ConnectionOptionUse.Passed, "PGTARGETSESSIONATTRS"),

        // How often an idle connection is looked after, and what names it has, changes no result.
        new("application_name", ConnectionOptionUse.NoDifference),
        new("fallback_application_name", ConnectionOptionUse.NoDifference),
        new("client_encoding", ConnectionOptionUse.NoDifference),
        new("keepalives", ConnectionOptionUse.NoDifference),
        new("keepalives_idle", ConnectionOptionUse.NoDifference),
        new("keepalives_interval", ConnectionOptionUse.NoDifference),
        new("keepalives_count", ConnectionOptionUse.NoDifference),
        new("tcp_user_timeout", ConnectionOptionUse.NoDifference),
        new("sslcompression", ConnectionOptionUse.NoDifference),
        new("sslsni", ConnectionOptionUse.NoDifference),
        new("gsslib", ConnectionOptionUse.NoDifference),

        // What protects the connection, or says where it leads, and has no counterpart on every way.
        new("hostaddr", ConnectionOptionUse.Refused),
        new("service", ConnectionOptionUse.Refused),
        new("servicefile", ConnectionOptionUse.Refused),
        new("requirepeer", ConnectionOptionUse.Refused),
        new("require_auth", ConnectionOptionUse.Refused),
        new("sslcrl", ConnectionOptionUse.Refused),
        new("sslcrldir", ConnectionOptionUse.Refused),
        new("sslcertmode", ConnectionOptionUse.Refused),
        new("ssl_min_protocol_version", ConnectionOptionUse.Refused),
        new("ssl_max_protocol_version", ConnectionOptionUse.Refused),
        new("gssdelegation", ConnectionOptionUse.Refused),
        new("load_balance_hosts", ConnectionOptionUse.Refused),
        new("replication", ConnectionOptionUse.Refused),
    ];

    private static readonly string[] s_sslModes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

    private static readonly string[] s_protecting = ["ssl", "tls", "gss", "krb", "scram", "oauth", "require", "channel"];

    /// <summary>Reads the parameters of an address.</summary>
    /// <param name="environment">Gives the value of an environment variable that stands for a parameter which the address does not have.</param>
    /// <returns>Those that are passed on, by libpq's names and with libpq's values. Those that only another driver knows have no effect.</returns>
    /// <exception cref="LettaException">
    /// <c>InvalidDatabaseUri</c>: a value that PostgreSQL does not know. <c>DatabaseOptionNotSupported</c>: a parameter that cannot be passed on.
    /// </exception>
    public static IReadOnlyDictionary<string, string> Read(DatabaseAddress address, Func<string, string?> environment)
    {
        var passed = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in address.RevealOptions())
        {
            // asyncpg and pg8000 have other names for it.
            var option = name is "ssl" or "ssl_context" ? SslMode : name;
            switch (All.FirstOrDefault(o => o.Name == option)?.Use)
            {
                case ConnectionOptionUse.Passed:
                    var read = option == SslMode ? ReadSslMode(name, value, address) : value;
                    if (passed.TryGetValue(option, out var other) && other != read)
                    {
                        throw Invalid(address, $"The parameters 'ssl' and 'sslmode' of the address of {address} contradict each other.");
                    }

                    passed[option] = read;
                    break;
                case ConnectionOptionUse.NoDifference:
                    break;
                case ConnectionOptionUse.Refused:
                    throw NotSupported(address, name);
                default:
                    if (s_protecting.Any(p => name.StartsWith(p, StringComparison.OrdinalIgnoreCase)))
                    {
                        throw NotSupported(address, name);
                    }

                    break;
            }
        }

        foreach (var option in All.Where(o => o.Variable is not null && !passed.ContainsKey(o.Name)))
        {
            if (environment(option.Variable!) is { Length: > 0 } value)
            {
                passed[option.Name] = option.Name == SslMode ? ReadSslMode(option.Variable!, value, address) : value;
            }
        }

        // With a certificate to check against libpq checks it, and so does LettaPS on every way.
        if (passed.TryGetValue(SslRootCertificate, out var root) && passed.GetValueOrDefault(SslMode) == "require")
        {
            passed[SslMode] = root == SystemCertificates ? "verify-full" : "verify-ca";
        }

        return passed;
    }

    /// <summary>The error for a value that PostgreSQL does not know.</summary>
    /// <param name="message">What is wrong.</param>
    /// <param name="cause">The failure behind it.</param>
    public static LettaException Invalid(DatabaseAddress address, string message, Exception? cause = null) =>
        new(ErrorIds.InvalidDatabaseUri, LettaErrorKind.InvalidInput, message, "Correct -DatabaseUri or LETTA_PG_URI: postgresql://<user>:<password>@<host>:5432/<database>", address, cause);

    private static LettaException NotSupported(DatabaseAddress address, string name) => new(
        ErrorIds.DatabaseOptionNotSupported,
        LettaErrorKind.InvalidInput,
        $"The parameter '{name}' of the database URI '{address}' cannot be passed to every program that connects. The connection would be less secure than the parameter demands.",
        $"Leave the parameter out: -DatabaseUri '{address}'",
        address);

    private static string ReadSslMode(string name, string value, DatabaseAddress address)
    {
        var mode = value.ToLowerInvariant() switch
        {
            "true" or "1" or "on" when name != SslMode => "require",
            "false" or "0" or "off" when name != SslMode => "disable",
            "verify_ca" => "verify-ca",
            "verify_full" => "verify-full",
            var other => other,
        };
        return s_sslModes.Contains(mode)
            ? mode
            : throw Invalid(address, $"The parameter '{name}' of the address of {address} has a value that PostgreSQL does not know. It knows {string.Join(", ", s_sslModes)}.");
    }
}

/// <summary>What becomes of a parameter of a database's address.</summary>
internal enum ConnectionOptionUse
{
    /// <summary>It is passed on to Npgsql and to PostgreSQL's programs.</summary>
    Passed,

    /// <summary>It makes no difference to what LettaPS does, and is left out.</summary>
    NoDifference,

    /// <summary>It cannot be passed on everywhere, and leaving it out would weaken the connection or lead it elsewhere.</summary>
    Refused,
}

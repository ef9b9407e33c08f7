using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using LettaPS.Core.Connections;
using LettaPS.Core.Secrets;

namespace LettaPS;

/// <summary>
/// Where a Letta database is and as whom to open it. It holds no open connection: it can be kept, piped and used from several runspaces at once.
/// Nothing that is shown of it contains the password.
/// </summary>
public sealed partial class DatabaseAddress
{
    private readonly string? _password;
    private readonly IReadOnlyDictionary<string, string> _options;

    /// <summary>Describes a database.</summary>
    /// <param name="host">Name or IP address of the PostgreSQL server, or the folder of its Unix socket (absolute path).</param>
    /// <param name="port">Its port, 1 to 65535.</param>
    /// <param name="database">Name of the database.</param>
    /// <param name="user">Name of the role.</param>
    /// <param name="password">The role's password; where <see langword="null"/>, <c>PGPASSWORD</c> or the password file (<c>PGPASSFILE</c>, <c>~/.pgpass</c>) may give it.</param>
    /// <param name="options">Further parameters in libpq's names and forms, such as <c>sslmode</c>.</param>
    public DatabaseAddress(
        string host,
        int port,
        string database,
        string user,
        string? password = null,
        IReadOnlyDictionary<string, string>? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(host);
        ArgumentException.ThrowIfNullOrEmpty(database);
        ArgumentException.ThrowIfNullOrEmpty(user);
        ArgumentOutOfRangeException.ThrowIfNotEqual(port is > 0 and <= 65535, true, nameof(port));
        Host = host;
        Port = port;
        Database = database;
        User = user;
        _password = password;
        _options = options ?? new Dictionary<string, string>();
        Options = _options.Keys.Any(SecretText.IsSecretName) ? _options.Where(o => !SecretText.IsSecretName(o.Key)).ToDictionary() : _options;
    }

    /// <summary>Where Letta itself looks when it is told nothing: database, role and password <c>letta</c> on this machine's port 5432.</summary>
    public static DatabaseAddress Default { get; } = new("localhost", DefaultPort, "letta", "letta", "letta");

    /// <summary>Name or IP address of the server, or the folder of its Unix socket.</summary>
    public string Host { get; }

    /// <summary>Port of the server.</summary>
    public int Port { get; }

    /// <summary>Name of the database.</summary>
    public string Database { get; }

    /// <summary>Name of the role.</summary>
    public string User { get; }

    /// <summary>Further parameters in libpq's names and forms, such as <c>sslmode</c>. <see cref="ConnectionOption"/> says what becomes of each.</summary>
    public IReadOnlyDictionary<string, string> Options { get; }

    /// <summary>Servers to try in this order if the first one cannot be reached or is not what <c>target_session_attrs</c> asks for.</summary>
    internal IReadOnlyList<DatabaseEndpoint> MoreServers { get; private init; } = [];

    /// <summary>All servers, in the order in which they are tried.</summary>
    internal IEnumerable<DatabaseEndpoint> Servers => MoreServers.Prepend(new DatabaseEndpoint(Host, Port));

    /// <summary>The way there where the port cannot be reached from here; <see langword="null"/> where it can.</summary>
    internal IDatabaseTunnel? Tunnel { get; private init; }

    private const int DefaultPort = 5432;

    /// <summary>
    /// Reads an address as Letta does, that is as SQLAlchemy does: any driver (<c>postgresql://</c>, <c>postgresql+asyncpg://</c>,
    /// <c>postgresql+pg8000://</c>, <c>postgres://</c>), percent-encoding in every part, and a password that may hold anything but an at sign.
    /// </summary>
    /// <param name="uri">The address.</param>
    /// <exception cref="LettaException"><c>InvalidDatabaseUri</c>: it is not one. The message does not repeat it, since it may hold a password.</exception>
    public static DatabaseAddress Parse(string uri)
    {
        ArgumentNullException.ThrowIfNull(uri);
        var text = uri.Trim();
        if (text.Any(char.IsControl))
        {
            throw Invalid("It contains a control character. One that belongs to the password is written in percent-encoding.");
        }

        var match = UriForm().Match(text);
        if (!match.Success)
        {
            throw Invalid("It must look like postgresql://user:password@host:5432/database.");
        }

        if (match.Groups["servers"].Value.Contains('@', StringComparison.Ordinal))
        {
            throw Invalid("It has two at signs before the host. One that belongs to the password is written %40.");
        }

        var options = ParseOptions(match.Groups["query"].Value);
        var ports = (Take("port") ?? DefaultPort.ToString(CultureInfo.InvariantCulture)).Split(',');
        var given = Take("host");
        List<DatabaseEndpoint> servers =
            [.. (given ?? match.Groups["servers"].Value).Split(',').Select((server, i) => ParseServer(server, ports, i, decode: given is null))];
        var user = Part("user") ?? Take("user") ?? throw Invalid("It names no user.");
        var database = Part("database") ?? Take("dbname") ?? user;
        return new DatabaseAddress(servers[0].Host, servers[0].Port, database, user, Part("password") ?? Take("password"), options)
        {
            MoreServers = servers[1..],
        };

        string? Part(string name) => match.Groups[name] is { Success: true, Length: > 0 } group ? Uri.UnescapeDataString(group.Value) : null;

        string? Take(string name) => options.Remove(name, out var value) && value.Length > 0 ? value : null;
    }

    /// <summary>The address that Letta's own environment variables give: <c>LETTA_PG_URI</c>, or <c>LETTA_PG_DB</c>, <c>_USER</c>, <c>_PASSWORD</c>, <c>_HOST</c> and <c>_PORT</c> if all five are set.</summary>
    /// <param name="environment">Gives the value of a variable, or <see langword="null"/>.</param>
    /// <returns>The address, or <see langword="null"/> where they give none.</returns>
    /// <exception cref="LettaException"><c>InvalidDatabaseUri</c>.</exception>
    public static DatabaseAddress? FromEnvironment(Func<string, string?> environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        if (Get("LETTA_PG_URI") is { } uri)
        {
            return Parse(uri);
        }

        return Get("LETTA_PG_DB") is { } database && Get("LETTA_PG_USER") is { } user && Get("LETTA_PG_PASSWORD") is { } password
            && Get("LETTA_PG_HOST") is { } host && Get("LETTA_PG_PORT") is { } port
            ? int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 65535
                ? new DatabaseAddress(host, number, database, user, password)
                : throw Invalid("LETTA_PG_PORT is not a number from 1 to 65535.")
            : null;

        string? Get(string name) => environment(name) is { Length: > 0 } value ? value : null;
    }

    /// <summary>Finds the database: the address given, else the connection's, else the environment's, else Letta's default on this machine.</summary>
    /// <param name="uri">Address given by the user, or <see langword="null"/>.</param>
    /// <param name="connection">The Letta server in question, or <see langword="null"/>.</param>
    /// <param name="environment">Gives the value of an environment variable, or <see langword="null"/>.</param>
    /// <exception cref="LettaException">
    /// <c>InvalidDatabaseUri</c>; <c>DatabaseRequired</c>: the server is another machine and nothing says where its database is.
    /// </exception>
    public static DatabaseAddress Find(string? uri, LettaConnection? connection, Func<string, string?> environment)
    {
        if (uri is not null)
        {
            return Parse(uri);
        }

        if ((connection?.Database ?? FromEnvironment(environment)) is { } known)
        {
            return known;
        }

        // The default would be some other server's database, and the next cmdlet might change it.
        return connection is null || connection.BaseUri.IsLoopback ? Default : throw new LettaException(
            ErrorIds.DatabaseRequired,
            LettaErrorKind.NotFound,
            $"The database of '{connection.BaseUri}' is not configured.",
            "Give its address, or set LETTA_PG_URI: -DatabaseUri postgresql://<user>:<password>@<host>:5432/<database>",
            connection);
    }

    /// <summary>The same database, reached another way.</summary>
    /// <param name="tunnel">The way.</param>
    internal DatabaseAddress Through(IDatabaseTunnel tunnel) => new(Host, Port, Database, User, _password, _options) { Tunnel = tunnel };

    /// <summary>Another database of the same server, reached the same way.</summary>
    /// <param name="database">Name of the database.</param>
    public DatabaseAddress WithDatabase(string database) => new(Host, Port, database, User, _password, _options) { Tunnel = Tunnel, MoreServers = MoreServers };

    /// <summary>The same database where it is published, or where one of several servers has it.</summary>
    /// <param name="host">Name or IP address of the server, or the folder of its Unix socket.</param>
    /// <param name="port">Its port.</param>
    public DatabaseAddress At(string host, int port) => new(host, port, Database, User, _password, _options) { Tunnel = Tunnel };

    /// <summary>The same database, opened as another role.</summary>
    /// <param name="user">Name of the role.</param>
    /// <param name="password">The role's password.</param>
    public DatabaseAddress As(string user, string? password) => new(Host, Port, Database, user, password, _options) { Tunnel = Tunnel, MoreServers = MoreServers };

    /// <summary>All parameters, with the password of a client certificate's key, for the one place that opens the connection. Never log, print or store them.</summary>
    internal IReadOnlyDictionary<string, string> RevealOptions() => _options;

    /// <summary>The password in clear, for the one place that opens the connection. Never log, print or store it.</summary>
    public string? RevealPassword() => _password;

    /// <summary>The address without password and options.</summary>
    public override string ToString()
    {
        return $"postgresql://{Uri.EscapeDataString(User)}@{string.Join(',', Servers)}/{Uri.EscapeDataString(Database)}";
    }

    /// <summary>A server as libpq writes it (<c>host:port</c>) or as SQLAlchemy does in a parameter (<c>host=host:port</c>).</summary>
    private static DatabaseEndpoint ParseServer(string text, string[] ports, int index, bool decode)
    {
        // In a parameter of its own an IPv6 address needs no brackets.
        var match = ServerForm().Match(!decode && !text.StartsWith('[') && IPAddress.TryParse(text, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{text}]" : text);
        if (!match.Success)
        {
            throw Invalid("It must look like postgresql://user:password@host:5432/database.");
        }

        var host = match.Groups["ipv6"] is { Success: true } ipv6 ? ipv6.Value : match.Groups["host"].Value;
        var port = match.Groups["port"].Value is { Length: > 0 } own ? own : ports.Length == 1 ? ports[0] : index < ports.Length ? ports[index] : string.Empty;
        return !int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > 65535
            ? throw Invalid("Its port is not a number from 1 to 65535.")
            : new DatabaseEndpoint(host.Length == 0 ? "localhost" : decode ? Uri.UnescapeDataString(host) : host, number);
    }

    private static Dictionary<string, string> ParseOptions(string query)
    {
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var at = pair.IndexOf('=', StringComparison.Ordinal);
            if (at > 0)
            {
                var (name, value) = (Uri.UnescapeDataString(pair[..at]), Uri.UnescapeDataString(pair[(at + 1)..]));

                // SQLAlchemy writes several servers as several parameters.
                options[name] = name is "host" or "port" && options.TryGetValue(name, out var first) ? $"{first},{value}" : value;
            }
        }

        return options;
    }

    private static LettaException Invalid(string why) => new(
        ErrorIds.InvalidDatabaseUri,
        LettaErrorKind.InvalidInput,
        $"The database URI is not valid. {why}",
        "Correct -DatabaseUri or LETTA_PG_URI, and write special characters of a password as %40: postgresql://<user>:<password>@<host>:5432/<database>");

    // SQLAlchemy's own reading of an address (engine/url.py), and libpq's list of servers: what works in LETTA_PG_URI must work here.
    [GeneratedRegex(
        @"^postgres(?:ql)?(?:\+\w+)?://(?:(?<user>[^:/@]*)(?::(?<password>[^@]*))?@)?(?<servers>(?:\[[^/?\]]+\]|[^/?\[\]])*)(?:/(?<database>[^?]*))?(?:\?(?<query>.*))?$",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex UriForm();

    [GeneratedRegex(
        @"^(?:\[(?<ipv6>[^\]]+)\](?::(?<port>.*))?|(?<host>[^:]*)(?::(?<port>[^:]*))?)$",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex ServerForm();
}

using System.Net;
using System.Security;
using System.Text.RegularExpressions;
using LettaPS.Core.Releases;
using LettaPS.Core.Secrets;

namespace LettaPS;

/// <summary>
/// Where a Letta server is and how to speak to it. It holds no open socket: it can be kept, piped and used from several runspaces at once.
/// </summary>
public sealed partial class LettaConnection
{
    private const int DefaultPort = 8283;
    private const string ExampleAddress = "http://localhost:8283";

    // The timers of .NET count milliseconds in 31 bits.
    private static readonly TimeSpan s_maxTimeout = TimeSpan.FromDays(24);

    private readonly SecureString? _apiKey;
    private ServerDatabase? _database;

    /// <summary>Describes a server.</summary>
    /// <param name="baseUri">Address of the server, with or without a trailing <c>/v1</c>: http or https, or the host alone with or without its port.</param>
    /// <param name="apiKey">The server's password, sent as bearer token; <see langword="null"/> where the server has none.</param>
    /// <param name="timeout">Longest wait for the beginning of an answer and between two parts of it; <see langword="null"/> means 100 seconds.</param>
    /// <param name="skipCertificateCheck">Accept any TLS certificate.</param>
    /// <param name="serverVersion">What the server says of its version, where it was asked.</param>
    /// <exception cref="LettaException">
    /// <c>InvalidBaseUri</c>: the address is not one of a web server. <c>InvalidApiKey</c>: no HTTP header can carry the password. <c>InvalidTimeout</c>: the wait is
    /// not longer than nothing, or longer than 24 days.
    /// </exception>
    public LettaConnection(
        Uri baseUri,
        SecureString? apiKey = null,
        TimeSpan? timeout = null,
        bool skipCertificateCheck = false,
        string? serverVersion = null)
    {
        ArgumentNullException.ThrowIfNull(baseUri);
        BaseUri = Normalise(baseUri);
        _apiKey = apiKey is { Length: > 0 } ? Checked(apiKey) : null;
        Timeout = Checked(timeout ?? DefaultTimeout);
        SkipCertificateCheck = skipCertificateCheck;
        ReportedVersion = serverVersion;
    }

    private LettaConnection(DatabaseAddress database)
    {
        BaseUri = new Uri(database.ToString());
        Timeout = DefaultTimeout;
        _database = new ServerDatabase(database, null);
    }

    /// <summary>Longest wait where none is given: 100 seconds, as long as .NET's own HTTP client waits.</summary>
    public static TimeSpan DefaultTimeout { get; } = TimeSpan.FromSeconds(100);

    /// <summary>Address of the server, without <c>/v1</c> and with a trailing slash.</summary>
    public Uri BaseUri { get; }

    /// <summary>Version of the server; <see langword="null"/> until it has been asked, and where it reports no version.</summary>
    public Version? LettaVersion => ReleaseCatalogue.TryVersion(ReportedVersion);

    /// <summary>What the server said of its version in <c>/v1/health/</c>; <see langword="null"/> until it has been asked.</summary>
    public string? ReportedVersion { get; }

    /// <summary>Longest wait for the beginning of an answer and between two parts of it.</summary>
    public TimeSpan Timeout { get; }

    /// <summary>Whether any TLS certificate is accepted.</summary>
    public bool SkipCertificateCheck { get; }

    /// <summary>Whether a password is sent.</summary>
    public bool HasApiKey => _apiKey is not null;

    /// <summary>Where the server's database is; <see langword="null"/> where nobody said.</summary>
    public DatabaseAddress? Database => _database?.Address;

    /// <summary>Whether it is a server that requests can be sent to, and not only its database.</summary>
    public bool HasApi => BaseUri.Scheme == Uri.UriSchemeHttp || BaseUri.Scheme == Uri.UriSchemeHttps;

    /// <summary>A server of which nothing is known but its database: <see cref="BaseUri"/> is the address of that, without password.</summary>
    /// <param name="database">Where it is.</param>
    public static LettaConnection OfDatabase(DatabaseAddress database) => new(database);

    /// <summary>The same server, now that it is known where its database is.</summary>
    /// <param name="database">Where it is.</param>
    /// <param name="encryptionKey">What the server encrypts its secrets with, where that is known too.</param>
    public LettaConnection WithDatabase(DatabaseAddress database, string? encryptionKey = null) =>
        new(BaseUri, _apiKey, Timeout, SkipCertificateCheck, ReportedVersion) { _database = new ServerDatabase(database, encryptionKey) };

    /// <summary>The same server, now that it has told its version.</summary>
    /// <param name="serverVersion">What it said.</param>
    public LettaConnection WithServerVersion(string serverVersion) =>
        new(BaseUri, _apiKey, Timeout, SkipCertificateCheck, serverVersion) { _database = _database };

    /// <summary>The same server, waited for no longer than this.</summary>
    /// <param name="timeout">Longest wait for the beginning of an answer and between two parts of it.</param>
    public LettaConnection WithTimeout(TimeSpan timeout) =>
        new(BaseUri, _apiKey, timeout, SkipCertificateCheck, ReportedVersion) { _database = _database };

    /// <summary>The password in clear, for the one place that puts it into a header. Never log, print or store it.</summary>
    public string? RevealApiKey() => _apiKey is null ? null : Reveal(_apiKey);

    /// <summary>What the server encrypts its secrets with, where that came to be known with its database. Never log, print or store it.</summary>
    public string? RevealEncryptionKey() => _database?.EncryptionKey;

    /// <summary>The address and version; never the password.</summary>
    public override string ToString() => ReportedVersion is null ? BaseUri.ToString() : $"{BaseUri} (Letta {ReportedVersion})";

    private static SecureString Checked(SecureString apiKey) => Reveal(apiKey).All(c => c is >= ' ' and <= '~')
        ? apiKey
        : throw new LettaException(
            ErrorIds.InvalidApiKey,
            LettaErrorKind.InvalidInput,
            "The server's password contains a line end, another control character or a character that is not ASCII. An HTTP header cannot carry it.",
            "Correct -ApiKey or LETTA_API_KEY, and remove the line end of a file: (Get-Content <file> -Raw).Trim()");

    private static TimeSpan Checked(TimeSpan timeout) => timeout > TimeSpan.Zero && timeout <= s_maxTimeout
        ? timeout
        : throw new LettaException(
            ErrorIds.InvalidTimeout,
            LettaErrorKind.InvalidInput,
            $"A timeout of {timeout.TotalSeconds:0.#} seconds is not valid.",
            "Give more than 0 seconds and at most 24 days: Connect-Letta <address> -TimeoutSec 100",
            timeout);

    private static string Reveal(SecureString apiKey) => new NetworkCredential(string.Empty, apiKey).Password;

    private static Uri Normalise(Uri given)
    {
        var uri = IsWeb(given) ? given : WithScheme(given.OriginalString.Trim());
        if (uri is null)
        {
            throw new LettaException(
                ErrorIds.InvalidBaseUri,
                LettaErrorKind.InvalidInput,
                $"'{SecretText.MaskAddress(given.OriginalString)}' is not the address of a Letta server.",
                $"Specify an address like {ExampleAddress}.");
        }

        if (uri.UserInfo.Length > 0)
        {
            // Such an address would put the password into every message and log that names the server.
            throw new LettaException(
                ErrorIds.BaseUriCredentialNotSupported,
                LettaErrorKind.InvalidInput,
                "The address of the server contains a user name or password.",
                "Give the password separately: Connect-Letta <address> -ApiKey (Read-Host -AsSecureString)");
        }

        var path = uri.AbsolutePath.TrimEnd('/');
        if (path.EndsWith("/v1", StringComparison.Ordinal))
        {
            path = path[..^3];
        }

        return new UriBuilder(uri.Scheme, uri.Host, uri.Port, path.TrimEnd('/') + "/").Uri;
    }

    private static bool IsWeb(Uri uri) => uri.IsAbsoluteUri && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps);

    /// <summary>An address that was given as <c>host</c> or <c>host:port</c>; without a port it is Letta's own.</summary>
    private static Uri? WithScheme(string text)
    {
        if (HostForm().Match(text) is not { Success: true } match || !Uri.TryCreate($"{Uri.UriSchemeHttp}://{text}", UriKind.Absolute, out var uri))
        {
            return null;
        }

        return match.Groups["port"].Success ? uri : new UriBuilder(uri) { Port = DefaultPort }.Uri;
    }

    [GeneratedRegex(@"^(?:[\p{L}\p{N}](?:[\p{L}\p{N}._-]*[\p{L}\p{N}])?|\[[0-9a-fA-F:.]+\])(?<port>:\d{1,5})?(?:/\S*)?$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex HostForm();
}

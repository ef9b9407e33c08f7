using System.Globalization;
using System.Net;
using LettaPS.Core.Secrets;
using LettaPS.Core.Text;

namespace LettaPS.Adapters.Http;

/// <summary>What goes wrong between LettaPS and a server, in the user's words.</summary>
internal static class HttpErrors
{
    private const int MaxDetail = 500;

    public static LettaException Refused(LettaConnection connection, Exception cause) => new(
        ErrorIds.ServerUnreachable,
        LettaErrorKind.Connection,
        $"Nothing listens at '{connection.BaseUri}'.",
        $"Check that the server runs and that the port is right (Letta's own is 8283): Test-LettaHealth {connection.BaseUri}",
        connection.BaseUri,
        cause);

    public static LettaException Unreachable(LettaConnection connection, Exception cause) => new(
        ErrorIds.ServerUnreachable,
        LettaErrorKind.Connection,
        $"'{connection.BaseUri}' cannot be reached: {cause.GetBaseException().Message}.",
        $"Check the address, the network and the firewalls: Test-Connection {connection.BaseUri.Host} -TcpPort {connection.BaseUri.Port}",
        connection.BaseUri,
        cause);

    public static LettaException UnknownHost(LettaConnection connection, Exception cause) => new(
        ErrorIds.HostNotFound,
        LettaErrorKind.Connection,
        $"The host '{connection.BaseUri.Host}' does not exist.",
        "Check the spelling of the address: Connect-Letta <address>",
        connection.BaseUri,
        cause);

    public static LettaException Tls(LettaConnection connection, Exception cause) => new(
        ErrorIds.TlsFailed,
        LettaErrorKind.Connection,
        $"The TLS connection to '{connection.BaseUri}' failed: {cause.GetBaseException().Message.TrimEnd('.')}.",
        $"If the server uses plain HTTP, connect to http://{connection.BaseUri.Authority}. If you issued its certificate, trust the certificate, or skip the check: Connect-Letta {connection.BaseUri} -SkipCertificateCheck",
        connection.BaseUri,
        cause);

    public static LettaException NotHttp(LettaConnection connection, Exception cause) => new(
        ErrorIds.InvalidProtocol,
        LettaErrorKind.InvalidData,
        $"The program at '{connection.BaseUri}' does not use HTTP.",
        $"Check the port (Letta's own is 8283). If the server uses TLS, give an https address: Connect-Letta https://{connection.BaseUri.Authority}",
        connection.BaseUri,
        cause);

    public static LettaException Timeout(LettaConnection connection, HttpRequestMessage request, Exception cause) => new(
        ErrorIds.ServerTimeout,
        LettaErrorKind.Timeout,
        $"'{connection.BaseUri}' sent nothing for {connection.Timeout.TotalSeconds:0.#} seconds ({Describe(request)}).",
        $"Check the load and the log of the server, or allow more time: Connect-Letta {connection.BaseUri} -TimeoutSec {Math.Max(300, connection.Timeout.TotalSeconds * 3):0}",
        connection.BaseUri,
        cause);

    public static LettaException NoConnection(LettaConnection connection, Exception cause) => new(
        ErrorIds.ServerTimeout,
        LettaErrorKind.Timeout,
        $"'{connection.BaseUri}' accepted no connection within {connection.Timeout.TotalSeconds:0.#} seconds.",
        $"Check the address and the firewalls, which may drop packets: Test-Connection {connection.BaseUri.Host} -TcpPort {connection.BaseUri.Port}",
        connection.BaseUri,
        cause);

    public static LettaException BrokenOff(LettaConnection connection, HttpRequestMessage request, Exception cause) => new(
        ErrorIds.ConnectionLost,
        LettaErrorKind.Connection,
        $"'{connection.BaseUri}' closed the connection before the response was complete ({Describe(request)}).",
        "Read the logs of the server and of a proxy in front of it: docker logs <container>",
        connection.BaseUri,
        cause);

    /// <summary>The other side hung up before it had answered anything: that is how a program that speaks no HTTP looks, or a port whose server is just starting.</summary>
    public static LettaException NoAnswer(LettaConnection connection, HttpRequestMessage request, Exception cause) => new(
        ErrorIds.ConnectionLost,
        LettaErrorKind.Connection,
        $"'{connection.BaseUri}' closed the connection without an HTTP response ({Describe(request)}).",
        "Check the port, and that the server has started; Letta's own port is 8283: Test-LettaHealth " + connection.BaseUri,
        connection.BaseUri,
        cause);

    public static LettaException NotJson(LettaConnection connection, HttpRequestMessage request, Exception cause) => new(
        ErrorIds.InvalidAnswer,
        LettaErrorKind.InvalidData,
        $"'{connection.BaseUri}' returned a response that is not well-formed JSON ({Describe(request)}): {cause.Message.TrimEnd('.')}.",
        $"Check that the address is that of a Letta server and not of a web page or a proxy's login: Test-LettaHealth {connection.BaseUri}",
        connection.BaseUri,
        cause);

    public static LettaException NotLetta(LettaConnection connection, string found) => new(
        ErrorIds.InvalidServer,
        LettaErrorKind.InvalidData,
        $"The program at '{connection.BaseUri}' is not a Letta server: {found}.",
        $"Check the port (Letta's own is 8283) and the paths that a proxy passes on: Test-LettaHealth {connection.BaseUri}",
        connection.BaseUri);

    /// <summary>What answers is the successor of the V1 server.</summary>
    public static LettaException AppServer(LettaConnection connection) => new(
        ErrorIds.AppServerNotSupported,
        LettaErrorKind.Refused,
        $"'{connection.BaseUri}' is an App Server of Letta Code. It keeps its agents in local folders and does not have the V1 server's API.",
        "Write the agents of a backup of the V1 server into Letta Code's folders: ConvertTo-LettaCodeAgent -Path ~/letta-backup",
        connection.BaseUri);

    /// <summary>An agent in a list of the server that cannot be asked for.</summary>
    public static LettaException InvalidAgentId(LettaConnection connection, string? id, string? name) => new(
        ErrorIds.InvalidIdInAnswer,
        LettaErrorKind.InvalidData,
        $"'{connection.BaseUri}' lists an agent '{UntrustedText.Shorten(name)}' whose identifier is '{UntrustedText.Shorten(id)}', which is not the identifier of a Letta agent.",
        "Keep the agent in a dump: Backup-LettaDatabase -Path <folder>. The other agents are not affected.",
        UntrustedText.Shorten(id));

    /// <summary>The server asks for a longer wait than LettaPS waits by itself.</summary>
    /// <param name="connection">The server.</param>
    /// <param name="failure">What it answered.</param>
    /// <param name="wait">How long it asks to wait.</param>
    public static LettaException WaitTooLong(LettaConnection connection, LettaException failure, TimeSpan wait) => new(
        failure.ErrorId,
        failure.Kind,
        string.Create(CultureInfo.InvariantCulture, $"{failure.Message} It asks to wait {wait.TotalSeconds:0} s, which is longer than LettaPS waits."),
        $"Run the command again after {connection.BaseUri} accepts requests.",
        connection.BaseUri);

    /// <summary>An answer that is not a success.</summary>
    public static LettaException Refusal(LettaConnection connection, HttpRequestMessage request, HttpResponseMessage response, string body)
    {
        var detail = Detail(body);
        var where = Describe(request);
        return response.StatusCode switch
        {
            // Letta's own refusals are JSON. A page is of whatever stands before it, and no password of Letta's helps there.
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.ProxyAuthenticationRequired
                when response.Content.Headers.ContentType?.MediaType is "text/html" => new LettaException(
                ErrorIds.ProxyDenied,
                LettaErrorKind.Denied,
                $"A proxy or web server in front of Letta at '{connection.BaseUri}' denied the request with a web page (HTTP {(int)response.StatusCode}, {where}).",
                "Let the proxy pass requests to '/v1/' on, or connect to Letta's own address: Connect-Letta http://<host>:8283",
                connection.BaseUri),
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => new LettaException(
                ErrorIds.ApiKeyDenied,
                LettaErrorKind.Denied,
                connection.HasApiKey ? $"'{connection.BaseUri}' does not accept the password." : $"'{connection.BaseUri}' requires a password.",
                $"Give the server's password, which is LETTA_SERVER_PASSWORD of its container: Connect-Letta {connection.BaseUri} -ApiKey (Read-Host -AsSecureString)",
                connection.BaseUri),
            HttpStatusCode.NotFound => new LettaException(ErrorIds.NotFound, LettaErrorKind.NotFound, $"'{connection.BaseUri}' has no such resource ({where}): {detail}", $"Check that the server is a supported release: Test-LettaHealth {connection.BaseUri}", connection.BaseUri),
            HttpStatusCode.TooManyRequests => new LettaException(
                ErrorIds.TooManyRequests, LettaErrorKind.ServerFault, $"'{connection.BaseUri}' is limiting requests (HTTP 429, {where}).", "Try again later, or send fewer requests at once: -ThrottleLimit 1", connection.BaseUri),
            HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout => new LettaException(
                ErrorIds.ServerUnavailable,
                LettaErrorKind.ServerFault,
                $"'{connection.BaseUri}' is not available (HTTP {(int)response.StatusCode}, {where}): {detail}",
                $"Check the server and its database, which may be starting: Test-LettaHealth {connection.BaseUri}",
                connection.BaseUri),
            >= HttpStatusCode.InternalServerError => new LettaException(
                ErrorIds.ServerFailed,
                LettaErrorKind.ServerFault,
                $"'{connection.BaseUri}' failed (HTTP {(int)response.StatusCode}, {where}): {detail}",
                $"Check the database, which often lacks a table or column that the release expects: Test-LettaHealth {connection.BaseUri}",
                connection.BaseUri),
            >= HttpStatusCode.Ambiguous and < HttpStatusCode.BadRequest => Redirected(connection, request, response.Headers.Location),
            _ => new LettaException(
                ErrorIds.RequestRefused, LettaErrorKind.ServerFault, $"'{connection.BaseUri}' rejected the request (HTTP {(int)response.StatusCode}, {where}): {detail}", "Read the server's log: docker logs <container>", connection.BaseUri)
        };
    }

    /// <summary>A redirect is never followed, since it would take the password elsewhere; where it leads to is said.</summary>
    private static LettaException Redirected(LettaConnection connection, HttpRequestMessage request, Uri? location)
    {
        if (location is null)
        {
            return NotLetta(connection, "it redirects without saying where to");
        }

        var target = location.IsAbsoluteUri ? location : new Uri(connection.BaseUri, location);
        var path = request.RequestUri!.AbsolutePath;
        return (target.Scheme == Uri.UriSchemeHttp || target.Scheme == Uri.UriSchemeHttps) && target.UserInfo.Length == 0 && target.AbsolutePath.TrimEnd('/') == path.TrimEnd('/')
            ? new LettaException(
                ErrorIds.RedirectNotSupported,
                LettaErrorKind.InvalidInput,
                $"'{connection.BaseUri}' redirects to '{target.GetLeftPart(UriPartial.Authority)}'. LettaPS does not follow redirects, which would send the password to another address.",
                $"Connect to the new address: Connect-Letta {new Uri(target, connection.BaseUri.AbsolutePath)}",
                connection.BaseUri)
            : NotLetta(connection, $"it redirects to '{SecretText.MaskAddress(target.OriginalString)}'");
    }

    /// <summary>Method, path and query; which server it is, the messages say themselves. The client makes the address absolute before it sends anything.</summary>
    private static string Describe(HttpRequestMessage request) => $"{request.Method} {request.RequestUri!.PathAndQuery}";

    private static string Detail(string body)
    {
        var detail = UntrustedText.Detail(body, MaxDetail);
        return detail.Length switch
        {
            0 => "it says nothing more.",
            // What the server says may be followed by a sentence of ours.
            _ => detail[^1] is '.' or '!' or '?' or '…' ? detail : detail + ".",
        };
    }
}

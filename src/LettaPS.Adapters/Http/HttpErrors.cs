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
        $"Nothing listens at {connection.BaseUri}.",
        "Check that the Letta server runs and that the port is right: Letta's own is 8283.",
        connection.BaseUri,
        cause);

    public static LettaException Unreachable(LettaConnection connection, Exception cause) => new(
        ErrorIds.ServerUnreachable,
        LettaErrorKind.Connection,
        $"{connection.BaseUri} cannot be reached: {cause.GetBaseException().Message}.",
        "Check the address, the network and any firewall between here and there.",
        connection.BaseUri,
        cause);

    public static LettaException UnknownHost(LettaConnection connection, Exception cause) => new(
        ErrorIds.HostNotFound,
        LettaErrorKind.Connection,
        $"There is no host named '{connection.BaseUri.Host}'.",
        "Check the address for a typing error.",
        connection.BaseUri,
        cause);

    public static LettaException Tls(LettaConnection connection, Exception cause) => new(
        ErrorIds.TlsFailed,
        LettaErrorKind.Connection,
        $"No secure connection to {connection.BaseUri}: {cause.GetBaseException().Message.TrimEnd('.')}.",
        "If the server speaks plain http, say so in the address. If its certificate is your own, trust it, or give -SkipCertificateCheck.",
        connection.BaseUri,
        cause);

    public static LettaException NotHttp(LettaConnection connection, Exception cause) => new(
        ErrorIds.InvalidProtocol,
        LettaErrorKind.InvalidData,
        $"What listens at {connection.BaseUri} does not speak HTTP.",
        "Check the port: Letta's own is 8283. If the server speaks TLS, give an https address.",
        connection.BaseUri,
        cause);

    public static LettaException Timeout(LettaConnection connection, HttpRequestMessage request, Exception cause) => new(
        ErrorIds.ServerTimeout,
        LettaErrorKind.Timeout,
        $"{connection.BaseUri} sent nothing for {connection.Timeout.TotalSeconds:0.#} seconds ({Describe(request)}).",
        "Look at the load and the log of the server, or allow more time with Connect-Letta -Timeout.",
        connection.BaseUri,
        cause);

    public static LettaException NoConnection(LettaConnection connection, Exception cause) => new(
        ErrorIds.ServerTimeout,
        LettaErrorKind.Timeout,
        $"{connection.BaseUri} takes no connection within {connection.Timeout.TotalSeconds:0.#} seconds.",
        "Check the address and any firewall between here and there: one that drops packets looks like this.",
        connection.BaseUri,
        cause);

    public static LettaException BrokenOff(LettaConnection connection, HttpRequestMessage request, Exception cause) => new(
        ErrorIds.ConnectionLost,
        LettaErrorKind.Connection,
        $"{connection.BaseUri} broke off its answer ({Describe(request)}).",
        "Look at the log of the server and of any proxy before it.",
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
        $"{connection.BaseUri} answered with something that is not well-formed JSON ({Describe(request)}): {cause.Message.TrimEnd('.')}.",
        "Check that the address is the Letta server's own and not a web page, a proxy's log-in or another service.",
        connection.BaseUri,
        cause);

    public static LettaException NotLetta(LettaConnection connection, string found) => new(
        ErrorIds.InvalidServer,
        LettaErrorKind.InvalidData,
        $"What answers at {connection.BaseUri} is not a Letta server: {found}.",
        "Check the port: Letta's own is 8283; a proxy before it may listen at another and pass on only some paths.",
        connection.BaseUri);

    /// <summary>What answers is the successor of the V1 server.</summary>
    public static LettaException AppServer(LettaConnection connection) => new(
        ErrorIds.AppServerNotSupported,
        LettaErrorKind.Refused,
        $"'{connection.BaseUri}' is an App Server of Letta Code. It keeps its agents in folders of its own and has none of the V1 server's API, so that there is nothing for LettaPS to connect to.",
        "Write the agents of a backup of the V1 server into Letta Code's folders: ConvertTo-LettaCodeAgent -Path ~/letta-backup",
        connection.BaseUri);

    /// <summary>An agent in a list of the server that cannot be asked for.</summary>
    public static LettaException InvalidAgentId(LettaConnection connection, string? id, string? name) => new(
        ErrorIds.InvalidIdInAnswer,
        LettaErrorKind.InvalidData,
        $"{connection.BaseUri} lists an agent '{UntrustedText.Shorten(name)}' whose identifier is '{UntrustedText.Shorten(id)}', which is not the identifier of a Letta agent.",
        "Nothing that you gave is wrong: look at the server's table of agents, and at any proxy before it. The other agents can be used.",
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
                connection.HasApiKey ? $"{connection.BaseUri} does not accept the password." : $"{connection.BaseUri} wants a password.",
                "Give the server's password (LETTA_SERVER_PASSWORD of its container) with -ApiKey or LETTA_API_KEY.",
                connection.BaseUri),
            HttpStatusCode.NotFound => new LettaException(ErrorIds.NotFound, LettaErrorKind.NotFound, $"{connection.BaseUri} does not have it ({where}): {detail}", "Test-LettaHealth tells whether it is a Letta server of a supported release.", connection.BaseUri),
            HttpStatusCode.TooManyRequests => new LettaException(
                ErrorIds.TooManyRequests, LettaErrorKind.ServerFault, $"{connection.BaseUri} has too many requests ({where}).", "Try again later, or lower -ThrottleLimit.", connection.BaseUri),
            HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout => new LettaException(
                ErrorIds.ServerUnavailable,
                LettaErrorKind.ServerFault,
                $"{connection.BaseUri} is not available (HTTP {(int)response.StatusCode}, {where}): {detail}",
                "The server or its database may be starting or down; look at their logs.",
                connection.BaseUri),
            >= HttpStatusCode.InternalServerError => new LettaException(
                ErrorIds.ServerFailed,
                LettaErrorKind.ServerFault,
                $"{connection.BaseUri} failed (HTTP {(int)response.StatusCode}, {where}): {detail}",
                "Most often the database lacks a table or column that the release expects: Test-LettaHealth tells.",
                connection.BaseUri),
            >= HttpStatusCode.Ambiguous and < HttpStatusCode.BadRequest => Redirected(connection, request, response.Headers.Location),
            _ => new LettaException(
                ErrorIds.RequestRefused, LettaErrorKind.ServerFault, $"{connection.BaseUri} refused (HTTP {(int)response.StatusCode}, {where}): {detail}", "The server's log may say more; Get-LettaServer names its container.", connection.BaseUri)
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

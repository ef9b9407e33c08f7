using System.Net;
using LettaPS.Core.Text;

namespace LettaPS.Adapters.Http;

/// <summary>What goes wrong between LettaPS and a server, in the user's words.</summary>
internal static class HttpErrors
{
    private const int MaxDetail = 500;

    public static LettaException Refused(LettaConnection connection, Exception cause) => new(
        "ServerUnreachable",
        LettaErrorKind.Connection,
        $"Nothing listens at {connection.BaseUri}.",
        "Check that the Letta server runs and that the port is right: Letta's own is 8283.",
        connection.BaseUri,
        cause);

    public static LettaException Unreachable(LettaConnection connection, Exception cause) => new(
        "ServerUnreachable",
        LettaErrorKind.Connection,
        $"{connection.BaseUri} cannot be reached: {cause.GetBaseException().Message}.",
        "Check the address, the network and any firewall between here and there.",
        connection.BaseUri,
        cause);

    public static LettaException UnknownHost(LettaConnection connection, Exception cause) => new(
        "UnknownHost",
        LettaErrorKind.Connection,
        $"There is no host named '{connection.BaseUri.Host}'.",
        "Check the address for a typing error.",
        connection.BaseUri,
        cause);

    public static LettaException Tls(LettaConnection connection, Exception cause) => new(
        "TlsFailed",
        LettaErrorKind.Connection,
        $"No secure connection to {connection.BaseUri}: {cause.GetBaseException().Message.TrimEnd('.')}.",
        "If the server speaks plain http, say so in the address. If its certificate is your own, trust it, or give -SkipCertificateCheck.",
        connection.BaseUri,
        cause);

    public static LettaException NotHttp(LettaConnection connection, Exception cause) => new(
        "NotHttp",
        LettaErrorKind.InvalidData,
        $"What listens at {connection.BaseUri} does not speak HTTP.",
        "Check the port: Letta's own is 8283. If the server speaks TLS, give an https address.",
        connection.BaseUri,
        cause);

    public static LettaException Timeout(LettaConnection connection, HttpRequestMessage request, Exception cause) => new(
        "ServerTimeout",
        LettaErrorKind.Timeout,
        $"{connection.BaseUri} sent nothing for {connection.Timeout.TotalSeconds:0.#} seconds ({Describe(request)}).",
        "Look at the load and the log of the server, or allow more time with Connect-Letta -Timeout.",
        connection.BaseUri,
        cause);

    public static LettaException NoConnection(LettaConnection connection, Exception cause) => new(
        "ServerTimeout",
        LettaErrorKind.Timeout,
        $"{connection.BaseUri} takes no connection within {connection.Timeout.TotalSeconds:0.#} seconds.",
        "Check the address and any firewall between here and there: one that drops packets looks like this.",
        connection.BaseUri,
        cause);

    public static LettaException BrokenOff(LettaConnection connection, HttpRequestMessage request, Exception cause) => new(
        "ConnectionBroken",
        LettaErrorKind.Connection,
        $"{connection.BaseUri} broke off its answer ({Describe(request)}).",
        "Look at the log of the server and of any proxy before it.",
        connection.BaseUri,
        cause);

    public static LettaException NotJson(LettaConnection connection, HttpRequestMessage request, Exception cause) => new(
        "InvalidAnswer",
        LettaErrorKind.InvalidData,
        $"{connection.BaseUri} answered with something that is not well-formed JSON ({Describe(request)}): {cause.Message.TrimEnd('.')}.",
        "Check that the address is the Letta server's own and not a web page, a proxy's log-in or another service.",
        connection.BaseUri,
        cause);

    public static LettaException NotLetta(LettaConnection connection, string found) => new(
        "NotLetta",
        LettaErrorKind.InvalidData,
        $"What answers at {connection.BaseUri} is not a Letta server: {found}.",
        "Check the port: Letta's own is 8283; a proxy before it may listen at another and pass on only some paths.",
        connection.BaseUri);

    /// <summary>What answers is the successor of the V1 server.</summary>
    public static LettaException AppServer(LettaConnection connection) => new(
        "AppServerNotSupported",
        LettaErrorKind.Refused,
        $"'{connection.BaseUri}' is an App Server of Letta Code. It keeps its agents in folders of its own and has none of the V1 server's API, so that there is nothing for LettaPS to connect to.",
        "LettaPS brings the agents of a V1 server to Letta Code's local backend, from a backup: Get-Help about_LettaPS",
        connection.BaseUri);

    /// <summary>An agent in a list of the server that cannot be asked for.</summary>
    public static LettaException InvalidAgentId(LettaConnection connection, string? id, string? name) => new(
        "InvalidIdInAnswer",
        LettaErrorKind.InvalidData,
        $"{connection.BaseUri} lists an agent '{UntrustedText.Shorten(name)}' whose identifier is '{UntrustedText.Shorten(id)}', which is not the identifier of a Letta agent.",
        "Nothing that you gave is wrong: look at the server's table of agents, and at any proxy before it. The other agents can be used.",
        UntrustedText.Shorten(id));

    /// <summary>An answer that is not a success.</summary>
    public static LettaException Refusal(LettaConnection connection, HttpRequestMessage request, HttpResponseMessage response, string body)
    {
        var detail = Detail(body);
        var where = Describe(request);
        return response.StatusCode switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => new LettaException(
                "Unauthorized",
                LettaErrorKind.Denied,
                connection.HasApiKey ? $"{connection.BaseUri} does not accept the password." : $"{connection.BaseUri} wants a password.",
                "Give the server's password (LETTA_SERVER_PASSWORD of its container) with -ApiKey or LETTA_API_KEY.",
                connection.BaseUri),
            HttpStatusCode.NotFound => new LettaException("NotFound", LettaErrorKind.NotFound, $"{connection.BaseUri} does not have it ({where}): {detail}", "Test-LettaHealth tells whether it is a Letta server of a supported release.", connection.BaseUri),
            HttpStatusCode.TooManyRequests => new LettaException(
                "TooManyRequests", LettaErrorKind.ServerFault, $"{connection.BaseUri} has too many requests ({where}).", "Try again later, or lower -ThrottleLimit.", connection.BaseUri),
            HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout => new LettaException(
                "ServerUnavailable",
                LettaErrorKind.ServerFault,
                $"{connection.BaseUri} is not available (HTTP {(int)response.StatusCode}, {where}): {detail}",
                "The server or its database may be starting or down; look at their logs.",
                connection.BaseUri),
            >= HttpStatusCode.InternalServerError => new LettaException(
                "ServerError",
                LettaErrorKind.ServerFault,
                $"{connection.BaseUri} failed (HTTP {(int)response.StatusCode}, {where}): {detail}",
                "Most often the database lacks a table or column that the release expects: Test-LettaHealth tells.",
                connection.BaseUri),
            >= HttpStatusCode.Ambiguous and < HttpStatusCode.BadRequest => NotLetta(connection, $"it redirects to {response.Headers.Location}"),
            _ => new LettaException(
                "RequestRefused", LettaErrorKind.ServerFault, $"{connection.BaseUri} refused (HTTP {(int)response.StatusCode}, {where}): {detail}", "The server's log may say more; Get-LettaServer names its container.", connection.BaseUri)
        };
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

using System.Globalization;

namespace LettaPS.Core.Compose.Rules;

/// <summary>The parts of <c>LETTA_PG_URI</c>, whatever characters the password has.</summary>
/// <param name="Scheme">What is before <c>://</c>; empty if there is none.</param>
/// <param name="Host">The host; empty if there is none.</param>
/// <param name="Query">Names of the parameters behind the question mark.</param>
internal sealed record PostgresUri(string Scheme, string Host, int Port, string Database, IReadOnlyList<string> Query)
{
    private const int DefaultPort = 5432;

    /// <summary>Whether the host is the machine or the container itself.</summary>
    public bool IsLoopback => Host is "localhost" or "::1" || Host.StartsWith("127.", StringComparison.Ordinal);

    /// <summary>Takes a URI apart.</summary>
    public static PostgresUri Parse(string uri)
    {
        var scheme = uri.IndexOf("://", StringComparison.Ordinal) is >= 0 and var end ? uri[..end] : string.Empty;
        var rest = scheme.Length == 0 ? uri : uri[(scheme.Length + 3)..];
        var question = rest.IndexOf('?', Math.Max(0, rest.LastIndexOf('@')));
        var query = question < 0 ? string.Empty : rest[(question + 1)..];
        rest = question < 0 ? rest : rest[..question];
        rest = rest[(rest.LastIndexOf('@') + 1)..];
        var slash = rest.IndexOf('/', StringComparison.Ordinal);
        var authority = slash < 0 ? rest : rest[..slash];
        var bracket = authority.LastIndexOf(']');
        var colon = authority.IndexOf(':', Math.Max(0, bracket));
        var port = colon >= 0 && int.TryParse(authority[(colon + 1)..], CultureInfo.InvariantCulture, out var said) ? said : DefaultPort;
        return new(
            scheme,
            (colon < 0 ? authority : authority[..colon]).Trim('[', ']'),
            port,
            slash < 0 ? string.Empty : rest[(slash + 1)..],
            [.. query.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split('=')[0])]);
    }
}

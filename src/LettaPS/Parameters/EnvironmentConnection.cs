using System.Net;
using System.Security;
using LettaPS.Core.Secrets;

namespace LettaPS.Parameters;

/// <summary>The server that the environment names, with the variables that Letta's own tools use.</summary>
internal static class EnvironmentConnection
{
    private const string BaseUrl = "LETTA_BASE_URL";
    private const string ApiKeyName = "LETTA_API_KEY";
    private const string Default = "http://localhost:8283";

    /// <summary>Whether the environment names a server.</summary>
    public static bool IsNamed => Environment.GetEnvironmentVariable(BaseUrl) is { Length: > 0 };

    /// <summary>The address: <c>LETTA_BASE_URL</c>, else Letta's own port on this machine.</summary>
    /// <exception cref="LettaException"><c>InvalidBaseUri</c>: the variable holds something else.</exception>
    public static Uri BaseUri
    {
        get
        {
            var text = Environment.GetEnvironmentVariable(BaseUrl) is { Length: > 0 } value ? value : Default;
            return Uri.TryCreate(text, UriKind.RelativeOrAbsolute, out var uri)
                ? uri
                : throw new LettaException(
                    ErrorIds.InvalidBaseUri,
                    LettaErrorKind.InvalidInput,
                    $"The variable {BaseUrl} holds '{SecretText.MaskAddress(text)}', which is not the address of a Letta server.",
                    $"Set it to an address: $env:{BaseUrl} = '{Default}'");
        }
    }

    /// <summary>
    /// The password in <c>LETTA_API_KEY</c>, if it belongs to a server: the one that <c>LETTA_BASE_URL</c> names, or Letta's own port on this machine if that is not
    /// set. Another server would get to know it.
    /// </summary>
    /// <returns>The password, or <see langword="null"/>.</returns>
    public static SecureString? ApiKeyFor(Uri server) => Key(ApiKeyName) is { } key && IsNamedServer(server) ? key : null;

    /// <summary>Whether <c>LETTA_API_KEY</c> is set, but for another server.</summary>
    /// <param name="server">The server that is asked.</param>
    public static bool HasKeyForAnother(Uri server) => Key(ApiKeyName) is not null && !IsNamedServer(server);

    /// <summary>What to tell somebody whose server wants the password that was not sent.</summary>
    /// <param name="server">The server that is asked.</param>
    public static string KeyAdvice(Uri server) =>
        $"{ApiKeyName} is sent only to the server that {BaseUrl} names. Specify the variable for this server: Connect-Letta '{server}' -KeyVariable {ApiKeyName}";

    /// <summary>The password in a variable, or <see langword="null"/>. A line end behind it comes of the file that it was read from and is left out.</summary>
    /// <param name="variable">Name of the variable.</param>
    public static SecureString? Key(string variable) =>
        Environment.GetEnvironmentVariable(variable)?.TrimEnd('\r', '\n') is { Length: > 0 } value ? new NetworkCredential(string.Empty, value).SecurePassword : null;

    /// <summary>The server.</summary>
    public static LettaConnection Create() => new(BaseUri, Key(ApiKeyName));

    private static bool IsNamedServer(Uri server)
    {
        var (asked, named) = (new LettaConnection(server).BaseUri, new LettaConnection(BaseUri).BaseUri);
        return asked == named || (asked.IsLoopback && named.IsLoopback && (asked.Scheme, asked.Port, asked.AbsolutePath) == (named.Scheme, named.Port, named.AbsolutePath));
    }
}

using System.Net;
using System.Security;

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
            return Uri.TryCreate(text, UriKind.Absolute, out var uri)
                ? uri
                : throw new LettaException("InvalidBaseUri", LettaErrorKind.InvalidInput, $"{BaseUrl} is not an address.", "Set it to an address like http://localhost:8283.");
        }
    }

    /// <summary>The password: <c>LETTA_API_KEY</c>, or <see langword="null"/>.</summary>
    public static SecureString? ApiKey => Key(ApiKeyName);

    /// <summary>The password in a variable, or <see langword="null"/>. A line end behind it comes of the file that it was read from and is left out.</summary>
    /// <param name="variable">Name of the variable.</param>
    public static SecureString? Key(string variable) =>
        Environment.GetEnvironmentVariable(variable)?.TrimEnd('\r', '\n') is { Length: > 0 } value ? new NetworkCredential(string.Empty, value).SecurePassword : null;

    /// <summary>The server.</summary>
    public static LettaConnection Create() => new(BaseUri, ApiKey);
}

using System.Text.RegularExpressions;

namespace LettaPS.Core.Servers;

/// <summary>Which variables of a container's environment are Letta's, and what of them may be shown.</summary>
internal static partial class ServerSettings
{
    /// <summary>What a secret is replaced by.</summary>
    public const string Mask = "****";

    private static readonly string[] s_otherNames = ["HOST", "PORT", "SECURE", "PGDATA"];

    /// <summary>Letta's variables sorted by name, with secrets masked.</summary>
    /// <param name="environment">The environment of the container.</param>
    public static IReadOnlyDictionary<string, string> Masked(IReadOnlyDictionary<string, string> environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        var settings = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in environment.Where(v => IsLettas(v.Key)))
        {
            settings[name] = value.Length > 0 && SecretName().IsMatch(name) ? Mask : MaskText(value);
        }

        return settings;
    }

    /// <summary>A text, such as a line of a log, without the passwords that stand in addresses and behind the word password.</summary>
    /// <remarks>Letta's start script and its migrations print the address of the database with its password, secure mode prints its own.</remarks>
    public static string MaskText(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return PasswordWord().Replace(PasswordInUri().Replace(text, "$1" + Mask + "@"), "$1" + Mask);
    }

    private static bool IsLettas(string name) =>
        name.StartsWith("LETTA_", StringComparison.Ordinal)
        || name.StartsWith("POSTGRES_", StringComparison.Ordinal)
        || s_otherNames.Contains(name)
        || ProviderName().IsMatch(name);

    // The providers of letta/settings.py (ModelSettings, 0.11.3 to 0.16.8) all keep to these endings.
    [GeneratedRegex("_(API_KEY|BASE_URL|API_BASE|API_VERSION|AUTH_TYPE)$|^AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|DEFAULT_REGION)$", RegexOptions.CultureInvariant)]
    private static partial Regex ProviderName();

    [GeneratedRegex("KEY|PASSWORD|SECRET|TOKEN|CREDENTIAL", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex SecretName();

    [GeneratedRegex(@"(\w+://[^\s:/@]*:)[^\s/@]+@", RegexOptions.CultureInvariant)]
    private static partial Regex PasswordInUri();

    [GeneratedRegex(@"(\bpassword(?:\s*[:=]\s*))\S+", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex PasswordWord();
}

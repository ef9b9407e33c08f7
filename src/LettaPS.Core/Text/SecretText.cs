using System.Text.RegularExpressions;

namespace LettaPS.Core.Text;

/// <summary>Recognises secrets in compose files by the names of variables and by the form of addresses.</summary>
internal static partial class SecretText
{
    /// <summary>Passwords that Letta's and PostgreSQL's images use where nothing is set, and that everybody knows.</summary>
    private static readonly string[] s_known = ["letta", "postgres", "password"];

    /// <summary>The secret in the value of a variable: all of it by the variable's name, or the password of an address.</summary>
    /// <param name="name">Name of the variable.</param>
    /// <param name="value">Its value.</param>
    /// <returns>The secret, or <see langword="null"/> where there is none but one that everybody knows.</returns>
    public static string? Find(string name, string value) =>
        (Name().IsMatch(name) ? value : UserInfo().Match(value) is { Success: true } match ? match.Groups["secret"].Value : null) is { Length: > 0 } secret && !IsKnown(secret)
            ? secret
            : null;

    /// <summary>Whether a password is one that everybody knows.</summary>
    /// <param name="password">The password.</param>
    public static bool IsKnown(string? password) => s_known.Contains(password);

    /// <summary>A line of a compose file as it may be shown: without what looks like a secret.</summary>
    /// <param name="line">The line.</param>
    public static string Mask(string line) => Assignment().Replace(UserInfo().Replace(line, "://${user}:***@"), "${name}${sign}***");

    [GeneratedRegex("(^|_)(PASSWORD|PASSWD|PASS|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|SECRET_?KEY|ENCRYPTION_?KEY|PRIVATE_?KEY)$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Name();

    [GeneratedRegex("(?<name>(PASSWORD|PASSWD|PASS|SECRET|TOKEN|KEY)[\"']?)(?<sign>\\s*[:=]\\s*)(\"[^\"]*\"|'[^']*'|[^\\s,}\\]]+)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Assignment();

    [GeneratedRegex("://(?<user>[^/@:]*):(?<secret>[^@]+)@", RegexOptions.CultureInvariant)]
    private static partial Regex UserInfo();
}

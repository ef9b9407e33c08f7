using System.Management.Automation;

namespace LettaPS.Parameters;

/// <summary>Names with wildcards, as users give them.</summary>
internal static class WildcardSet
{
    /// <summary>Whether one of the patterns fits a name; no patterns fit all.</summary>
    public static bool IsMatchedBy(this string[]? patterns, string name) =>
        patterns is null || patterns.Any(p => WildcardPattern.Get(p, WildcardOptions.IgnoreCase).IsMatch(name));

    /// <summary>The names without wildcards that fit none of those that there are: what a user should be told of.</summary>
    /// <param name="names">The names that there are.</param>
    public static IEnumerable<string> NotAmong(this IEnumerable<string> patterns, IEnumerable<string> names) =>
        patterns.Where(p => !WildcardPattern.ContainsWildcardCharacters(p) && !names.Any(n => new[] { p }.IsMatchedBy(n)));
}

using System.Management.Automation;

namespace LettaPS.Hosting;

/// <summary>Names with wildcards, as users give them.</summary>
internal static class NamePatterns
{
    /// <summary>Whether one of the patterns fits a name; no patterns fit all.</summary>
    /// <param name="patterns">The patterns.</param>
    /// <param name="name">The name.</param>
    public static bool IsMatchedBy(this string[]? patterns, string name) =>
        patterns is null || patterns.Any(p => WildcardPattern.Get(p, WildcardOptions.IgnoreCase).IsMatch(name));
}

using System.Text;
using System.Text.RegularExpressions;
using LettaPS.Sandbox.Http;

namespace LettaPS.Sandbox.Files;

/// <summary>The rule for agents' names, which differs by release and is not enforced when an agent is renamed.</summary>
internal static partial class AgentNames
{
    /// <summary>Whether a name passes; an empty one always does.</summary>
    public static bool IsValid(Release release, string? name) =>
        string.IsNullOrEmpty(name) || (release >= Release.V0162 ? IsUnicode(name) : Ascii().IsMatch(name));

    /// <summary>The error of 0.13 and later, which calls itself an export error wherever it happens.</summary>
    public static string Error(string name) =>
        $"Export failed: Agent name '{name}' contains invalid characters: letters, digits, spaces, hyphens, underscores and apostrophes are allowed.";

    /// <summary>Fails as 0.13 and later do when an agent of this name is made.</summary>
    public static void Demand(Release release, string? name)
    {
        if (release >= Release.V0162 && !IsValid(release, name))
        {
            throw new Problem(500, Error(name!));
        }
    }

    // A regular expression of .NET sees halves of characters beyond the first plane, where Python's sees the character.
    private static bool IsUnicode(string name) => Unicode().IsMatch(string.Concat(name.EnumerateRunes().Select(r => r.IsBmp ? r.ToString() : Rune.IsLetterOrDigit(r) ? "x" : "/")));

    [GeneratedRegex(@"^[\w '\-]+\n?\z")]
    private static partial Regex Unicode();

    [GeneratedRegex(@"^[A-Za-z0-9 _-]+\n?\z")]
    private static partial Regex Ascii();
}

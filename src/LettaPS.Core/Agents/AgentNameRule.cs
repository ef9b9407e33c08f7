using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace LettaPS.Core.Agents;

/// <summary>What Letta allows in the name of an agent and in an id, in the releases that check them (letta/schemas/agent.py, letta/validators.py, unchanged up to 0.16.8).</summary>
internal static partial class AgentNameRule
{
    /// <summary>Whether a name can be exported and imported: letters and digits of any language, underscores, spaces, hyphens and apostrophes.</summary>
    public static bool Allows(string name)
    {
        // Python's $ lets one line feed at the end pass.
        var text = name.EndsWith('\n') ? name[..^1] : name;
        return text.Length > 0 && text.EnumerateRunes().All(IsAllowed);
    }

    /// <summary>Whether an id is accepted in addresses: a word, a hyphen and a UUID of version 4.</summary>
    public static bool IsStrictId(string id) => Id().IsMatch(id);

    // Python's \w: letters and numbers of every script, beyond the first plane too, and of marks and connectors the underscore only.
    private static bool IsAllowed(Rune rune) => Rune.IsLetter(rune)
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber
        || rune.Value is '_' or ' ' or '\'' or '-';

    [GeneratedRegex(@"^[a-z_-]+-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Id();
}

using System.Text.RegularExpressions;
using LettaPS.Core.Compose.Model;
using LettaPS.Core.Compose.Yaml;

namespace LettaPS.Core.Compose.Rules;

/// <summary>Lists of variables that do not say what they were meant to.</summary>
internal static partial class EnvironmentRules
{
    public static IEnumerable<LettaComposeFinding> Examine(ComposeAudit audit) => audit.Letta.Concat(audit.Databases).Distinct().SelectMany(Service);

    /// <summary>Whether a later line of an item was meant to be an item of its own.</summary>
    public static bool IsMerged(ComposeSetting item) => item.Node is YamlScalar scalar && Joined(item, scalar) is not null;

    private static IEnumerable<LettaComposeFinding> Service(ComposeService service)
    {
        foreach (var item in service.List("environment").Where(i => i.Part.Body.Find("environment") is YamlSequence))
        {
            if (item.Node is YamlMapping { Entries: [{ Key: YamlScalar key }, ..] })
            {
                yield return item.Finding(
                    service,
                    LettaComposeSeverity.Error,
                    "EnvironmentItemInvalid",
                    $"'- {key.Value}: …' is a mapping inside a list, which compose refuses.",
                    $"Write - {key.Value}=…, or leave the dash out of all lines.");
                continue;
            }

            if (item.Node is not YamlScalar scalar)
            {
                continue;
            }

            var name = scalar.Value.Split('=')[0];
            if (Joined(item, scalar) is ({ } other, var line))
            {
                yield return (item with { Line = line }).Finding(
                    service,
                    LettaComposeSeverity.Error,
                    "EnvironmentItemMerged",
                    $"The line of '{other}' has no dash, so that it is a part of the value of '{name}': '{other}' is not set, and '{name}' is wrong.",
                    $"Put a dash before it: - {other}=…");
            }
            else if (name.TrimEnd() != name && scalar.Value.Contains('=', StringComparison.Ordinal))
            {
                yield return item.Finding(
                    service,
                    LettaComposeSeverity.Error,
                    "EnvironmentItemInvalid",
                    $"There is a space between '{name.TrimEnd()}' and the equals sign, which becomes a part of the name.",
                    $"Write - {name.TrimEnd()}=… without the space.");
            }
            else if (Quoted().IsMatch(scalar.Value))
            {
                yield return item.Finding(
                    service,
                    LettaComposeSeverity.Warning,
                    "QuotesInValue",
                    $"The quotes behind '{name}=' are a part of the value, since the item does not begin with them.",
                    $"Write - {name}=… without quotes, or quote the whole item.");
            }
        }
    }

    /// <summary>A variable that a later line of an item was meant to set.</summary>
    private static (string Name, int Line)? Joined(ComposeSetting item, YamlScalar scalar)
    {
        if (!scalar.IsPlain)
        {
            return null;
        }

        var lines = item.Part.File.Source.Text[scalar.Start..scalar.End].Split('\n');
        for (var i = 1; i < lines.Length; i++)
        {
            if (Assignment().Match(lines[i]) is { Success: true } match)
            {
                return (match.Groups["name"].Value, scalar.Line + i);
            }
        }

        return null;
    }

    [GeneratedRegex(@"^\s*(?<name>[A-Z_][A-Z0-9_]*)=", RegexOptions.CultureInvariant)]
    private static partial Regex Assignment();

    [GeneratedRegex("""^[A-Za-z_]\w*=(".*"|'.*')$""", RegexOptions.CultureInvariant)]
    private static partial Regex Quoted();
}

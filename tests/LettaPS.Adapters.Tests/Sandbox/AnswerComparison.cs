using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace LettaPS.Adapters.Tests.Sandbox;

/// <summary>
/// Compares the answers of two servers on which the same things were done: the same names, the same types, the same nulls, the same ids at
/// the same places (ids that the servers made differ, but each always stands for the same other), and, if asked for, the same values.
/// </summary>
internal sealed partial class AnswerComparison
{
    private const int Enough = 8;

    /// <summary>What the database gives in no particular order.</summary>
    private static readonly HashSet<string> s_unordered =
    [
        "tools", "blocks", "file_blocks", "sources", "tags", "tool_exec_environment_variables", "secrets", "core_memory", "files", "files_agents",
        "tool_ids", "block_ids", "source_ids", "folder_ids", "identity_ids", "agent_ids", "identities", "add-base-tools",
    ];

    private static readonly string[] s_labels = ["label", "name", "file_name", "key", "identifier_key", "tag", "id"];

    private readonly Dictionary<string, string> _ids = [];
    private readonly List<string> _differences = [];
    private Exchange _exchange = null!;

    /// <summary>Puts the ids of the sandbox in the place of the recorded ones.</summary>
    public string Translate(string recorded) => Id().Replace(recorded, m => _ids.GetValueOrDefault(m.Value, m.Value));

    /// <summary>What is not the same.</summary>
    /// <param name="recorded">What the real server answered.</param>
    /// <param name="played">What the sandbox answered.</param>
    /// <param name="values">Whether values must be the same, not only their kinds; what an error says always must.</param>
    /// <param name="exchange">What was asked.</param>
    public IReadOnlyList<string> Compare(JsonElement recorded, JsonElement played, bool values, Exchange exchange)
    {
        _differences.Clear();
        _exchange = exchange;
        Compare(recorded, played, "$", exchange.Route.Split('/')[^1], values);
        return [.. _differences.Take(Enough)];
    }

    private void Compare(JsonElement recorded, JsonElement played, string path, string name, bool values)
    {
        if (_differences.Count > Enough || OutOfScope.IsOwn(_exchange, path))
        {
            return;
        }

        if (Kind(recorded) != Kind(played))
        {
            _differences.Add($"{path}: {Short(recorded)} became {Short(played)}");
            return;
        }

        switch (recorded.ValueKind)
        {
            case JsonValueKind.Object:
                CompareObjects(recorded, played, path, values);
                break;
            case JsonValueKind.Array:
                CompareArrays(recorded, played, path, name, values);
                break;
            case JsonValueKind.String:
                CompareTexts(recorded.GetString()!, played.GetString()!, path, values);
                break;
            default:
                if (values && recorded.GetRawText() != played.GetRawText() && (recorded.ValueKind != JsonValueKind.Number || recorded.GetDouble() != played.GetDouble()))
                {
                    _differences.Add($"{path}: {Short(recorded)} became {Short(played)}");
                }

                break;
        }
    }

    private void CompareObjects(JsonElement recorded, JsonElement played, string path, bool values)
    {
        foreach (var extra in played.EnumerateObject().Where(p => !recorded.TryGetProperty(p.Name, out _)))
        {
            _differences.Add($"{path}.{extra.Name}: is too many");
        }

        foreach (var property in recorded.EnumerateObject())
        {
            if (played.TryGetProperty(property.Name, out var other))
            {
                Compare(property.Value, other, $"{path}.{property.Name}", property.Name, values);
            }
            else
            {
                _differences.Add($"{path}.{property.Name}: is missing");
            }
        }
    }

    private void CompareArrays(JsonElement recorded, JsonElement played, string path, string name, bool values)
    {
        IEnumerable<JsonElement> left = recorded.EnumerateArray();
        IEnumerable<JsonElement> right = played.EnumerateArray();
        var length = recorded.GetArrayLength();
        if (length > 0 && recorded[length - 1] is { ValueKind: JsonValueKind.String } last && Numbers().Match(last.GetString()!) is { Success: true } match)
        {
            left = left.Take(--length);
            right = right.Take(length);
            length = int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
        }

        if (length != played.GetArrayLength())
        {
            _differences.Add($"{path}: {length} items became {played.GetArrayLength()}");
        }

        if (s_unordered.Contains(name))
        {
            (left, right) = (left.OrderBy(Label, StringComparer.Ordinal), right.OrderBy(Label, StringComparer.Ordinal));
        }

        var i = 0;
        foreach (var (one, other) in left.Zip(right))
        {
            Compare(one, other, $"{path}[{i++}]", name, values);
        }
    }

    private void CompareTexts(string recorded, string played, string path, bool values)
    {
        if (Id().IsMatch(recorded) && Id().Match(recorded).Length == recorded.Length)
        {
            if (values ? recorded != played : _ids.GetValueOrDefault(recorded, played) != played || !_ids.TryAdd(recorded, played) && _ids[recorded] != played)
            {
                _differences.Add($"{path}: {recorded} became {played}, not {_ids.GetValueOrDefault(recorded, recorded)}");
            }
        }
        else if ((values || path == "$.detail") && !SameText(Translate(recorded), played))
        {
            _differences.Add($"{path}: \"{recorded}\" became \"{played}\"");
        }
    }

    /// <summary>
    /// Whether texts are the same as far as the recording tells: of long ones it has the length and a hash. Long error texts are the sandbox's
    /// own words. Numbers in agent files follow an order that the database does not promise, and the files of imports are made anew.
    /// </summary>
    private bool SameText(string recorded, string played)
    {
        if (recorded == played
            || (FileId().IsMatch(recorded) && FileId().IsMatch(played))
            || (_exchange.Path == "/v1/agents/import" && Number().Replace(recorded, "0") == Number().Replace(played, "0")))
        {
            return true;
        }

        if (Mark().Match(recorded) is not { Success: true } mark || mark.Length != recorded.Length)
        {
            return false;
        }

        return _exchange.Status >= 400
            || (played.EnumerateRunes().Count() == int.Parse(mark.Groups[1].Value, CultureInfo.InvariantCulture)
                && (Mark().IsMatch(played)
                    || Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(played))).StartsWith(mark.Groups[2].Value, StringComparison.Ordinal)));
    }

    private static string Label(JsonElement item) => item.ValueKind == JsonValueKind.Object
        ? string.Join('\n', s_labels.Select(l => item.TryGetProperty(l, out var value) ? value.ToString() : string.Empty))
        : item.ToString();

    private static JsonValueKind Kind(JsonElement value) => value.ValueKind == JsonValueKind.False ? JsonValueKind.True : value.ValueKind;

    private static string Short(JsonElement value) => value.GetRawText() is { Length: > 80 } text ? text[..80] + "…" : value.GetRawText();

    [GeneratedRegex("[a-z_]+-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")]
    private static partial Regex Id();

    [GeneratedRegex(@"\[text of (\d+) characters, ([0-9a-f]+)\]")]
    private static partial Regex Mark();

    [GeneratedRegex(@"^(tool|block|source|file)-\d+$")]
    private static partial Regex FileId();

    [GeneratedRegex(@"\d+")]
    private static partial Regex Number();

    [GeneratedRegex(@"^\.\.\. (\d+) numbers")]
    private static partial Regex Numbers();
}

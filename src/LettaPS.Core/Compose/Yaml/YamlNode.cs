namespace LettaPS.Core.Compose.Yaml;

/// <summary>A node of a YAML document and where it stands in the text.</summary>
/// <param name="Start">Offset of its first character in UTF-16 units; of its anchor or tag where it has one.</param>
/// <param name="End">Offset behind its last character.</param>
/// <param name="Line">1-based line of <paramref name="Start"/>.</param>
/// <param name="Tag">Its explicit tag, such as <c>!reset</c>; <see langword="null"/> where there is none.</param>
internal abstract record YamlNode(int Start, int End, int Line, string? Tag);

/// <summary>A scalar: plain, quoted or a block.</summary>
/// <param name="Start">Offset of its first character.</param>
/// <param name="End">Offset behind its last character.</param>
/// <param name="Line">1-based line.</param>
/// <param name="Tag">Its explicit tag.</param>
/// <param name="Value">What it says, quotes and folding undone.</param>
/// <param name="IsPlain">Whether it is unquoted, so that <c>null</c> and <c>~</c> mean no value.</param>
/// <param name="Token">Its place in <see cref="YamlText.Tokens"/>.</param>
internal sealed record YamlScalar(int Start, int End, int Line, string? Tag, string Value, bool IsPlain, int Token) : YamlNode(Start, End, Line, Tag)
{
    /// <summary>Whether this is YAML's null.</summary>
    public bool IsNull => IsPlain && Value is "" or "~" or "null" or "Null" or "NULL";
}

/// <summary>A list.</summary>
/// <param name="Start">Offset of its first character.</param>
/// <param name="End">Offset behind its first token.</param>
/// <param name="Line">1-based line.</param>
/// <param name="Tag">Its explicit tag.</param>
/// <param name="Items">What it holds. An alias is the node it stands for.</param>
internal sealed record YamlSequence(int Start, int End, int Line, string? Tag, IReadOnlyList<YamlNode> Items) : YamlNode(Start, End, Line, Tag);

/// <summary>A mapping.</summary>
/// <param name="Start">Offset of its first character.</param>
/// <param name="End">Offset behind its first token.</param>
/// <param name="Line">1-based line.</param>
/// <param name="Tag">Its explicit tag.</param>
/// <param name="Entries">Its keys and values in order. An alias is the node it stands for.</param>
internal sealed record YamlMapping(int Start, int End, int Line, string? Tag, IReadOnlyList<KeyValuePair<YamlNode, YamlNode>> Entries)
    : YamlNode(Start, End, Line, Tag)
{
    private Dictionary<string, YamlNode>? _own;

    // Made when the mapping is first asked, by when it has been read to its end.
    private Dictionary<string, YamlNode> Own => _own ??= Entries
        .Where(e => e.Key is YamlScalar)
        .Select(e => (Name: ((YamlScalar)e.Key).Value, e.Value))
        .DistinctBy(e => e.Name)
        .ToDictionary(e => e.Name, e => e.Value, StringComparer.Ordinal);

    /// <summary>The value of a key: its own, else the first that a merge key (<c>&lt;&lt;</c>) brings.</summary>
    /// <returns>The value, or <see langword="null"/> where there is no such key.</returns>
    public YamlNode? Find(string key) => WithMerged().Select(m => m.Own.GetValueOrDefault(key)).FirstOrDefault(v => v is not null);

    /// <summary>All keys, those of merge keys included, with their values: own ones first.</summary>
    public IEnumerable<KeyValuePair<string, YamlNode>> Flatten() => WithMerged().SelectMany(m => m.Own).Where(e => e.Key != "<<").DistinctBy(e => e.Key);

    /// <summary>This mapping and those that its merge keys bring, each once: whoever writes the same anchor a thousand times does not cost a thousand times as much.</summary>
    private IEnumerable<YamlMapping> WithMerged()
    {
        HashSet<YamlMapping> seen = new(ReferenceEqualityComparer.Instance);
        Stack<YamlMapping> open = new([this]);
        while (open.TryPop(out var mapping))
        {
            if (seen.Add(mapping))
            {
                yield return mapping;
                IEnumerable<YamlNode> merged = mapping.Own.GetValueOrDefault("<<") switch
                {
                    null => [],
                    YamlSequence sequence => sequence.Items,
                    var single => [single],
                };
                foreach (var next in merged.OfType<YamlMapping>().Reverse())
                {
                    open.Push(next);
                }
            }
        }
    }
}

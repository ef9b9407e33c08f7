namespace LettaPS.Core.Compose;

/// <summary>A node of a YAML document and where it stands in the text.</summary>
/// <param name="Start">Offset of its first character in UTF-16 units; of its anchor or tag where it has one.</param>
/// <param name="End">Offset behind its last character.</param>
/// <param name="Line">1-based line of <paramref name="Start"/>.</param>
/// <param name="Tag">Its explicit tag, such as <c>!reset</c>; <see langword="null"/> where there is none.</param>
public abstract record YamlNode(int Start, int End, int Line, string? Tag);

/// <summary>A scalar: plain, quoted or a block.</summary>
/// <param name="Start">Offset of its first character.</param>
/// <param name="End">Offset behind its last character.</param>
/// <param name="Line">1-based line.</param>
/// <param name="Tag">Its explicit tag.</param>
/// <param name="Value">What it says, quotes and folding undone.</param>
/// <param name="IsPlain">Whether it is unquoted, so that <c>null</c> and <c>~</c> mean no value.</param>
/// <param name="Token">Its place in <see cref="YamlText.Tokens"/>.</param>
public sealed record YamlScalar(int Start, int End, int Line, string? Tag, string Value, bool IsPlain, int Token) : YamlNode(Start, End, Line, Tag)
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
public sealed record YamlSequence(int Start, int End, int Line, string? Tag, IReadOnlyList<YamlNode> Items) : YamlNode(Start, End, Line, Tag);

/// <summary>A mapping.</summary>
/// <param name="Start">Offset of its first character.</param>
/// <param name="End">Offset behind its first token.</param>
/// <param name="Line">1-based line.</param>
/// <param name="Tag">Its explicit tag.</param>
/// <param name="Entries">Its keys and values in order. An alias is the node it stands for.</param>
public sealed record YamlMapping(int Start, int End, int Line, string? Tag, IReadOnlyList<KeyValuePair<YamlNode, YamlNode>> Entries)
    : YamlNode(Start, End, Line, Tag)
{
    /// <summary>Merge keys are followed this deep; more is a cycle.</summary>
    private const int MaxMergeDepth = 32;

    /// <summary>The value of a key: its own, else the first that a merge key (<c>&lt;&lt;</c>) brings.</summary>
    /// <param name="key">The key.</param>
    /// <returns>The value, or <see langword="null"/> where there is no such key.</returns>
    public YamlNode? Find(string key) => Find(key, MaxMergeDepth);

    /// <summary>All keys, those of merge keys included, with their values: own ones first.</summary>
    public IEnumerable<KeyValuePair<string, YamlNode>> Flatten() => Flatten(MaxMergeDepth).DistinctBy(e => e.Key);

    private YamlNode? Find(string key, int depth)
    {
        foreach (var (name, value) in Entries)
        {
            if (name is YamlScalar scalar && scalar.Value == key)
            {
                return value;
            }
        }

        return depth == 0 ? null : Merged().Select(m => m.Find(key, depth - 1)).FirstOrDefault(v => v is not null);
    }

    private IEnumerable<KeyValuePair<string, YamlNode>> Flatten(int depth)
    {
        foreach (var (name, value) in Entries)
        {
            if (name is YamlScalar scalar && scalar.Value != "<<")
            {
                yield return new(scalar.Value, value);
            }
        }

        foreach (var entry in depth == 0 ? [] : Merged().SelectMany(m => m.Flatten(depth - 1)))
        {
            yield return entry;
        }
    }

    private IEnumerable<YamlMapping> Merged()
    {
        foreach (var (name, value) in Entries)
        {
            if (name is YamlScalar { Value: "<<", IsPlain: true })
            {
                foreach (var mapping in value is YamlSequence sequence ? sequence.Items : [value])
                {
                    if (mapping is YamlMapping merged)
                    {
                        yield return merged;
                    }
                }
            }
        }
    }
}

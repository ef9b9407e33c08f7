namespace LettaPS.Core.Compose.Yaml;

/// <summary>What a YAML reader makes of a text.</summary>
/// <param name="Documents">The root of each document.</param>
/// <param name="Tokens">
/// Everything the text says, in order and without positions. Two texts with equal tokens mean the same; comments and layout are not in them.
/// </param>
internal sealed record YamlText(IReadOnlyList<YamlNode> Documents, IReadOnlyList<YamlToken> Tokens)
{
    /// <summary>Whether this says the same as another text but for the value of one scalar.</summary>
    /// <param name="other">The other text.</param>
    /// <param name="token">Place of the scalar.</param>
    /// <param name="value">What the scalar must say here.</param>
    public bool DiffersOnlyIn(YamlText other, int token, string value)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Tokens.Count == other.Tokens.Count
            && Tokens.Select((t, i) => t == (i == token ? other.Tokens[i] with { Value = value } : other.Tokens[i])).All(equal => equal);
    }
}

/// <summary>A beginning, an end, a scalar or an alias.</summary>
/// <param name="Kind">Which of them, and for a scalar how it is written.</param>
/// <param name="Anchor">The anchor it defines or refers to.</param>
/// <param name="Tag">Its explicit tag.</param>
/// <param name="Value">What a scalar says.</param>
internal readonly record struct YamlToken(string Kind, string? Anchor, string? Tag, string? Value);

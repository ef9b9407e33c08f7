using LettaPS.Core.Text;

namespace LettaPS.Core.Agents;

/// <summary>
/// Letta's identifiers: a word, a hyphen and a UUID (<c>agent-10418b8d-37a5-4923-8f70-69ccc58d66ff</c>). What a server or a file says is
/// checked against that form before it reaches an address or a file name.
/// </summary>
internal static class EntityId
{
    /// <summary>Length of a UUID written out.</summary>
    private const int UuidLength = 36;

    /// <summary>The UUID of an identifier.</summary>
    /// <param name="id">The identifier.</param>
    /// <param name="prefix">Its word: <c>agent</c>, <c>message</c>.</param>
    /// <returns>Whether the identifier has that form.</returns>
    public static bool TryParse(string? id, string prefix, out Guid uuid)
    {
        uuid = Guid.Empty;
        return id is not null
            && id.Length == prefix.Length + 1 + UuidLength
            && id.StartsWith(prefix, StringComparison.Ordinal)
            && id[prefix.Length] == '-'
            && Guid.TryParseExact(id.AsSpan(prefix.Length + 1), "D", out uuid);
    }

    /// <summary>The identifier of a UUID.</summary>
    /// <param name="prefix">Its word.</param>
    public static string Format(string prefix, Guid uuid) => $"{prefix}-{uuid:D}";

    /// <summary>Checks an identifier that somebody gave.</summary>
    /// <param name="id">The identifier.</param>
    /// <param name="prefix">Its word.</param>
    /// <returns>The identifier, in lower case as Letta writes it.</returns>
    /// <exception cref="LettaException"><c>InvalidId</c>: it has another form.</exception>
    public static string Require(string? id, string prefix) => TryParse(id, prefix, out var uuid)
        ? Format(prefix, uuid)
        : throw new LettaException(
            ErrorIds.InvalidId,
            LettaErrorKind.InvalidInput,
            $"'{UntrustedText.Shorten(id)}' is not the identifier of a Letta {prefix}.",
            $"Copy the identifier from the list, such as {Format(prefix, Guid.Empty)}: Get-LettaAgent",
            id);
}

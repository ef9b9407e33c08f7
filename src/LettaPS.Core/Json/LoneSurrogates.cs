using System.Globalization;

namespace LettaPS.Core.Json;

/// <summary>
/// Escapes of half a surrogate pair, such as <c>\ud83d</c> alone: PostgreSQL's type json takes them, what is cut in the middle of an emoji has them, and no reader of
/// .NET takes them for text.
/// </summary>
internal static class LoneSurrogates
{
    private const int Length = 6;

    /// <summary>The value with U+FFFD for each of them.</summary>
    /// <param name="json">A JSON value.</param>
    /// <returns>The same bytes where it has none.</returns>
    public static ReadOnlySpan<byte> Replace(ReadOnlySpan<byte> json)
    {
        if (json.IndexOf("\\ud"u8) < 0 && json.IndexOf("\\uD"u8) < 0)
        {
            return json;
        }

        var result = json.ToArray();
        for (var at = result.AsSpan().IndexOf((byte)'\\'); at >= 0 && at < result.Length; at = Next(result, at))
        {
            var unit = Unit(result, at);
            if (char.IsHighSurrogate(unit) && char.IsLowSurrogate(Unit(result, at + Length)))
            {
                at += Length;
            }
            else if (char.IsSurrogate(unit))
            {
                "fffd"u8.CopyTo(result.AsSpan(at + 2));
            }
        }

        return result;
    }

    /// <summary>The next escape after one. An escaped backslash is passed over as a whole.</summary>
    private static int Next(byte[] json, int at)
    {
        var from = Math.Min(at + 2, json.Length);
        var found = json.AsSpan(from).IndexOf((byte)'\\');
        return found < 0 ? -1 : from + found;
    }

    private static char Unit(byte[] json, int at) =>
        at + Length <= json.Length && json[at] == '\\' && json[at + 1] == 'u'
        && ushort.TryParse(json.AsSpan(at + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit)
            ? (char)unit
            : '\0';
}

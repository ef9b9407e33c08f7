using System.Globalization;
using System.Text.Json;

namespace LettaPS.Core.Json;

/// <summary>Says where a document is not well-formed.</summary>
internal static class JsonErrorLocation
{
    /// <summary>The place in words.</summary>
    /// <param name="e">What the reader found.</param>
    /// <param name="position">How far it had read.</param>
    public static string Of(JsonException e, long position) =>
        e.BytePositionInLine is { } column && e.LineNumber is { } line
            ? string.Create(CultureInfo.InvariantCulture, $"line {line + 1}, byte {column + 1}")
            : string.Create(CultureInfo.InvariantCulture, $"near byte {position}: {e.Message}");
}

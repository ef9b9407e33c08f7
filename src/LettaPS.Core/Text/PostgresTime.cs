using System.Text.Json;

namespace LettaPS.Core.Text;

/// <summary>Moments as PostgreSQL prints them in UTC (<c>2026-01-17 06:10:00.1234+00</c>) as Letta's answers write them.</summary>
internal static class PostgresTime
{
    private const int ToSeconds = 19;
    private const int Microseconds = 6;

    /// <summary>Writes a moment: with a T, all six digits of the fraction or none, and a zone where it has one.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="text">The moment. What is none, such as <c>infinity</c>, is written as it is.</param>
    /// <param name="zone">How UTC is written.</param>
    public static void Write(Utf8JsonWriter json, ReadOnlySpan<byte> text, ReadOnlySpan<byte> zone)
    {
        if (text.Length < ToSeconds || text[10] != ' ')
        {
            json.WriteStringValue(text);
            return;
        }

        Span<byte> iso = stackalloc byte[64];
        text[..ToSeconds].CopyTo(iso);
        iso[10] = (byte)'T';
        var (read, written) = (ToSeconds, ToSeconds);
        if (text.Length > read && text[read] == '.')
        {
            iso[written++] = text[read++];
            var digits = 0;
            for (; read < text.Length && text[read] is >= (byte)'0' and <= (byte)'9' && digits < Microseconds; digits++)
            {
                iso[written++] = text[read++];
            }

            iso[written..(written + Microseconds - digits)].Fill((byte)'0');
            written += Microseconds - digits;
        }

        if (text[read..].SequenceEqual("+00"u8))
        {
            zone.CopyTo(iso[written..]);
            written += zone.Length;
        }
        else if (read < text.Length)
        {
            // A year before Christ, or digits that no release writes.
            json.WriteStringValue(text);
            return;
        }

        json.WriteStringValue(iso[..written]);
    }
}

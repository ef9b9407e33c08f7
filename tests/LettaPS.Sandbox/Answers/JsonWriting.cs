using System.Globalization;
using System.Text.Json;

namespace LettaPS.Sandbox.Answers;

/// <summary>Short forms of <see cref="Utf8JsonWriter"/> for the kinds of values that Letta answers with.</summary>
internal static class JsonWriting
{
    public static void Prop(this Utf8JsonWriter w, ReadOnlySpan<byte> name, string? value)
    {
        if (value is null)
        {
            w.WriteNull(name);
        }
        else
        {
            w.WriteString(name, value);
        }
    }

    public static void Prop(this Utf8JsonWriter w, ReadOnlySpan<byte> name, bool? value)
    {
        if (value is { } given)
        {
            w.WriteBoolean(name, given);
        }
        else
        {
            w.WriteNull(name);
        }
    }

    public static void Prop(this Utf8JsonWriter w, ReadOnlySpan<byte> name, long? value)
    {
        if (value is { } given)
        {
            w.WriteNumber(name, given);
        }
        else
        {
            w.WriteNull(name);
        }
    }

    public static void Prop(this Utf8JsonWriter w, ReadOnlySpan<byte> name, JsonElement? value)
    {
        if (value is { ValueKind: not JsonValueKind.Undefined } given)
        {
            w.WritePropertyName(name);
            given.WriteTo(w);
        }
        else
        {
            w.WriteNull(name);
        }
    }

    public static void Prop(this Utf8JsonWriter w, ReadOnlySpan<byte> name, IEnumerable<string>? values)
    {
        if (values is null)
        {
            w.WriteNull(name);
            return;
        }

        w.WriteStartArray(name);
        foreach (var value in values)
        {
            w.WriteStringValue(value);
        }

        w.WriteEndArray();
    }

    /// <summary>A moment as most answers write it: microseconds unless there are none, and Z.</summary>
    public static void Prop(this Utf8JsonWriter w, ReadOnlySpan<byte> name, DateTimeOffset? value) => w.Moment(name, value?.UtcDateTime, "Z");

    /// <summary>A moment without a zone, as 0.11 has for runs.</summary>
    public static void PropNaive(this Utf8JsonWriter w, ReadOnlySpan<byte> name, DateTime? value) => w.Moment(name, value, string.Empty);

    /// <summary>A moment as exports write it.</summary>
    public static void PropIso(this Utf8JsonWriter w, ReadOnlySpan<byte> name, DateTimeOffset? value) => w.Moment(name, value?.UtcDateTime, "+00:00");

    public static void Items<T>(this Utf8JsonWriter w, ReadOnlySpan<byte> name, IEnumerable<T> items, Action<Utf8JsonWriter, T> write)
    {
        w.WriteStartArray(name);
        foreach (var item in items)
        {
            write(w, item);
        }

        w.WriteEndArray();
    }

    private static void Moment(this Utf8JsonWriter w, ReadOnlySpan<byte> name, DateTime? value, string zone)
    {
        if (value is not { } moment)
        {
            w.WriteNull(name);
            return;
        }

        var format = moment.Ticks % TimeSpan.TicksPerSecond < TimeSpan.TicksPerMicrosecond ? "yyyy-MM-dd'T'HH:mm:ss" : "yyyy-MM-dd'T'HH:mm:ss.ffffff";
        Span<char> text = stackalloc char[40];
        moment.TryFormat(text, out var length, format, CultureInfo.InvariantCulture);
        zone.CopyTo(text[length..]);
        w.WriteString(name, text[..(length + zone.Length)]);
    }
}

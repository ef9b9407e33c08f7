using System.Text.Json;
using LettaPS.Core.Json;
using LettaPS.Core.Text;

namespace LettaPS.Core.AgentTables;

/// <summary>Writes cells as the values that Letta's answers have for them.</summary>
internal static class RowJson
{
    /// <summary>Writes some columns of a row under the names that the API has for them; columns that are not there are passed over.</summary>
    /// <param name="json">Where to, within an object.</param>
    /// <param name="fields">The columns.</param>
    public static void WriteFields(this Utf8JsonWriter json, DatabaseRow row, IEnumerable<RowField> fields)
    {
        foreach (var field in fields)
        {
            var ordinal = row.Shape.Ordinal(field.Column ?? field.Name);
            if (ordinal < 0)
            {
                continue;
            }

            json.WritePropertyName(field.Name);
            if (row.IsNull(ordinal) && field.WhenNull is { } value)
            {
                json.WriteRawValue(value, skipInputValidation: true);
            }
            else
            {
                json.WriteCell(row, ordinal, "Z"u8);
            }
        }
    }

    /// <summary>Writes a cell.</summary>
    /// <param name="json">Where to.</param>
    /// <param name="ordinal">Which column.</param>
    /// <param name="zone">How UTC is written.</param>
    public static void WriteCell(this Utf8JsonWriter json, DatabaseRow row, int ordinal, ReadOnlySpan<byte> zone)
    {
        if (row.IsNull(ordinal))
        {
            json.WriteNullValue();
            return;
        }

        var bytes = row.Bytes(ordinal);
        switch (row.Shape.Kinds[ordinal])
        {
            case ColumnKind.Json or ColumnKind.Boolean or ColumnKind.Number:
                json.WriteRawValue(LoneSurrogates.Replace(bytes), skipInputValidation: true);
                break;
            case ColumnKind.Time:
                PostgresTime.Write(json, bytes, zone);
                break;
            case ColumnKind.Enum:
                json.WriteStringValue(System.Text.Encoding.UTF8.GetString(bytes).ToLowerInvariant());
                break;
            default:
                json.WriteStringValue(bytes);
                break;
        }
    }
}

/// <summary>A property of an answer of the API and the column that it shows.</summary>
/// <param name="Column">The column; <see langword="null"/> where it has the same name.</param>
/// <param name="WhenNull">What the API shows where the column is empty, as JSON; <see langword="null"/> for null.</param>
internal sealed record RowField(string Name, string? Column = null, string? WhenNull = null)
{
    /// <summary>A property with the name of its column.</summary>
    public static implicit operator RowField(string name) => new(name);
}

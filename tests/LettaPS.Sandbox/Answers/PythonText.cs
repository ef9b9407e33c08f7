using System.Text;
using System.Text.Json;

namespace LettaPS.Sandbox.Answers;

/// <summary>Texts as Python makes them, where Letta's answers hold the <c>str()</c> of a value.</summary>
internal static class PythonText
{
    /// <summary>The <c>str()</c> of a JSON value as Python reads it.</summary>
    public static string Str(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String)
        {
            return value.GetString()!;
        }

        var text = new StringBuilder();
        Repr(text, value);
        return text.ToString();
    }

    /// <summary>The <c>repr()</c> of a text.</summary>
    public static string Repr(string value)
    {
        var quote = value.Contains('\'') && !value.Contains('"') ? '"' : '\'';
        var text = new StringBuilder().Append(quote);
        foreach (var c in value)
        {
            text.Append(c switch
            {
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\\' => "\\\\",
                _ when c == quote => "\\" + c,
                _ => c.ToString(),
            });
        }

        return text.Append(quote).ToString();
    }

    private static void Repr(StringBuilder text, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                text.Append('{').AppendJoin(", ", value.EnumerateObject().Select(p => $"{Repr(p.Name)}: {Nested(p.Value)}")).Append('}');
                break;
            case JsonValueKind.Array:
                text.Append('[').AppendJoin(", ", value.EnumerateArray().Select(Nested)).Append(']');
                break;
            default:
                text.Append(Nested(value));
                break;
        }
    }

    private static string Nested(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                return Repr(value.GetString()!);
            case JsonValueKind.True:
                return "True";
            case JsonValueKind.False:
                return "False";
            case JsonValueKind.Null:
                return "None";
            case JsonValueKind.Number:
                return value.GetRawText();
            default:
                var text = new StringBuilder();
                Repr(text, value);
                return text.ToString();
        }
    }
}

using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using LettaPS.Core.Json;

namespace LettaPS.Core.AgentFiles;

/// <summary>What a message says, in a form that is the same for its row in a file and for what a server shows of it.</summary>
internal static class MessageText
{
    /// <summary>The text of a row.</summary>
    /// <returns>The text, or <see langword="null"/> where the server shows it in another form and it cannot be compared.</returns>
    public static string? Of(JsonElement row)
    {
        var text = new StringBuilder();
        if (row.StringOrNull("role") == "tool")
        {
            var returns = row.Items("tool_returns").ToList();
            foreach (var part in returns.Count > 0 ? returns.Select(r => r.TryGetProperty("func_response", out var response) ? response : default) : row.Items("content").Select(c => c.TryGetProperty("text", out var t) ? t : default))
            {
                if (Returned(part) is not { } message)
                {
                    return null;
                }

                text.Append(message).Append('\0');
            }

            return text.ToString();
        }

        foreach (var part in row.Items("content"))
        {
            switch (part.StringOrNull("type"))
            {
                case "text":
                    text.Append(row.StringOrNull("role") == "user" ? Said(part.StringOrNull("text")) : part.StringOrNull("text"));
                    break;
                case "reasoning":
                    text.Append(part.StringOrNull("reasoning"));
                    break;
                case "redacted_reasoning":
                    text.Append(part.StringOrNull("data"));
                    break;
                case "omitted_reasoning":
                    break;
                default:
                    // Images and what later releases may add are shown in forms of their own.
                    return null;
            }
        }

        foreach (var function in row.Items("tool_calls").Select(c => c.ObjectOrNull("function")))
        {
            text.Append('\0').Append(function?.StringOrNull("name")).Append('\0').Append(function?.StringOrNull("arguments"));
        }

        return text.ToString();
    }

    /// <summary>Whether a server shows nothing of a row: an empty turn of the model.</summary>
    public static bool IsHidden(JsonElement row) => row.StringOrNull("role") == "assistant"
        && !row.Items("tool_calls").Any()
        && row.Items("content").All(p => p.StringOrNull("type") == "text" && string.IsNullOrEmpty(p.StringOrNull("text")));

    /// <summary>What a tool returned, without the wrapper of status and time.</summary>
    public static string? Returned(JsonElement response)
    {
        if (response.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        var text = response.GetString()!;
        if (Unwrap(text) is not { } wrapper || !wrapper.TryGetProperty("message", out var message))
        {
            return text;
        }

        return message.ValueKind == JsonValueKind.String ? message.GetString() : null;
    }

    /// <summary>What a user said, without the wrapper that memgpt agents put around it.</summary>
    [return: NotNullIfNotNull(nameof(text))]
    public static string? Said(string? text) =>
        text is not null && Unwrap(text) is { } wrapper && wrapper.StringOrNull("type") == "user_message" && wrapper.StringOrNull("message") is { } message ? message : text;

    /// <summary>Everything of a row that a person may look for: what was said, thought, called with and returned, part by part.</summary>
    public static string Everything(JsonElement row)
    {
        var role = row.StringOrNull("role");
        var parts = row.Items("content").Select(p => role == "user" ? Said(p.StringOrNull("text")) : p.StringOrNull("text") ?? p.StringOrNull("reasoning"));
        var calls = row.Items("tool_calls").Select(c => c.ObjectOrNull("function") ?? c)
            .Select(f => Sent(f) is var (message, thinking) ? $"{thinking}\n{message}" : $"{f.StringOrNull("name")} {f.StringOrNull("arguments")}");
        var returns = row.Items("tool_returns").Select(r => r.TryGetProperty("func_response", out var response) ? Returned(response) ?? response.GetRawText() : null);
        return string.Join('\n', parts.Concat(calls).Concat(returns).Where(t => !string.IsNullOrWhiteSpace(t)));
    }

    /// <summary>What Letta's tool <c>send_message</c> returns.</summary>
    public const string SentReceipt = "Sent message successfully.";

    /// <summary>What an agent says by Letta's tool <c>send_message</c>, and what it thinks in the same call.</summary>
    /// <param name="function">The call: name and arguments.</param>
    /// <returns><see langword="null"/> if it is another call, or one whose arguments are not those of the tool.</returns>
    public static (string Message, string? Thinking)? Sent(JsonElement function) =>
        function.StringOrNull("name") == "send_message" && function.StringOrNull("arguments") is { } arguments && Unwrap(arguments) is { ValueKind: JsonValueKind.Object } given && given.StringOrNull("message") is { } message
            ? (message, given.StringOrNull("thinking") ?? given.StringOrNull("inner_thoughts"))
            : null;

    private static JsonElement? Unwrap(string text)
    {
        if (!text.AsSpan().TrimStart().StartsWith("{", StringComparison.Ordinal))
        {
            return null;
        }

        try
        {
            return JsonValues.Parse(text);
        }
        catch (JsonException)
        {
            // Not a wrapper, just a text that begins like one.
            return null;
        }
    }
}

using System.Globalization;
using System.Text;
using System.Text.Json;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Json;
using LettaPS.Core.Secrets;

namespace LettaPS.Core.Markdown;

/// <summary>One message as Markdown: what was said, thought, called and returned, without the wrappers that Letta puts around it.</summary>
internal static class MessageMarkdown
{
    /// <summary>Writes a message.</summary>
    /// <param name="row">Its row in an agent file.</param>
    /// <param name="number">Its place in the history, from 1.</param>
    /// <param name="inContext">Whether the model saw it at the end.</param>
    /// <returns>The text, or <see langword="null"/> if it is nothing but the receipt of what the agent said.</returns>
    public static string? Of(JsonElement row, int number, bool inContext)
    {
        var role = row.StringOrNull("role");
        var returns = row.Items("tool_returns").ToList();
        if (role == "tool" && IsReceipt(row, returns))
        {
            return null;
        }

        var text = new StringBuilder();
        var time = row.TimeOrNull("created_at") is { } at ? MarkdownText.Time(at) : "no time";
        text.Append(CultureInfo.InvariantCulture, $"## {number}. {MarkdownText.Inline(role)}{Name(row)}, {time}{(inContext ? ", in context" : "")}\n\n");
        var calls = row.Items("tool_calls").Select(c => c.ObjectOrNull("function") ?? c).ToList();
        if (returns.Count == 0 || role != "tool")
        {
            // Agents of the memgpt kind say nothing in the text beside a call: they think there.
            var thinks = role == "assistant" && calls.Any(c => MessageText.Sent(c) is not null);
            foreach (var part in row.Items("content"))
            {
                text.Append(Part(part, role, thinks));
            }
        }

        foreach (var call in calls)
        {
            text.Append(Call(call));
        }

        foreach (var answer in returns)
        {
            text.Append(CultureInfo.InvariantCulture, $"Returned{(answer.StringOrNull("status") is { } status ? $" ({MarkdownText.Inline(status)})" : "")}:\n\n");
            text.Append(answer.TryGetProperty("func_response", out var response) ? Returned(response) : string.Empty);
            foreach (var stream in (string[])["stdout", "stderr"])
            {
                if (answer.Items(stream).Any())
                {
                    text.Append(CultureInfo.InvariantCulture, $"{stream}:\n\n").Append(MarkdownText.Fence(string.Join('\n', answer.Strings(stream))));
                }
            }
        }

        if (row.Items("approvals").Any())
        {
            text.Append("Approvals:\n\n").Append(Json(row.GetProperty("approvals")));
        }

        if (row.StringOrNull("denial_reason") is { } reason)
        {
            text.Append("Denied:\n\n").Append(MarkdownText.Fence(reason));
        }

        return text.ToString();
    }

    /// <summary>A value as a block of JSON.</summary>
    public static string Json(JsonElement value) => MarkdownText.Fence(JsonSerializer.Serialize(value, Redaction.Indented), "json");

    private static string Name(JsonElement row) => row.StringOrNull("name") is { Length: > 0 } name ? $" ({MarkdownText.Inline(name)})" : string.Empty;

    private static string Part(JsonElement part, string? role, bool thinks) => part.StringOrNull("type") switch
    {
        "text" when thinks => Thought(part.StringOrNull("text")),
        "text" => MarkdownText.Fence((role == "user" ? MessageText.Said(part.StringOrNull("text")) : role == "tool" && part.TryGetProperty("text", out var text) ? MessageText.Returned(text) : null) ?? part.StringOrNull("text") ?? string.Empty),
        "reasoning" => Thought(part.StringOrNull("reasoning")),
        "redacted_reasoning" or "omitted_reasoning" => "Thinks what its maker does not show.\n\n",
        _ => Json(part),
    };

    private static string Thought(string? text) => string.IsNullOrEmpty(text) ? string.Empty : "Thinks:\n\n" + MarkdownText.Fence(text);

    /// <summary>A call; of Letta's own tool for it, what the agent says with it.</summary>
    private static string Call(JsonElement function) => MessageText.Sent(function) is var (message, thinking)
        ? Thought(thinking) + "Says:\n\n" + MarkdownText.Fence(message)
        : $"Calls {MarkdownText.Inline(function.StringOrNull("name"))}:\n\n{MarkdownText.Fence(function.StringOrNull("arguments") ?? string.Empty, "json")}";

    /// <summary>Whether the only news of a tool's message is that what the agent said was sent.</summary>
    private static bool IsReceipt(JsonElement row, List<JsonElement> returns)
    {
        var responses = returns.Count > 0
            ? returns.Select(r => r.StringOrNull("status") is null or "success" && !r.Items("stdout").Any() && !r.Items("stderr").Any() && r.TryGetProperty("func_response", out var response) ? response : default)
            : row.Items("content").Select(c => c.TryGetProperty("text", out var text) ? text : default);
        var texts = responses.Select(r => MessageText.Returned(r)).ToList();
        return texts.Count > 0 && texts.TrueForAll(t => t == MessageText.SentReceipt) && row.StringOrNull("denial_reason") is null && !row.Items("approvals").Any();
    }

    private static string Returned(JsonElement response) => MessageText.Returned(response) is { } text ? MarkdownText.Fence(text) : Json(response);
}

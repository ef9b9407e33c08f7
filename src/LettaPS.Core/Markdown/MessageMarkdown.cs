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
    public static string Of(JsonElement row, int number, bool inContext)
    {
        var text = new StringBuilder();
        var time = row.TimeOrNull("created_at") is { } at ? at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture) : "no time";
        var role = row.StringOrNull("role");
        text.Append(CultureInfo.InvariantCulture, $"## {number}. {MarkdownText.Inline(role)}{Name(row)}, {time}{(inContext ? ", in context" : "")}\n\n");
        var returns = row.Items("tool_returns").ToList();
        if (returns.Count == 0 || role != "tool")
        {
            foreach (var part in row.Items("content"))
            {
                text.Append(Part(part, role));
            }
        }

        foreach (var call in row.Items("tool_calls"))
        {
            var function = call.ObjectOrNull("function") ?? call;
            text.Append(CultureInfo.InvariantCulture, $"Calls {MarkdownText.Inline(function.StringOrNull("name"))}:\n\n").Append(MarkdownText.Fence(function.StringOrNull("arguments") ?? string.Empty, "json"));
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
    /// <param name="value">The value.</param>
    public static string Json(JsonElement value) => MarkdownText.Fence(JsonSerializer.Serialize(value, Redaction.Indented), "json");

    private static string Name(JsonElement row) => row.StringOrNull("name") is { Length: > 0 } name ? $" ({MarkdownText.Inline(name)})" : string.Empty;

    private static string Part(JsonElement part, string? role) => part.StringOrNull("type") switch
    {
        "text" => MarkdownText.Fence((role == "user" ? MessageText.Said(part.StringOrNull("text")) : role == "tool" && part.TryGetProperty("text", out var text) ? MessageText.Returned(text) : null) ?? part.StringOrNull("text") ?? string.Empty),
        "reasoning" => "Thinks:\n\n" + MarkdownText.Fence(part.StringOrNull("reasoning") ?? string.Empty),
        "redacted_reasoning" or "omitted_reasoning" => "Thinks what its maker does not show.\n\n",
        _ => Json(part),
    };

    private static string Returned(JsonElement response) => MessageText.Returned(response) is { } text ? MarkdownText.Fence(text) : Json(response);
}

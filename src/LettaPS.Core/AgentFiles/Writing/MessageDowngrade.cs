using System.Text.Json;
using System.Text.Json.Nodes;
using LettaPS.Core.Json;
using LettaPS.Core.Releases;

namespace LettaPS.Core.AgentFiles.Writing;

/// <summary>Says messages in the words of an older release, which has fewer roles and kinds of content. Their text and order stay.</summary>
/// <param name="target">The release.</param>
/// <param name="identities">Identities that sent messages: their identifiers in the file and on the target.</param>
internal sealed class MessageDowngrade(ReleaseCapabilities target, IReadOnlyDictionary<string, string> identities)
{
    /// <summary>How many messages had to be said in other words.</summary>
    public int Adapted { get; private set; }

    /// <summary>The row as the release takes it.</summary>
    /// <param name="row">A row of AgentFile v2.</param>
    /// <returns>The row to write, or <see langword="null"/> where it can stay as it is.</returns>
    public JsonElement? Adapt(ReadOnlySpan<byte> row)
    {
        var said = Say(row);
        if (identities.Count == 0 || row.IndexOf("\"sender_id\":\"identity-"u8) < 0)
        {
            return said;
        }

        var copy = JsonObjects.Copy(said ?? JsonValues.Parse(row));
        if ((string?)copy["sender_id"] is not { } sender || !identities.TryGetValue(sender, out var id))
        {
            return said;
        }

        copy["sender_id"] = id;
        return JsonValues.ToElement(copy);
    }

    private JsonElement? Say(ReadOnlySpan<byte> row)
    {
        var summary = !target.HasSummaries && row.IndexOf("\"summary\""u8) >= 0;
        var approval = !target.HasApprovals && row.IndexOf("\"approval"u8) >= 0;
        var reasoning = !target.HasV1Agents && row.IndexOf("\"summarized_reasoning\""u8) >= 0;
        var returns = target.ImportsLegacy && row.IndexOf("\"tool_returns\":[{"u8) >= 0 && row.IndexOf("\"content\":[]"u8) >= 0;
        if (!summary && !approval && !reasoning && !returns)
        {
            return null;
        }

        var copy = JsonObjects.Copy(JsonValues.Parse(row));
        if (returns && (string?)copy["role"] == "tool" && copy["content"] is JsonArray { Count: 0 } && copy["tool_returns"] is JsonArray { Count: > 0 } all)
        {
            Adapted += SayReturns(copy, all);
            return JsonValues.ToElement(copy);
        }

        var changed = reasoning && SayReasoning(copy);
        switch ((string?)copy["role"])
        {
            case "summary" when summary:
                copy["role"] = "user";
                changed = true;
                break;
            case "approval" when approval:
                SayApproval(copy);
                changed = true;
                break;
            default:
                break;
        }

        if (!changed)
        {
            return null;
        }

        Adapted++;
        return JsonValues.ToElement(copy);
    }

    /// <summary>Releases up to 0.11 read what a tool returned from the content, and know one return a message.</summary>
    /// <returns>Returns that lost their own place, beside the first.</returns>
    private static int SayReturns(JsonObject row, JsonArray returns)
    {
        var first = returns[0]!.AsObject();
        var text = (first["func_response"] as JsonValue)?.GetValueKind() == JsonValueKind.String ? (string)first["func_response"]! : first["func_response"]?.ToJsonString() ?? string.Empty;
        if (returns.Count > 1)
        {
            var messages = returns.OfType<JsonObject>().Select(r => MessageText.Returned(JsonValues.ToElement(r["func_response"])) ?? r["func_response"]?.ToJsonString());
            text = new JsonObject { ["status"] = (string?)first["status"] == "error" ? "Failed" : "OK", ["message"] = string.Join('\n', messages) }.ToJsonString();
            var merged = first.DeepClone().AsObject();
            merged["func_response"] = text;
            row["tool_returns"] = new JsonArray(merged);
        }

        row["content"] = new JsonArray(MessageRowNormalizer.Text(text));
        return returns.Count - 1;
    }

    private static void SayApproval(JsonObject row)
    {
        if (row["tool_calls"] is JsonArray { Count: > 0 })
        {
            row["role"] = "assistant";
            return;
        }

        row["role"] = "user";
        var approved = row["approve"]?.GetValueKind() == JsonValueKind.True
            || (row["approvals"] as JsonArray)?.OfType<JsonObject>().Any(a => a["approve"]?.GetValueKind() == JsonValueKind.True || a["status"] is not null) == true;
        row["content"] = new JsonArray(MessageRowNormalizer.Text($"Approval: {(approved ? "approved" : "denied")}. {(string?)row["denial_reason"]}".TrimEnd()));
        foreach (var name in (string[])["approve", "approvals", "approval_request_id", "denial_reason"])
        {
            row.Remove(name);
        }
    }

    private static bool SayReasoning(JsonObject row)
    {
        var changed = false;
        if (row["content"] is not JsonArray content)
        {
            return changed;
        }

        for (var i = 0; i < content.Count; i++)
        {
            if (content[i] is JsonObject part && (string?)part["type"] == "summarized_reasoning")
            {
                var texts = JsonValues.ToElement(part).Items("summary").Select(s => s.StringOrNull("text"));
                content[i] = new JsonObject { ["type"] = "reasoning", ["is_native"] = true, ["reasoning"] = string.Join('\n', texts), ["signature"] = null };
                changed = true;
            }
        }

        return changed;
    }
}

using System.Text.Json;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Files;

/// <summary>Messages as agent files hold them.</summary>
internal static class MessageFiles
{
    /// <summary>A row from what a file says of a message; ids, steps and runs are not carried over.</summary>
    public static MessageRow Row(JsonElement message)
    {
        if (message.Property("content") is { ValueKind: not JsonValueKind.Array })
        {
            throw new Problem(400, "1 validation error for Message\ncontent\n  Input should be a valid list");
        }

        return new MessageRow
        {
            Role = message.Text("role") ?? "user",
            Content = message.Property("content")?.Deserialize<List<ContentPart>>(JsonText.Rows),
            Name = message.Text("name"),
            Otid = message.Text("otid"),
            SenderId = message.Text("sender_id"),
            BatchItemId = message.Text("batch_item_id"),
            GroupId = message.Text("group_id"),
            Model = message.Text("model"),
            ToolCalls = message.Property("tool_calls")?.Deserialize<List<ToolCall>>(JsonText.Rows) ?? [],
            ToolCallId = message.Text("tool_call_id"),
            ToolReturns = message.Property("tool_returns")?.Deserialize<List<ToolReturn>>(JsonText.Rows) ?? [],
            CreatedAt = message.Property("created_at")?.GetDateTimeOffset() ?? default,
            Approve = message.Property("approve")?.GetBoolean(),
            ApprovalRequestId = message.Text("approval_request_id"),
            DenialReason = message.Text("denial_reason"),
            Approvals = message.Property("approvals") is { ValueKind: JsonValueKind.Array } approvals && approvals.GetArrayLength() > 0 ? approvals : null,
        };
    }
}

using System.Text.Json;
using LettaPS.Sandbox.Answers;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Api;

/// <summary>A turn of an agent whose model repeats what it was told.</summary>
internal sealed class Turn(LettaApi api, AgentRow agent)
{
    /// <summary>Writes the user's row and the agent's, and gives the agent's.</summary>
    public MessageRow Take(string text)
    {
        var step = api.State.NewId("step");
        var run = api.State.Stamp(new RunRow { AgentId = agent.Id, StopReason = "end_turn", Background = false, UserId = SandboxState.UserId }, "run");
        run.Metadata = api.Is016
            ? JsonText.From(new { run_type = "send_message" })
            : JsonText.From(new { job_type = "send_message", agent_id = agent.Id });
        run.RequestConfig = JsonText.From(new
        {
            use_assistant_message = true,
            assistant_message_tool_name = "send_message",
            assistant_message_tool_kwarg = "message",
            include_return_message_types = (string?)null,
        });
        run.CompletedAt = run.CreatedAt.UtcDateTime;
        run.TotalDurationNs = 1_000_000;
        api.State.Runs.Add(run);
        Add(new MessageRow { Role = "user", Content = [ContentPart.OfText(text)] });
        var said = "Noted: " + text;
        if (agent.AgentType == "letta_v1_agent")
        {
            return Add(new MessageRow { Role = "assistant", Content = [ContentPart.OfText(said)], StepId = step, RunId = RunId() });
        }

        var id = api.State.NewId("call");
        var answer = Add(new MessageRow
        {
            Role = "assistant",
            Content = [ContentPart.OfText("The user said something; I answer briefly.")],
            ToolCalls = [new ToolCall { Id = id, Function = new ToolCallFunction { Name = "send_message", Arguments = JsonSerializer.Serialize(new { message = said }, JsonText.Rows) } }],
            ToolCallId = id,
            StepId = step,
            RunId = RunId(),
        });
        var packaged = """{"status": "OK", "message": "Sent message successfully."}""";
        Add(new MessageRow
        {
            Role = "tool",
            Name = "send_message",
            Content = [ContentPart.OfText(packaged)],
            ToolCallId = id,
            ToolReturns = [new ToolReturn { ToolCallId = api.Is016 ? id : null, FuncResponse = api.Is016 ? packaged : null }],
            StepId = step,
            RunId = RunId(),
        });
        return answer;

        string? RunId() => api.Is016 ? run.Id : null;
    }

    /// <summary>What the turn is said to have cost.</summary>
    public void Usage(Utf8JsonWriter w)
    {
        w.WriteStartObject("usage"u8);
        w.WriteString("message_type"u8, "usage_statistics"u8);
        w.Prop("completion_tokens"u8, 40L);
        w.Prop("prompt_tokens"u8, 2000L);
        w.Prop("total_tokens"u8, 2040L);
        w.Prop("step_count"u8, 1L);
        w.WriteNull(api.Is016 ? "run_ids"u8 : "steps_messages"u8);
        if (api.Is016)
        {
            w.Prop("cached_input_tokens"u8, 0L);
            w.Prop("cache_write_tokens"u8, 0L);
            w.Prop("reasoning_tokens"u8, 0L);
        }
        else
        {
            w.WriteNull("run_ids"u8);
        }

        if (api.Is0168)
        {
            w.Prop("context_tokens"u8, agent.AgentType == "letta_v1_agent" ? 2040L : null);
        }

        w.WriteEndObject();
    }

    private MessageRow Add(MessageRow row)
    {
        row.Model = agent.LlmConfig.Text("model");
        agent.MessageIds.Add(api.State.Append(agent, row).Id);
        return row;
    }
}

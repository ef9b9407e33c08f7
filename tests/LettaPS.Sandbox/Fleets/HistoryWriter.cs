using System.Globalization;
using System.Text.Json;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Fleets;

/// <summary>Writes message rows as the agent loop of a release does.</summary>
internal sealed class HistoryWriter(SandboxState state, AgentRow agent, Release release, DateTimeOffset start)
{
    private readonly bool _is016 = release >= Release.V0162;
    private readonly bool _speaksText = agent.AgentType == "letta_v1_agent";

    /// <summary>The time of the last row.</summary>
    public DateTimeOffset Clock { get; private set; } = start;

    public string? ConversationId { get; init; }

    public void System() => Add(new MessageRow { Role = "system", Content = [ContentPart.OfText($"{agent.System}\n\n<memory_blocks>\nThe blocks stand here.\n</memory_blocks>")] });

    /// <summary>A question and the agent's answer, with calls of other tools in between.</summary>
    public void Turn(string topic, int calls = 0)
    {
        Clock = Clock.AddMinutes(3 + state.Random.Next(90));
        User($"Please look into {topic} for me. {string.Concat(Enumerable.Repeat("Details follow. ", state.Random.Next(6)))}");
        var step = state.NewId("step");
        var run = _is016 ? state.Stamp(new RunRow { AgentId = agent.Id, ConversationId = ConversationId, CreatedAt = Clock, StopReason = "end_turn", UserId = SandboxState.UserId }, "run") : null;
        if (run is not null)
        {
            run.CompletedAt = Clock.UtcDateTime.AddSeconds(1);
            run.Metadata = JsonText.From(new { run_type = "send_message" });
            state.Runs.Add(run);
        }

        if (calls > 0 && agent.ToolIds.Count > 4)
        {
            Calls("conversation_search", Math.Min(calls, _is016 ? 2 : 1), topic, step, run?.Id);
        }

        var said = $"Noted: {topic}.";
        if (_speaksText)
        {
            Add(new MessageRow { Role = "assistant", Content = [Reasoning("I think about it."), ContentPart.OfText(said)], StepId = step, RunId = run?.Id, Model = "openai/gpt-4o-mini" });
            return;
        }

        var id = CallId();
        Add(new MessageRow
        {
            Role = "assistant",
            Content = [ContentPart.OfText("The user said something; I answer briefly.")],
            ToolCalls = [Call(id, "send_message", JsonSerializer.Serialize(new { message = said, request_heartbeat = false }, JsonText.Rows))],
            ToolCallId = id,
            StepId = step,
            RunId = run?.Id,
            Model = "gpt-4o-mini",
        });
        Return("send_message", "Sent message successfully.", step, run?.Id, id);
    }

    /// <summary>The note that stands for messages which fell out of context.</summary>
    public void Summary(int hidden)
    {
        var text = Package(("type", "system_alert"), ("message", $"Note: {hidden} earlier messages are summarized: the user asked, the agent answered."));
        Add(new MessageRow { Role = release >= Release.V0168 ? "summary" : "user", Content = [ContentPart.OfText(text)] });
    }

    /// <summary>One of each kind of row that the release knows.</summary>
    public void EveryKind()
    {
        User(Package(("type", "login"), ("last_login", "Never (first login)")));
        User(Package(("type", "user_message"), ("message", "A packed message.")));
        Add(new MessageRow
        {
            Role = "user",
            Name = "ada",
            Otid = Guid.Parse("3f2504e0-4f89-41d3-9a0c-0305e82c3301").ToString(),
            SenderId = agent.IdentityIds.FirstOrDefault(),
            Content = [ContentPart.OfText("What is in this picture? 🖼️"), new ContentPart { Type = "image", Source = Picture() }],
        });
        Add(new MessageRow
        {
            Role = "assistant",
            Content =
            [
                Reasoning("First I look at the picture."),
                new ContentPart { Type = "redacted_reasoning", Data = "b3BhcXVl" },
                ContentPart.OfText("Then I say what I see."),
            ],
            ToolCalls = [Call(CallId(), "send_message", """{"message": "A chart with “rising” values\nand a legend: äöü."}""")],
        });
        Add(new MessageRow { Role = "assistant", Content = [new ContentPart { Type = "omitted_reasoning" }], ToolCalls = [] });
        Calls("search_arxiv", 1, "a tool that fails", state.NewId("step"), null, failed: true);
        Add(new MessageRow { Role = "assistant", IsErr = true, Content = [ContentPart.OfText("This step broke off.")], ToolCalls = [], StepId = state.NewId("step") });
        if (_is016)
        {
            Calls("search_arxiv", 3, "three searches at once", state.NewId("step"), null);
            Approval(approve: true);
            Approval(approve: false);
            Add(new MessageRow
            {
                Role = "assistant",
                Content = [new ContentPart { Type = "summarized_reasoning", Id = "rs_1", Summary = JsonText.Parse("""[{"index":0,"text":"I weighed two ways."}]"""), EncryptedContent = "c2VjcmV0" }],
                ToolCalls = [Call(CallId(), "send_message", """{"message": "The first way it is."}""")],
            });
        }
        else
        {
            string[] ids = [CallId(), CallId()];
            Add(new MessageRow { Role = "assistant", Content = [], ToolCalls = [.. ids.Select(i => Call(i, "search_arxiv", """{"query": "pairs"}"""))] });
            Array.ForEach(ids, id => Return("search_arxiv", "2 papers", state.NewId("step"), null, id));
        }
    }

    private void Approval(bool approve)
    {
        var id = CallId();
        var step = state.NewId("step");
        var request = Add(new MessageRow
        {
            Role = "approval",
            Content = [ContentPart.OfText("This needs a yes.")],
            ToolCalls = [Call(id, "write_report", """{"title": "Weekly", "body": "…"}""")],
            StepId = step,
        });
        Add(new MessageRow
        {
            Role = "approval",
            Content = null,
            ToolCalls = [],
            ApprovalRequestId = request.Id,
            Approve = approve,
            DenialReason = approve ? null : "Not on a Sunday.",
            Approvals = JsonText.From(new[] { new { type = "approval", tool_call_id = id, approve, reason = approve ? null : "Not on a Sunday." } }),
        });
        Return("write_report", approve ? "Written." : "Error: request to call tool denied.", step, null, id, failed: !approve);
    }

    private void Calls(string tool, int count, string topic, string step, string? run, bool failed = false)
    {
        var ids = Enumerable.Range(0, count).Select(_ => CallId()).ToArray();
        Add(new MessageRow
        {
            Role = "assistant",
            Content = [ContentPart.OfText($"I search for {topic}.")],
            ToolCalls = [.. ids.Select((id, i) => Call(id, tool, JsonSerializer.Serialize(new { query = topic, page = i }, JsonText.Rows)))],
            ToolCallId = count == 1 ? ids[0] : null,
            StepId = step,
            RunId = run,
            Model = "gpt-4o-mini",
        });
        Return(tool, failed ? "Error: the service did not answer." : $"{state.Random.Next(9)} results", step, run, ids, failed);
    }

    private void Return(string tool, string result, string step, string? run, string id, bool failed = false) => Return(tool, result, step, run, [id], failed);

    private void Return(string tool, string result, string step, string? run, string[] ids, bool failed = false)
    {
        var packaged = Package(("status", failed ? "Failed" : "OK"), ("message", result));
        Add(new MessageRow
        {
            Role = "tool",
            Name = tool,
            Content = ids.Length == 1 ? [ContentPart.OfText(packaged)] : [],
            ToolCallId = ids[0],
            ToolReturns =
            [
                .. ids.Select(id => new ToolReturn
                {
                    Status = failed ? "error" : "success",
                    Stdout = failed ? ["trying…"] : null,
                    Stderr = failed ? ["Traceback (most recent call last): …"] : null,
                    ToolCallId = _is016 ? id : null,
                    FuncResponse = _is016 ? packaged : null,
                }),
            ],
            StepId = step,
            RunId = run,
            Model = "gpt-4o-mini",
        });
    }

    private void User(string text) => Add(new MessageRow { Role = "user", Content = [ContentPart.OfText(text)] });

    private MessageRow Add(MessageRow row)
    {
        Clock = Clock.AddMilliseconds(400).AddMicroseconds(state.Random.Next(400_000));
        row.CreatedAt = row.UpdatedAt = Clock;
        row.ConversationId = ConversationId;
        return state.Append(agent, row);
    }

    private string CallId() => $"call_{state.Random.NextInt64():x16}{state.Random.Next():x8}";

    private string Package(params (string Name, string Value)[] fields) => JsonSerializer.Serialize(
        fields.Append(("time", Clock.ToString("yyyy-MM-dd hh:mm:ss tt 'UTC'+0000", CultureInfo.InvariantCulture))).ToDictionary(), JsonText.Rows);

    private static ToolCall Call(string id, string name, string arguments) => new() { Id = id, Function = new ToolCallFunction { Name = name, Arguments = arguments } };

    private static ContentPart Reasoning(string text) => new() { Type = "reasoning", Reasoning = text, IsNative = true, Signature = "c2lnbmF0dXJl" };

    private static JsonElement Picture() => JsonText.From(new
    {
        type = "base64",
        media_type = "image/png",
        data = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
        detail = (string?)null,
    });
}

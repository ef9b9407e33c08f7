using System.Text.Json;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Json;

namespace LettaPS.Core.Tests.AgentFiles;

public class MessageRowTests
{
    [Theory]
    [InlineData("0.11.3")]
    [InlineData("0.16.2")]
    [InlineData("0.16.8")]
    public void Rows_rebuilt_from_the_API_are_recognised_as_the_rows_of_the_export(string release)
    {
        var rebuilt = Rows(Fixture.RawMessages(release));
        var exported = ExportedMessages(release).TakeLast(rebuilt.Count).Select(MessageRow.FromExport).ToList();

        Assert.Equal(5, rebuilt.Count);
        Assert.All(rebuilt.Zip(exported), pair => Assert.True(pair.First.Key.Matches(pair.Second.Key), $"{pair.First.Key} and {pair.Second.Key}"));
    }

    [Theory]
    [InlineData("0.11.3")]
    [InlineData("0.16.2")]
    [InlineData("0.16.8")]
    public void Rows_rebuilt_from_the_API_call_the_same_tools_and_hold_the_same_answers(string release)
    {
        var rebuilt = Rows(Fixture.RawMessages(release)).Select(r => Fixture.Parse(System.Text.Encoding.UTF8.GetString(r.Json.Span))).ToList();
        var exported = ExportedMessages(release).TakeLast(rebuilt.Count).ToList();

        foreach (var (mine, theirs) in rebuilt.Zip(exported))
        {
            Assert.Equal(theirs.StringOrNull("role"), mine.StringOrNull("role"));
            Assert.Equal(theirs.Items("tool_calls").Select(Call), mine.Items("tool_calls").Select(Call));
            Assert.Equal(theirs.Items("tool_returns").Select(r => r.StringOrNull("status")), mine.Items("tool_returns").Select(r => r.StringOrNull("status")));
        }

        static string Call(JsonElement c) => $"{c.StringOrNull("id")} {c.StringOrNull("type")} {c.GetProperty("function").StringOrNull("name")} {c.GetProperty("function").StringOrNull("arguments")}";
    }

    [Fact]
    public void Reasoning_of_every_kind_keeps_its_kind_and_place()
    {
        var row = Rebuild(
            """{"message_type":"reasoning_message","source":"reasoner_model","reasoning":"native","signature":"sig","id":"m","date":"2026-01-01T00:00:00+00:00"}""",
            """{"message_type":"hidden_reasoning_message","state":"redacted","hidden_reasoning":"xxx","id":"m"}""",
            """{"message_type":"hidden_reasoning_message","state":"omitted","id":"m"}""",
            """{"message_type":"reasoning_message","source":"non_reasoner_model","reasoning":"thought","id":"m"}""",
            """{"message_type":"assistant_message","content":"said","id":"m"}""");

        Assert.Equal(
            [
                """{"type":"reasoning","is_native":true,"reasoning":"native","signature":"sig"}""",
                """{"type":"redacted_reasoning","data":"xxx"}""",
                """{"type":"omitted_reasoning"}""",
                """{"type":"text","text":"thought"}""",
                """{"type":"text","text":"said"}""",
            ],
            row.Items("content").Select(p => p.GetRawText()));
    }

    [Fact]
    public void Parallel_tool_calls_stay_in_one_row_in_their_order()
    {
        var row = Rebuild(
            """
            {"message_type":"tool_call_message","id":"m","date":"2026-01-01T00:00:00+00:00",
             "tool_call":{"name":"a","arguments":"{}","tool_call_id":"1"},
             "tool_calls":[{"name":"a","arguments":"{}","tool_call_id":"1"},{"name":"b","arguments":"{\"x\":1}","tool_call_id":"2"}]}
            """);

        Assert.Equal(["1", "2"], row.Items("tool_calls").Select(c => c.StringOrNull("id")));
    }

    [Fact]
    public void A_tool_return_is_packed_as_the_server_stores_it()
    {
        var row = Rebuild("""{"message_type":"tool_return_message","id":"m","date":"2026-01-01T00:00:00+00:00","name":"t","tool_return":"say \"hi\"\n","status":"error","tool_call_id":"1","stdout":["o"],"stderr":null}""");

        var toolReturn = Assert.Single(row.Items("tool_returns"));
        Assert.Equal("1", row.StringOrNull("tool_call_id"));
        Assert.Equal("error", toolReturn.StringOrNull("status"));
        Assert.Equal(["o"], toolReturn.Strings("stdout"));
        var packed = Fixture.Parse(toolReturn.StringOrNull("func_response")!);
        Assert.Equal(("Failed", "say \"hi\"\n"), (packed.StringOrNull("status"), packed.StringOrNull("message")));
    }

    [Fact]
    public void An_approval_and_its_answer_keep_what_they_say()
    {
        var request = Rebuild("""{"message_type":"approval_request_message","id":"m","date":"2026-01-01T00:00:00+00:00","tool_call":{"name":"a","arguments":"{}","tool_call_id":"1"}}""");
        var response = Rebuild("""{"message_type":"approval_response_message","id":"m","date":"2026-01-01T00:00:00+00:00","approvals":[{"type":"approval","tool_call_id":"1","approve":false,"reason":"no"}],"approve":false,"approval_request_id":"1","reason":"no"}""");

        Assert.Equal("approval", request.StringOrNull("role"));
        Assert.Equal(["1"], request.Items("tool_calls").Select(c => c.StringOrNull("id")));
        Assert.Equal("approval", response.StringOrNull("role"));
        Assert.Equal("no", response.StringOrNull("denial_reason"));
        Assert.False(response.GetProperty("approve").GetBoolean());
        Assert.Equal("no", Assert.Single(response.Items("approvals")).StringOrNull("reason"));
    }

    [Fact]
    public void Content_of_several_parts_is_copied_as_it_is()
    {
        var row = Rebuild("""{"message_type":"user_message","id":"m","date":"2026-01-01T00:00:00+00:00","content":[{"type":"text","text":"look"},{"type":"image","source":{"type":"base64","data":"AA=="}}]}""");

        Assert.Equal("""{"type":"image","source":{"type":"base64","data":"AA=="}}""", row.Items("content").Last().GetRawText());
    }

    [Fact]
    public void A_wrapped_user_message_is_recognised_by_what_the_API_shows_of_it()
    {
        var stored = MessageRow.FromExport(Fixture.Parse("""{"role":"user","created_at":"2026-01-01T00:00:00.123456+00:00","content":[{"type":"text","text":"{\"type\": \"user_message\", \"message\": \"hello\", \"time\": \"x\"}"}]}"""));
        var shown = MessageRow.FromItems([Fixture.Parse("""{"message_type":"user_message","id":"m","date":"2026-01-01T00:00:00+00:00","content":"hello"}""")]);
        var other = MessageRow.FromItems([Fixture.Parse("""{"message_type":"user_message","id":"m","date":"2026-01-01T00:00:00+00:00","content":"good-bye"}""")]);

        Assert.True(stored.Key.Matches(shown.Key));
        Assert.False(stored.Key.Matches(other.Key));
    }

    [Fact]
    public void A_type_that_no_release_has_is_an_error_and_not_a_gap()
    {
        var e = Assert.Throws<LettaException>(() => Rebuild("""{"message_type":"hologram_message","id":"m"}"""));

        Assert.Equal("MessageTypeNotSupported", e.ErrorId);
    }

    [Fact]
    public void An_exported_row_is_copied_without_its_identifiers_and_made_up_otid()
    {
        var row = MessageRow.FromExport(Fixture.Parse("""{"id":"message-3","agent_id":"agent-0","otid":"random","role":"user","content":"x","created_at":"2026-01-01T00:00:00+00:00","future":[1,2.50]}"""));

        Assert.Equal("""{"type":"message","role":"user","content":"x","created_at":"2026-01-01T00:00:00+00:00","future":[1,2.50]}""", System.Text.Encoding.UTF8.GetString(row.Json.Span));
    }

    private static List<JsonElement> ExportedMessages(string release)
    {
        var export = Fixture.Export(release);
        return [.. (release == "0.11.3" ? export : export.GetProperty("agents")[0]).Items("messages")];
    }

    private static List<MessageRow> Rows(JsonElement items) =>
        [.. items.EnumerateArray().GroupBy(i => i.StringOrNull("id")).Select(g => MessageRow.FromItems([.. g]))];

    private static JsonElement Rebuild(params string[] items) =>
        Fixture.Parse(System.Text.Encoding.UTF8.GetString(MessageRow.FromItems([.. items.Select(Fixture.Parse)]).Json.Span));
}

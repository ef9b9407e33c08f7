using LettaPS.Sandbox.Answers;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Api;

/// <summary>Histories.</summary>
internal sealed class MessagesApi
{
    private readonly LettaApi _api;

    private MessagesApi(LettaApi api) => _api = api;

    public static void Add(Routes routes, LettaApi api)
    {
        var messages = new MessagesApi(api);
        routes.Get("/v1/agents/{}/messages", messages.List);
    }

    private Answer List(Call call)
    {
        var limit = call.QueryInt("limit", _api.Is016 ? 100 : 10);
        var newestFirst = !_api.Is016 || call.QueryOneOf("order", "desc", "asc", "desc") == "desc";
        var agent = _api.Agent(call);
        if (limit < 0)
        {
            throw _api.DatabaseError();
        }

        var first = call.Query("after") is { } after ? Position(agent, after) + 1 : 0;
        var end = call.Query("before") is { } before ? Position(agent, before) : agent.Messages.Count;
        var options = OptionsOf(call, agent);
        var filter = Filter(call, agent);
        if (filter is null && agent.Messages.Source is { } source && end <= source.Count)
        {
            _api.State.Schema.Read("messages");
            return _api.Messages.MadePage(
                Made(source, newestFirst ? Math.Max(first, end - limit) : first, newestFirst ? end : Math.Min(end, first + limit)), options);
        }

        var rows = Select(agent, first, end, limit, newestFirst, filter);
        _api.State.Schema.ReadMessages(rows);
        return _api.Messages.Page(rows, options);
    }

    /// <summary>
    /// Rows in sequence order: those nearest to the end that the direction starts from. The answer is in ascending order either way.
    /// </summary>
    private static List<MessageRow> Select(AgentRow agent, int first, int end, int limit, bool newestFirst, Func<MessageRow, bool>? filter)
    {
        List<MessageRow> rows = [];
        var positions = Enumerable.Range(first, Math.Max(0, end - first));
        foreach (var position in newestFirst ? positions.Reverse() : positions)
        {
            if (rows.Count == limit)
            {
                break;
            }

            var row = agent.Messages[position];
            if (!row.IsDeleted && filter?.Invoke(row) != false)
            {
                rows.Add(row);
            }
        }

        if (newestFirst)
        {
            rows.Reverse();
        }

        return rows;
    }

    private static IEnumerable<MessageRow> Made(IMessageSource source, int first, int end)
    {
        for (var i = first; i < end; i++)
        {
            yield return source.Make(i);
        }
    }

    private static int Position(AgentRow agent, string id) =>
        agent.Messages.IndexOf(id) is >= 0 and var position
            ? position
            : throw Problem.NotFound($"No message found with id '{id}' for agent '{agent.Id}'.");

    private Func<MessageRow, bool>? Filter(Call call, AgentRow agent)
    {
        var group = call.Query("group_id");
        var conversation = _api.Is016 ? call.Query("conversation_id") : null;
        if (group is null && conversation is null)
        {
            return null;
        }

        if (conversation == "default")
        {
            _api.State.Schema.Read("conversation_messages");
        }

        var elsewhere = conversation == "default"
            ? _api.State.Conversations.Where(c => c.AgentId == agent.Id).SelectMany(c => c.MessageIds).ToHashSet()
            : [];
        return row => (group is null || row.GroupId == group)
            && (conversation is null || (conversation == "default"
                ? row.ConversationId is null && !elsewhere.Contains(row.Id)
                : row.ConversationId == conversation));
    }

    private static MessageOptions OptionsOf(Call call, AgentRow agent) => new(
        call.QueryBool("use_assistant_message", fallback: true),
        call.Query("assistant_message_tool_name") ?? "send_message",
        call.Query("assistant_message_tool_kwarg") ?? "message",
        TextIsAssistant: agent.AgentType == "letta_v1_agent");
}

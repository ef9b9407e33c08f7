using LettaPS.Sandbox.Answers;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Api;

/// <summary>Conversations, which 0.16.2 and later have.</summary>
internal sealed class ConversationsApi
{
    private readonly LettaApi _api;

    private ConversationsApi(LettaApi api) => _api = api;

    public static void Add(Routes routes, LettaApi api)
    {
        var conversations = new ConversationsApi(api);
        routes.Get("/v1/conversations/", api.Reading(conversations.List, "conversations"));
        routes.Get("/v1/conversations/{}", api.Reading(conversations.Get, "conversations"));
        routes.Get("/v1/conversations/{}/messages", api.Reading(conversations.Messages, "conversations", "conversation_messages"));
    }

    private Answer List(Call call)
    {
        var agent = call.Query("agent_id");
        if (agent is null && !_api.Is0168)
        {
            throw call.Invalid("missing", ["query", "agent_id"], "Field required", null);
        }

        var limit = call.QueryInt("limit", 50);
        var rows = _api.State.Conversations.Where(c => !c.IsDeleted && (agent is null || c.AgentId == agent));
        if (call.Query("summary_search") is { } text)
        {
            rows = rows.Where(c => c.Summary?.Contains(text, StringComparison.OrdinalIgnoreCase) == true);
        }

        var ascending = _api.Is0168 && call.QueryOneOf("order", "desc", "asc", "desc") == "asc";
        var page = Paging.Page(rows, Paging.ByTime, ascending, _api.State.Conversations.Find, call.Query("after"), null, limit);
        return Answer.Array(page.ToArray(), _api.Shapes.Conversation);
    }

    private Answer Get(Call call)
    {
        var conversation = Find(call);
        return Answer.Object(w => _api.Shapes.Conversation(w, conversation));
    }

    private Answer Messages(Call call)
    {
        var conversation = Find(call);
        var agent = _api.State.Agents[conversation.AgentId];
        var limit = call.QueryInt("limit", 100);
        var newestFirst = _api.Is0168 && call.QueryOneOf("order", "desc", "asc", "desc") == "desc";
        var ids = conversation.MessageIds;
        var first = call.Query("after") is { } after ? ids.IndexOf(after) + 1 : 0;
        var end = call.Query("before") is { } before && ids.IndexOf(before) is >= 0 and var position ? position : ids.Count;
        var rows = ids.Take(first..Math.Max(first, end)).Select(agent.Messages.Find).OfType<MessageRow>();
        return _api.Messages.Page(
            newestFirst ? rows.TakeLast(limit) : rows.Take(limit), new MessageOptions(TextIsAssistant: true), newestFirst, partsReversed: false);
    }

    private ConversationRow Find(Call call)
    {
        var id = call.Id("conv", "conversation_id");
        return _api.State.Conversations.Find(id) is { IsDeleted: false } found ? found : throw LettaApi.NoRow("Conversation", "conversations", id);
    }
}

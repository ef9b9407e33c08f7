using System.Text.Json;

namespace LettaPS.Core.AgentTables;

/// <summary>What lists show of several agents, put together from their rows.</summary>
internal sealed class AgentList
{
    private readonly List<DatabaseRow> _agents = [];
    private readonly Dictionary<string, List<string>> _tags = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<string>> _blocks = new(StringComparer.Ordinal);

    /// <summary>The tables that are needed, and the column that holds the agent's identifier.</summary>
    public static IReadOnlyList<(string Table, string Column)> Tables { get; } = [(AgentTables.Agents, "id"), ("agents_tags", "agent_id"), ("blocks_agents", "agent_id")];

    /// <summary>Takes a row.</summary>
    public void Add(DatabaseRow row)
    {
        switch (row.Shape.Name)
        {
            case "agents_tags":
                Add(_tags, row, "tag");
                break;
            case "blocks_agents":
                Add(_blocks, row, "block_label");
                break;
            default:
                _agents.Add(row);
                break;
        }
    }

    /// <summary>The states of the agents that are not deleted, by their identifiers.</summary>
    public Dictionary<string, JsonElement> States() => _agents.Where(a => a.IsShown).ToDictionary(
        a => a.Text("id")!,
        a => AgentRows.ListedState(a, Of(_tags, a), Of(_blocks, a)),
        StringComparer.Ordinal);

    private static void Add(Dictionary<string, List<string>> lists, DatabaseRow row, string column)
    {
        if (row.Text("agent_id") is { } agent && row.Text(column) is { } value)
        {
            if (!lists.TryGetValue(agent, out var list))
            {
                lists[agent] = list = [];
            }

            list.Add(value);
        }
    }

    private static IEnumerable<string> Of(Dictionary<string, List<string>> lists, DatabaseRow agent) =>
        (lists.GetValueOrDefault(agent.Text("id")!) ?? []).Order(StringComparer.Ordinal);
}

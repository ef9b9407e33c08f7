using LettaPS.Core.Schemas.Model;
using LettaPS.Core.Sources;

namespace LettaPS.Core.AgentTables;

/// <summary>Composes the queries that read agents from a database, of the tables and columns that are really there.</summary>
internal sealed class AgentQueries
{
    private const string ConversationMessages = "conversation_messages";

    private readonly string _schema;
    private readonly Dictionary<string, TableShape> _shapes;
    private readonly bool _contextOnly;

    /// <summary>Looks at a database.</summary>
    /// <param name="schema">The schema that Letta's tables are in.</param>
    /// <param name="model">What is in it.</param>
    /// <param name="contextOnly">Whether to read those messages only that are in the context of the agent or of a conversation.</param>
    public AgentQueries(string schema, SchemaModel model, bool contextOnly)
    {
        _schema = schema;
        _contextOnly = contextOnly;
        _shapes = model.Tables.Where(t => AgentTables.All.Any(a => a.Name == t.Name)).ToDictionary(t => t.Name, t => new TableShape(t, model.Enums), StringComparer.Ordinal);
    }

    /// <summary>The tables that are there, in the order of <see cref="AgentTables.All"/>.</summary>
    public IEnumerable<TableShape> Tables => AgentTables.All.Select(t => _shapes.GetValueOrDefault(t.Name)).OfType<TableShape>();

    /// <summary>A table, or <see langword="null"/> where it is not there.</summary>
    public TableShape? Table(string name) => _shapes.GetValueOrDefault(name);

    /// <summary>The query for the rows of a table that belong to the agent <c>$1</c>.</summary>
    /// <returns><see langword="null"/> where nothing leads to it.</returns>
    public string? OfAgent(AgentTable table) =>
        _shapes.GetValueOrDefault(table.Name) is { } shape && Condition(table) is { } condition
            ? $"{Select(shape)} WHERE {condition}{Order(shape, table)}"
            : null;

    /// <summary>The query for the rows of a table that have one of the values <c>$1</c> in a column.</summary>
    /// <param name="shape">The table.</param>
    public string By(TableShape shape, string column) => $"{Select(shape)} WHERE {Sql.Id(column)} = ANY ($1)";

    /// <summary>The query for the identifiers of agents, the newest first. $1: the name where one is asked for; $2: the tags.</summary>
    /// <param name="query">Which agents.</param>
    public string AgentIds(AgentQuery query)
    {
        var agents = _shapes[AgentTables.Agents];
        var conditions = new List<string> { "$1 IS NULL OR \"name\" = $1" };
        if (agents.Has("is_deleted"))
        {
            conditions.Add("\"is_deleted\" IS NOT TRUE");
        }

        if (!query.IncludeHidden && agents.Has("hidden"))
        {
            conditions.Add("\"hidden\" IS NOT TRUE");
        }

        conditions.Add(_shapes.ContainsKey("agents_tags")
            ? $"$2 <@ ARRAY(SELECT \"tag\"::text FROM {Sql.Id(_schema, "agents_tags")} AS t WHERE t.\"agent_id\" = a.\"id\")"
            : "cardinality($2) = 0");
        var newest = agents.Has("created_at") ? "\"created_at\" DESC NULLS LAST, " : string.Empty;
        return $"SELECT \"id\"::text, \"name\"::text FROM {Sql.Id(_schema, AgentTables.Agents)} AS a WHERE {string.Join(" AND ", conditions.Select(c => $"({c})"))} ORDER BY {newest}\"id\" DESC";
    }

    private string Select(TableShape shape)
    {
        // What pgvector sends is the vector to the bit; all else as text, which is exact and needs no knowledge of types.
        var cells = shape.Columns.Select((c, i) => shape.Kinds[i] == ColumnKind.Vector ? Sql.Id(c.Name) : $"{Sql.Id(c.Name)}::text");
        return $"SELECT record_send(ROW({string.Join(", ", cells)})) FROM {Sql.Id(_schema, shape.Name)}";
    }

    private static string Order(TableShape shape, AgentTable table)
    {
        var columns = table.Order.Where(shape.Has).Select(Sql.Id).ToList();
        return columns.Count == 0 ? string.Empty : $" ORDER BY {string.Join(", ", columns)}";
    }

    /// <summary>What is true of the rows of a table that belong to the agent <c>$1</c>.</summary>
    private string? Condition(AgentTable table)
    {
        var shape = _shapes[table.Name];
        var ways = new List<string>();
        foreach (var paths in table.Paths.Where(p => shape.Has(p.Column)).GroupBy(p => (p.Column, Direct: p.From is null)))
        {
            if (paths.Key.Direct)
            {
                ways.Add($"{Sql.Id(paths.Key.Column)} = $1");
            }
            else if (paths.Select(Values).OfType<string>().ToList() is { Count: > 0 } values)
            {
                // An array, since PostgreSQL then looks each value up in the index, whatever it knows of the tables.
                ways.Add($"{Sql.Id(paths.Key.Column)} = ANY (ARRAY({string.Join(" UNION ", values)}))");
            }
        }

        if (ways.Count == 0)
        {
            return null;
        }

        var all = string.Join(" OR ", ways);
        return _contextOnly && InContext(table) is { } inContext ? $"({all}) AND {inContext}" : all;
    }

    private string? Values(RowPath path) =>
        _shapes.GetValueOrDefault(path.From!) is { } from && from.Has(path.FromColumn) && Condition(AgentTables.All.First(t => t.Name == path.From)) is { } condition
            ? $"SELECT {Sql.Id(path.FromColumn)}{path.Within} FROM {Sql.Id(_schema, from.Name)} WHERE {condition}"
            : null;

    private string? InContext(AgentTable table) => table.Name switch
    {
        AgentTables.Messages when _shapes[AgentTables.Agents].Has("message_ids") => $"\"id\" = ANY (ARRAY({ContextIds()}))",
        ConversationMessages when _shapes[ConversationMessages].Has("in_context") => "\"in_context\"",
        _ => null,
    };

    private string ContextIds()
    {
        var ids = $"""
            SELECT json_array_elements_text(CASE WHEN json_typeof("message_ids"::json) = 'array' THEN "message_ids"::json ELSE '[]' END)
            FROM {Sql.Id(_schema, AgentTables.Agents)} WHERE "id" = $1
            """;
        return _shapes.GetValueOrDefault(ConversationMessages)?.Has("in_context") == true
            ? $"{ids} UNION SELECT \"message_id\" FROM {Sql.Id(_schema, ConversationMessages)} WHERE \"agent_id\" = $1 AND \"in_context\""
            : ids;
    }
}

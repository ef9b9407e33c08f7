using LettaPS.Core.Schemas.Model;

namespace LettaPS.Core.Schemas.Repair;

/// <summary>
/// Tool messages written by 0.11 keep the id of their call in the row only. A server of 0.13 or later, reading such a row, overwrites that id with
/// the one in <c>tool_returns</c>, which is not there. Prevented by putting it there; cured by taking it from the assistant's message before.
/// </summary>
/// <param name="sql">Writes names.</param>
/// <param name="json">Type of <c>messages.tool_returns</c>: <c>json</c>, or <c>jsonb</c> where somebody changed it.</param>
internal sealed class MessageDataRepair(SchemaSql sql, string json)
{
    private static readonly string s_returns = Readable("m.\"tool_returns\"");
    private static readonly string s_calls = Readable("p.\"tool_calls\"");

    private static readonly string s_atRisk = $"m.\"role\" = 'tool' AND m.\"tool_call_id\" IS NOT NULL AND {IsOneWithoutId(s_returns)}";
    private static readonly string s_damaged = $"m.\"role\" = 'tool' AND m.\"tool_call_id\" IS NULL AND {IsOneWithoutId(s_returns)}";

    /// <summary>The columns that all this is about; where one is missing there is nothing to find.</summary>
    public static IReadOnlyList<string> Columns { get; } = ["id", "agent_id", "role", "tool_calls", "tool_call_id", "tool_returns", LettaNames.SequenceId, "step_id"];

    /// <summary>Counts the rows that the next reading would damage and those that have lost their id: two numbers with a space between, one pass.</summary>
    public string Count => $"""
        SELECT count(*) FILTER (WHERE "tool_call_id" IS NOT NULL) || ' ' || count(*) FILTER (WHERE "tool_call_id" IS NULL)
        FROM (SELECT m."tool_call_id", {s_returns} AS returns FROM {Messages} AS m WHERE m."role" = 'tool' OFFSET 0) AS t WHERE {IsOneWithoutId("returns")}
        """;

    /// <summary>Counts those of the latter whose id is in the message before.</summary>
    public string CountCurable => $"SELECT count(*) FROM {Before}";

    /// <summary>Puts the ids where no reading harms them.</summary>
    public string Prevent => $"""
        UPDATE {Messages} AS m SET "tool_returns" = ({ReturnsWith("to_json(m.\"tool_call_id\")")})::{json}
        WHERE {s_atRisk}
        """;

    /// <summary>Brings lost ids back.</summary>
    public string Cure => $$"""
        UPDATE {{Messages}} AS m SET "tool_call_id" = c.call #>> '{}', "tool_returns" = ({{ReturnsWith("c.call")}})::{{json}}
        FROM (SELECT m."id", {{s_calls}} -> 0 -> 'id' AS call FROM {{Before}}) AS c
        WHERE m."id" = c."id"
        """;

    private string Messages => sql.Name(LettaNames.Messages);

    /// <summary>Damaged rows with the assistant's message of the same step right before them.</summary>
    private string Before => $"""
        {Messages} AS m CROSS JOIN LATERAL (
            SELECT b."role", b."step_id", b."tool_calls" FROM {Messages} AS b
            WHERE b."agent_id" = m."agent_id" AND b."sequence_id" < m."sequence_id" ORDER BY b."sequence_id" DESC LIMIT 1) AS p
        WHERE {s_damaged} AND p."role" = 'assistant' AND (p."step_id" = m."step_id" OR p."step_id" IS NULL OR m."step_id" IS NULL)
            AND CASE WHEN json_typeof({s_calls}) = 'array' THEN json_typeof({s_calls} -> 0 -> 'id') = 'string' ELSE false END
        """;

    /// <summary>Whether there is one tool return and no id in it. CASE, because AND promises no order and the functions fail on what is no array.</summary>
    private static string IsOneWithoutId(string returns) =>
        $"CASE WHEN json_typeof({returns}) = 'array' THEN json_array_length({returns}) = 1 AND json_typeof({returns} -> 0) = 'object' "
        + $"AND coalesce(({returns} -> 0 -> 'tool_call_id')::text, 'null') = 'null' ELSE false END";

    /// <summary>JSON to look into: PostgreSQL's functions fail on \u0000, which tools do print. As long as what it stands for, and valid wherever that was.</summary>
    private static string Readable(string column) => $@"replace({column}::text, '\u0000', '\u0001')::json";

    /// <summary>The one tool return with the id in it, as text: everything else of it stays as it is, byte by byte.</summary>
    private static string ReturnsWith(string id)
    {
        const string Return = @"regexp_replace(regexp_replace(m.""tool_returns""::text, '^\s*\[\s*', ''), '\s*\]\s*$', '')";
        return $$"""
            CASE WHEN {{s_returns}} -> 0 -> 'tool_call_id' IS NULL
                THEN '[' || regexp_replace({{Return}}, '\s*[}]\s*$', '') || CASE WHEN {{Return}} ~ '^\s*[{]\s*[}]\s*$' THEN '' ELSE ', ' END || '"tool_call_id": ' || {{id}}::text || '}]'
                ELSE '[' || regexp_replace({{Return}}, '"tool_call_id"\s*:\s*null', '"tool_call_id": ' || replace({{id}}::text, '\', '\\')) || ']' END
            """;
    }
}

namespace LettaPS.Core.Schemas;

/// <summary>
/// Tool messages written by 0.11 keep the id of their call in the row only. A server of 0.13 or later, reading such a row, overwrites that id with
/// the one in <c>tool_returns</c>, which is not there. Prevented by putting it there; cured by taking it from the assistant's message before.
/// </summary>
/// <param name="sql">Writes names.</param>
/// <param name="json">Type of <c>messages.tool_returns</c>: <c>json</c>, or <c>jsonb</c> where somebody changed it.</param>
internal sealed class MessageRepair(SchemaSql sql, string json)
{
    /// <summary>The columns that all this is about; where one is missing there is nothing to find.</summary>
    public static IReadOnlyList<string> Columns { get; } = ["id", "agent_id", "role", "tool_calls", "tool_call_id", "tool_returns", LettaNames.SequenceId, "step_id"];

    /// <summary>The first release that damages.</summary>
    public static Version Since { get; } = new(0, 13, 0);

    private string Messages => sql.Name(LettaNames.Messages);

    /// <summary>Counts the rows that the next reading would damage.</summary>
    public string CountAtRisk => $"SELECT count(*) FROM {Messages} AS m WHERE {AtRisk}";

    /// <summary>Counts the rows that have lost their id.</summary>
    public string CountDamaged => $"SELECT count(*) FROM {Messages} AS m WHERE {Damaged}";

    /// <summary>Counts those of them whose id is in the message before.</summary>
    public string CountCurable => $"SELECT count(*) FROM {Before}";

    /// <summary>Puts the ids where no reading harms them.</summary>
    public string Prevent => $"""
        UPDATE {Messages} AS m SET "tool_returns" = ({ReturnsWith("to_json(m.\"tool_call_id\")")})::{json}
        WHERE {AtRisk}
        """;

    /// <summary>Brings lost ids back.</summary>
    public string Cure => $$"""
        UPDATE {{Messages}} AS m SET "tool_call_id" = c.call #>> '{}', "tool_returns" = ({{ReturnsWith("c.call")}})::{{json}}
        FROM (SELECT m."id", p."tool_calls"::json -> 0 -> 'id' AS call FROM {{Before}}) AS c
        WHERE m."id" = c."id"
        """;

    private const string AtRisk = $"m.\"role\" = 'tool' AND m.\"tool_call_id\" IS NOT NULL AND {OneReturnWithoutId}";

    private const string Damaged = $"m.\"role\" = 'tool' AND m.\"tool_call_id\" IS NULL AND {OneReturnWithoutId}";

    // CASE, because AND promises no order and the functions fail on what is no array. -> and not ->>: the latter fails on \u0000, which tools do print.
    private const string OneReturnWithoutId =
        "CASE WHEN json_typeof(m.\"tool_returns\"::json) = 'array' AND json_typeof(m.\"tool_returns\"::json -> 0) = 'object' "
        + "THEN json_array_length(m.\"tool_returns\"::json) = 1 AND coalesce((m.\"tool_returns\"::json -> 0 -> 'tool_call_id')::text, 'null') = 'null' ELSE false END";

    /// <summary>Damaged rows with the assistant's message of the same step right before them.</summary>
    private string Before => $"""
        {Messages} AS m CROSS JOIN LATERAL (
            SELECT b."role", b."step_id", b."tool_calls" FROM {Messages} AS b
            WHERE b."agent_id" = m."agent_id" AND b."sequence_id" < m."sequence_id" ORDER BY b."sequence_id" DESC LIMIT 1) AS p
        WHERE {Damaged} AND p."role" = 'assistant' AND (p."step_id" = m."step_id" OR p."step_id" IS NULL OR m."step_id" IS NULL)
            AND CASE WHEN json_typeof(p."tool_calls"::json) = 'array' THEN json_typeof(p."tool_calls"::json -> 0 -> 'id') = 'string' ELSE false END
        """;

    /// <summary>The one tool return with the id in it, as text: everything else of it stays as it is, byte by byte.</summary>
    private static string ReturnsWith(string id)
    {
        const string Return = "(m.\"tool_returns\"::json -> 0)::text";
        return $$"""
            CASE WHEN m."tool_returns"::json -> 0 -> 'tool_call_id' IS NULL
                THEN '[' || regexp_replace({{Return}}, '\s*[}]\s*$', '') || CASE WHEN {{Return}} ~ '^\s*[{]\s*[}]\s*$' THEN '' ELSE ', ' END || '"tool_call_id": ' || {{id}}::text || '}]'
                ELSE '[' || regexp_replace({{Return}}, '"tool_call_id"\s*:\s*null', '"tool_call_id": ' || replace({{id}}::text, '\', '\\')) || ']' END
            """;
    }
}

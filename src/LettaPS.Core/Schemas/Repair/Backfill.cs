using LettaPS.Core.Schemas.Model;

namespace LettaPS.Core.Schemas.Repair;

/// <summary>The values that rows get in columns that came later, where the server's own migrations give some.</summary>
/// <param name="sql">Writes names.</param>
internal sealed class Backfill(SchemaSql sql)
{
    /// <summary>
    /// What migration f6cd5a1e519d gives archives that it finds no better value for. The endpoint no longer answers, but until 0.16.4 there must be something.
    /// </summary>
    internal const string LastResort =
        """{"embedding_endpoint_type": "openai", "embedding_endpoint": "https://embeddings.letta.com/", "embedding_model": "letta-free", "embedding_dim": 1536, "embedding_chunk_size": 300, "handle": null, "batch_size": 32, "azure_endpoint": null, "azure_version": null, "azure_deployment": null}""";

    /// <summary>The value that every row gets, or <see langword="null"/> where there is no such value (068588268b02, b888f21b151f).</summary>
    public static string? Constant(string table, string column) =>
        (table, column) is (LettaNames.Archives or "sources", "vector_db_provider") ? "NATIVE" : null;

    /// <summary>The statement that fills the rows without value, or <see langword="null"/> where nobody knows what to fill in.</summary>
    public string? Statement(string table, SchemaColumn column) => (table, column.Name) switch
    {
        (LettaNames.Messages, LettaNames.SequenceId) => SequenceIds(),
        (LettaNames.Archives, LettaNames.EmbeddingConfig) => EmbeddingConfigs(column.NotNull),
        _ when Constant(table, column.Name) is { } value =>
            $"UPDATE {sql.Name(table)} SET {Sql.Id(column.Name)} = {Sql.Literal(value)} WHERE {Sql.Id(column.Name)} IS NULL",
        _ => null,
    };

    /// <summary>Numbers the messages that have no number in the order of their time, after those that have one.</summary>
    private string SequenceIds()
    {
        var messages = sql.Name(LettaNames.Messages);
        return $"""
            UPDATE {messages} AS m SET "sequence_id" = n.position + (SELECT coalesce(max("sequence_id"), 0) FROM {messages})
            FROM (SELECT "id", row_number() OVER (ORDER BY "created_at", "id") AS position FROM {messages} WHERE "sequence_id" IS NULL) AS n
            WHERE m."id" = n."id"
            """;
    }

    /// <summary>As f6cd5a1e519d does: from the archive's first passage; where it has none, better than it does: from an agent that uses the archive.</summary>
    private string EmbeddingConfigs(bool required) => $"""
        UPDATE {sql.Name(LettaNames.Archives)} AS a SET "embedding_config" = coalesce(
            (SELECT p."embedding_config" FROM {sql.Name("archival_passages")} AS p
             WHERE p."archive_id" = a."id" AND NOT p."is_deleted" AND p."embedding_config"::text <> 'null' ORDER BY p."created_at", p."id" LIMIT 1),
            (SELECT g."embedding_config" FROM {sql.Name("archives_agents")} AS l JOIN {sql.Name("agents")} AS g ON g."id" = l."agent_id"
             WHERE l."archive_id" = a."id" AND g."embedding_config"::text <> 'null' ORDER BY g."created_at", g."id" LIMIT 1){(required ? $",\n    {Sql.Literal(LastResort)}::json" : null)})
        WHERE a."embedding_config" IS NULL
        """;
}

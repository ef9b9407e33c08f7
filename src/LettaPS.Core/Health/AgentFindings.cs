using System.Text.Json;
using LettaPS.Core.Agents;
using LettaPS.Core.Json;
using LettaPS.Core.Schemas.Model;

namespace LettaPS.Core.Health;

/// <summary>What is to be said of agents, wherever they were read from.</summary>
internal static class AgentFindings
{
    /// <summary>Names that break the export.</summary>
    /// <param name="agents">How many agents there are.</param>
    /// <param name="refuses">Whether the release has the rule.</param>
    public static Finding Names(IReadOnlyList<string> names, int agents, bool refuses) => names.Count == 0
        ? Finding.Pass("Names", $"All {agents} agents have names that Letta exports and imports.")
        : Finding.Warn(
            "Names",
            $"{Quoted(names)} {(names.Count == 1 ? "has a name" : "have names")} with characters that Letta {(refuses ? "refuses in exports and imports (HTTP 500)" : "refuses from 0.13 on")}.",
            "Export-LettaAgent backs them up all the same; to rename one: PATCH /v1/agents/{id}, letters, digits, spaces, hyphens, underscores and apostrophes only.",
            string.Join('\n', names));

    /// <summary>Agents with nothing in context.</summary>
    /// <param name="names">Their names.</param>
    public static Finding Context(IReadOnlyList<string> names) => names.Count == 0
        ? Finding.Pass("Context", "Every agent has messages in context.")
        : Finding.Warn(
            "Context", $"{Quoted(names)} {(names.Count == 1 ? "has" : "have")} nothing in context, not even the system message: the next message to them fails.",
            "Restore them from a backup, or reset their messages: PATCH /v1/agents/{id}/reset-messages.",
            string.Join('\n', names));

    /// <summary>Ids that 0.13 and later refuse.</summary>
    /// <param name="ids">Table and id.</param>
    /// <param name="isSince">Whether the release has the rule.</param>
    public static Finding Ids(IReadOnlyList<string> ids, bool isSince) => ids.Count == 0
        ? Finding.Pass("Ids", "All ids are of the form that every release accepts.")
        : Finding.Warn(
            "Ids",
            $"{ids.Count} {(ids.Count == 1 ? "id is" : "ids are")} not of the form that Letta {(isSince ? "demands" : "demands from 0.13 on")} (word, hyphen, UUID of version 4): requests for {(ids.Count == 1 ? "it" : "them")} are refused with 422.",
            "Export-LettaAgent backs such agents up from the database; restored, they get new ids.",
            string.Join('\n', ids));

    /// <summary>Agents without an embedding model.</summary>
    /// <param name="names">Their names.</param>
    public static Finding Embedding(IReadOnlyList<string> names) => names.Count == 0
        ? Finding.Pass("Embedding", "Every agent has an embedding model.")
        : Finding.Warn(
            "Embedding",
            $"{Quoted(names)} {(names.Count == 1 ? "has" : "have")} no embedding model: archival memory fails, and clients that make agents from them get \"Must specify either embedding or embedding_config\".",
            "Give them one: PATCH /v1/agents/{id} with embedding.",
            string.Join('\n', names));

    /// <summary>Names that a reading of the database gave and the rule refuses.</summary>
    public static IReadOnlyList<string> BadNames(DatabaseSnapshot snapshot) =>
        snapshot.Answer(DatabaseQueries.AgentNames) is { } names ? [.. NamesOf(names).Where(n => !AgentNameRule.Allows(n))] : [];

    /// <summary>The names in a list of agents.</summary>
    public static IReadOnlyList<string> NamesOf(JsonElement agents) => [.. agents.EnumerateArray().Select(a => a.StringOrNull("name") ?? string.Empty)];

    private static string Quoted(IReadOnlyList<string> names) => Finding.Few([.. names.Select(n => $"'{n}'")]);
}

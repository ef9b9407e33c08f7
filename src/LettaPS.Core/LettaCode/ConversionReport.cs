using System.Globalization;
using System.Text.Json;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Json;

namespace LettaPS.Core.LettaCode;

/// <summary>Says what of an agent could not be carried, what a person should know, and what to type next.</summary>
internal static class ConversionReport
{
    /// <summary>What could not be carried.</summary>
    /// <param name="document">The file.</param>
    /// <param name="memory">Its memory, which has been written.</param>
    /// <param name="notes">What was seen in its messages.</param>
    public static List<string> Missing(AgentDocument document, AgentRecord agent, AgentMemory memory, TranscriptNotes notes)
    {
        var missing = new List<string>(document.Gaps);
        void Add(bool applies, FormattableString what)
        {
            if (applies)
            {
                missing.Add(what.ToString(CultureInfo.InvariantCulture));
            }
        }

        var rules = agent.Items("tool_rules").Count();
        Add(rules > 0, $"{rules} tool rules: Letta Code has none.");
        Add(memory.Passages > 0, $"The vectors of {memory.Passages} passages, and with them search by meaning: Letta Code searches words.");
        var secrets = ((string[])["tool_exec_environment_variables", "secrets"]).SelectMany(f => agent.Config(f)?.EnumerateObject().Select(v => v.Name) ?? []).Distinct(StringComparer.Ordinal).ToList();
        Add(secrets.Count > 0, $"The values of {secrets.Count} secrets: {string.Join(", ", secrets)}.");
        Add(document.Identities.Count > 0, $"{document.Identities.Count} identities.");
        Add(document.Groups.Count > 0, $"{document.Groups.Count} groups: Letta Code has none.");
        Add(IsTrue(agent, "enable_sleeptime"), $"The sleep-time agent: Letta Code reflects in its own way.");
        Add(memory.OtherTools.Count > 0, $"Tools that the server had: {string.Join(", ", memory.OtherTools)}. Letta Code has tools of its own.");
        Add(memory.ToolSkills > 0, $"The execution of {memory.ToolSkills} custom tools by a server: they are skills now, and the client runs their scripts.");
        Add(memory.ToolsWithoutSource.Count > 0, $"The source of the tools {string.Join(", ", memory.ToolsWithoutSource)}: the backup does not have it.");
        Add(memory.SkillsWithoutInstructions.Count > 0, $"The skills {string.Join(", ", memory.SkillsWithoutInstructions)}: the file does not have their SKILL.md.");
        Add(memory.McpCommands.Count > 0, $"The credentials of {memory.McpCommands.Count} MCP servers.");
        Add(memory.FilesWithoutContent.Count > 0, $"The contents of the files {string.Join(", ", memory.FilesWithoutContent)}: the backup does not have them.");
        Add(memory.Blocks.Any(b => b.Part.Value.TryGetProperty("limit", out _)), $"The enforcement of the blocks' limits: the limits are only written in the files.");
        var runs = document.Database is { } database ? database.RowsOf("runs") + database.RowsOf("steps") : 0;
        Add(runs > 0, $"{runs} runs and steps.");
        Add(notes.LostImages > 0, $"{notes.LostImages} images whose data the backup does not have.");
        Add(notes.HiddenThoughts > 0, $"{notes.HiddenThoughts} thoughts that the model's maker had hidden.");
        var window = agent.Config("llm_config") is { } model && model.TryGetProperty("context_window", out var size) && size.ValueKind == JsonValueKind.Number ? size.GetRawText() : null;
        Add(window is not null, $"The context window of {window} tokens: Letta Code uses that of its model.");
        var compaction = agent.Config("compaction_settings")?.StringOrNull("mode");
        Add(compaction is not (null or "all" or "sliding_window"), $"The compaction mode '{compaction}': Letta Code knows all and sliding_window.");
        Add(agent.Config("response_format") is not null, $"The response format.");
        var ownBlocks = document.ConversationItems.Sum(c => c.Strings("isolated_block_ids").Count()) - memory.ConversationBlocks;
        Add(memory.ConversationBlocks > 0, $"The place of {memory.ConversationBlocks} blocks of single conversations in the prompt: they are files in 'reference/conversations'.");
        Add(ownBlocks > 0, $"{ownBlocks} blocks of single conversations: only a set that is made from the database has them.");
        var settings = agent.Config("llm_config") is { } config ? ModelSettings(config).ToList() : [];
        Add(settings.Count > 0, $"The settings of the model: {string.Join(", ", settings)}.");
        Add(IsTrue(agent, "message_buffer_autoclear"), $"The setting that clears the messages after each turn.");
        return missing;
    }

    /// <summary>What a person should know.</summary>
    /// <param name="memory">Its memory, which has been written.</param>
    /// <param name="notes">What was seen in its messages.</param>
    /// <param name="options">How it was converted.</param>
    /// <param name="sharedBlocks">Labels of blocks that other agents have too.</param>
    /// <param name="otherConversations">How many conversations there are besides the main one.</param>
    public static List<string> Warnings(AgentRecord agent, AgentMemory memory, TranscriptNotes notes, LettaCodeOptions options, IReadOnlyCollection<string> sharedBlocks, int otherConversations)
    {
        var warnings = new List<string>();
        void Add(bool applies, FormattableString what)
        {
            if (applies)
            {
                warnings.Add(what.ToString(CultureInfo.InvariantCulture));
            }
        }

        Add(sharedBlocks.Count > 0, $"Other agents have these blocks too, and each agent now has a copy of its own: {string.Join(", ", sharedBlocks)}.");
        foreach (var block in memory.Blocks)
        {
            Add(MemoryText.IsSpoilt(block.Value), $"Letta Code changes the dollar signs of the block '{block.Label}' in the prompt. The file '{block.Path}' is right.");
            Add(block.Value.Length > LettaCodeFormat.MemoryFileLimit, $"The block '{block.Label}' is longer than Letta Code can show. The file '{block.Path}' has all of it.");
            Add(block.Path != $"system/{block.Label}.md" && block.Path != $"{block.Label}.md", $"The block '{block.Label}' is in the file '{block.Path}', because its label is not a name that every system takes.");
        }

        var system = agent.Text("system") ?? string.Empty;
        Add(
            options.SystemPrompt == LettaCodeSystemPrompt.Keep && (system.Contains("send_message", StringComparison.Ordinal) || system.Contains("core_memory_", StringComparison.Ordinal) || system.Contains("archival_memory_", StringComparison.Ordinal)),
            $"The system prompt tells the agent to use tools of the Letta V1 server, which Letta Code does not have. Convert with -SystemPrompt LettaCode to let the client use its own.");
        Add(MemoryText.IsSpoilt(system), $"The system prompt has dollar signs that Letta Code may change.");
        Add(notes.Unanswered > 0, $"{notes.Unanswered} calls of tools had no result. Each now has one that says so.");
        Add(notes.Orphans > 0, $"{notes.Orphans} results of tools had no call. They are shown as reminders.");
        Add(notes.LongResults > 0, $"{notes.LongResults} results of tools are longer than {LettaCodeFormat.ToolResultLimit} characters. Letta Code shows their beginning and end; the transcript has all of them.");
        Add(notes.MadeUpTimes > 0, $"{notes.MadeUpTimes} messages are of January 1, 2026 (UTC). Letta Code takes such times for made up and shows estimates; the transcript has the true times.");
        Add(notes.EmptyTurns > 0, $"{notes.EmptyTurns} turns of the model were empty and were left out.");
        Add(agent.Messages.Entries.Count > 20_000, $"The history has {agent.Messages.Entries.Count} messages. The first turn of a client takes some seconds.");
        Add(otherConversations > 0, $"Do not rename or archive the {otherConversations} conversations besides 'default' in Letta Code: the client then keeps only the messages in context.");
        var handle = Handle(agent);
        Add(options.Model is null && handle is null, $"The agent uses the client's first model. Name another with -Model, or type /model in the client.");
        Add(options.Model is null && handle is not null, $"The agent used the model '{handle}' and now uses the client's first model. Name another with -Model, or type /model in the client.");
        return warnings;
    }

    /// <summary>What to type next.</summary>
    /// <param name="root">The destination.</param>
    /// <param name="agentId">The agent.</param>
    /// <param name="options">How it was converted.</param>
    /// <param name="agent">The agent on its server, whose provider is proposed if the options name no model.</param>
    public static List<string> NextSteps(LettaCodeRoot root, string agentId, AgentMemory memory, LettaCodeOptions options, AgentRecord agent)
    {
        var handle = Handle(agent);
        var steps = new List<string>();
        if (root.Path != new LettaCodeRoot(LettaCodeRoot.DefaultPath).Path)
        {
            steps.Add($"$env:{LettaCodeRoot.Variable} = '{root.Path.Replace("'", "''", StringComparison.Ordinal)}'");
        }

        if (options.HasCloudKey)
        {
            steps.Add("Remove-Item Env:LETTA_API_KEY");
        }

        // The client answers "Provider is not configured" until the provider of the agent's model is connected.
        steps.Add($"letta --backend local connect {Provider(options.Model) ?? OfV1(Provider(handle)) ?? "<provider>"}");
        steps.Add($"letta --backend local --agent {agentId} --conversation default");
        steps.AddRange(memory.McpCommands);
        return steps;
    }

    private static string? Handle(AgentRecord agent) => agent.Config("llm_config")?.StringOrNull("handle") ?? agent.Text("model");

    /// <summary>The provider in the handle of a model; the client's own name for its first model has none.</summary>
    private static string? Provider(string? handle) => handle is not null and not LettaCodeFormat.DefaultModel && handle.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash ? handle[..slash] : null;

    /// <summary>What the client calls a provider of Letta V1; <see langword="null"/> if its user must choose.</summary>
    private static string? OfV1(string? provider) => provider switch
    {
        "openai" or "anthropic" or "deepseek" or "groq" or "mistral" or "ollama" or "together" or "xai" => provider,
        "google_ai" => "google",
        "google_vertex" => "google-vertex",
        "azure" => "azure-openai-responses",
        "bedrock" => "amazon-bedrock",
        _ => null,
    };

    private static IEnumerable<string> ModelSettings(JsonElement config) =>
        from name in (string[])["temperature", "max_tokens", "reasoning_effort", "max_reasoning_tokens", "frequency_penalty", "parallel_tool_calls", "verbosity"]
        let value = config.TryGetProperty(name, out var found) ? found : default
        where value.ValueKind is JsonValueKind.Number or JsonValueKind.String or JsonValueKind.True && value.GetRawText() != "0"
        select $"{name} {(value.ValueKind == JsonValueKind.String ? value.GetString() : value.GetRawText())}";

    private static bool IsTrue(AgentRecord agent, string field) => agent.Fields.TryGetValue(field, out var value) && value.ValueKind == JsonValueKind.True;
}

using System.Globalization;
using System.Text.Json;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.IO;
using LettaPS.Core.Json;

namespace LettaPS.Core.LettaCode;

/// <summary>One agent, written into a folder of its own as the local backend will have it, and read back.</summary>
/// <param name="document">The file.</param>
/// <param name="folder">The folder: <c>agent.json</c>, <c>memfs/memory</c>, <c>conversations/…</c>.</param>
/// <param name="root">Where the parts will be.</param>
/// <param name="repositories">Writes git repositories.</param>
internal sealed class AgentConversion(AgentDocument document, AgentRecord agent, string folder, LettaCodeRoot root, IMemoryRepositories repositories)
{
    private readonly string _id = LettaCodeFormat.AgentId(agent.SourceId);
    private readonly TranscriptConverter _converter = new(agent);
    private readonly List<string> _keys = [];

    /// <summary>The file of the agent in the folder.</summary>
    public string AgentFile => Path.Combine(folder, "agent.json");

    /// <summary>The folder of its memory.</summary>
    public string MemoryFolder => Path.Combine(folder, "memfs");

    /// <summary>The folder of its conversations.</summary>
    public string ConversationsFolder => Path.Combine(folder, "conversations");

    /// <summary>Keys of its conversations.</summary>
    public IReadOnlyList<string> Keys => _keys;

    /// <summary>Writes the agent and reads it back.</summary>
    /// <param name="options">How.</param>
    /// <param name="sharedBlocks">Labels of blocks that other agents of the run have too.</param>
    /// <param name="now">The time of the conversion.</param>
    /// <exception cref="LettaException"><c>LettaCodeVerificationFailed</c>: what was written is not what the client reads.</exception>
    public async Task<LettaCodeAgent> WriteAsync(LettaCodeOptions options, IReadOnlyCollection<string> sharedBlocks, DateTimeOffset now, CancellationToken cancellationToken)
    {
        PrivateFile.CreateFolder(ConversationsFolder);
        var recorded = await RecordedBlocks.ReadAsync(document, cancellationToken).ConfigureAwait(false);
        var memory = new AgentMemory(document, agent, recorded, options.SystemPrompt == LettaCodeSystemPrompt.Keep);
        var repository = Path.Combine(MemoryFolder, "memory");
        await repositories.WriteAsync(repository, memory.Commits(now), cancellationToken).ConfigureAwait(false);

        var verifier = new LettaCodeVerifier(agent, _converter, _id);
        var rows = 0;
        foreach (var (conversation, id, places, inContext) in Conversations())
        {
            cancellationToken.ThrowIfCancellationRequested();
            var key = LettaCodeFormat.ConversationKey(id, _id);
            var target = Path.Combine(ConversationsFolder, LettaCodeFormat.Segment(key));
            var writer = new TranscriptWriter(target, _id, id);
            var isDefault = id == LettaCodeFormat.DefaultConversation;
            writer.Write(_converter.Convert(places, inContext, isDefault), root.Path, now, conversation, cancellationToken);
            await verifier.CheckConversationAsync(target, id, places, inContext, writer.Rows, cancellationToken).ConfigureAwait(false);
            rows += writer.Rows;
            _keys.Add(key);
        }

        var commits = await verifier.CheckMemoryAsync(repositories, repository, memory, cancellationToken).ConfigureAwait(false);
        WriteAgent(options);
        verifier.CheckAgent(AgentFile);
        return new LettaCodeAgent
        {
            AgentId = _id,
            AgentName = agent.Name,
            SourceAgentId = agent.SourceId,
            SourcePath = document.Path,
            DestinationPath = root.Path,
            Path = root.AgentFile(_id),
            MemoryPath = Path.Combine(root.AgentMemoryFolder(_id), "memory"),
            SourceMessageCount = agent.Messages.Entries.Count - AddedRows,
            MessageCount = rows,
            ConversationCount = _keys.Count,
            MemoryFileCount = memory.Files.Count,
            CommitCount = commits,
            PassageCount = memory.Passages,
            FileCount = memory.SourceFiles,
            SkillCount = memory.Skills,
            Missing = ConversionReport.Missing(document, agent, memory, _converter.Notes),
            Warnings = ConversionReport.Warnings(agent, memory, _converter.Notes, options, sharedBlocks, _keys.Count - 1),
            NextSteps = ConversionReport.NextSteps(root, _id, memory, options, agent),
            OldestTestedVersion = LettaCodeFormat.OldestTested,
            NewestTestedVersion = LettaCodeFormat.NewestTested,
        };
    }

    /// <summary>Rows that reading the file put before those of the file.</summary>
    private int AddedRows => agent.Messages.Entries is [{ Rebuilt: true } added, ..] && added.Id == Guid.Empty ? 1 : 0;

    /// <summary>The main conversation has the messages of no other, and those that the agent has in context.</summary>
    private IEnumerable<(ConversationRecord Record, string Id, List<int> Places, IReadOnlySet<int> InContext)> Conversations()
    {
        var count = agent.Messages.Entries.Count;
        var elsewhere = new HashSet<int>();
        var others = new List<(ConversationRecord, string, List<int>, IReadOnlySet<int>)>();
        foreach (var item in document.Agents.Count == 1 ? document.ConversationItems : [])
        {
            var places = Places(item, "message_ids").Distinct().Where(p => p < count).ToList();
            elsewhere.UnionWith(places);
            others.Add((
                new(item.TimeOrNull("created_at") ?? Begins(places), item.StringOrNull("summary")),
                item.StringOrNull("id") is { } id && id != LettaCodeFormat.DefaultConversation ? id : $"conv-{LettaCodeFormat.Derive($"{agent.SourceId}/{others.Count}")}",
                places,
                Places(item, "in_context_message_ids").ToHashSet()));
        }

        var inContext = agent.InContext.ToHashSet();
        var own = Enumerable.Range(0, count).Where(p => !elsewhere.Contains(p) || inContext.Contains(p)).ToList();
        return [(new(Begins(own), null), LettaCodeFormat.DefaultConversation, own, inContext), .. others];
    }

    private DateTimeOffset? Begins(List<int> places) => places is [var first, ..] ? _converter.TimeOf(first) : null;

    private IEnumerable<int> Places(JsonElement conversation, string list) => conversation.Strings(list)
        .Select(id => id.StartsWith("message-", StringComparison.Ordinal) && int.TryParse(id.AsSpan("message-".Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number + AddedRows : -1)
        .Where(p => p >= 0);

    private void WriteAgent(LettaCodeOptions options)
    {
        using var file = new AtomicFile(AgentFile);
        LettaCodeFormat.WriteFile(file.Stream, json =>
        {
            json.WriteString("id"u8, _id);
            json.WriteString("name"u8, agent.Name);
            json.WriteString("description"u8, agent.Text("description"));
            json.WriteString("system"u8, agent.Text("system") ?? string.Empty);
            json.WriteStartArray("tags"u8);
            foreach (var tag in agent.Items("tags").Where(t => t.ValueKind == JsonValueKind.String))
            {
                tag.WriteTo(json);
            }

            json.WriteEndArray();
            json.WriteString("model"u8, options.Model ?? LettaCodeFormat.DefaultModel);

            // V1's context window is left out: the client's own prompt does not fit into a small one.
            json.WriteStartObject("model_settings"u8);
            json.WriteEndObject();
            if (agent.Fields.TryGetValue("hidden", out var hidden) && hidden.ValueKind is JsonValueKind.True or JsonValueKind.False)
            {
                json.WriteBoolean("hidden"u8, hidden.GetBoolean());
            }

            if (agent.Config("compaction_settings")?.StringOrNull("mode") is "all" or "sliding_window")
            {
                json.WriteStartObject("compaction_settings"u8);
                json.WriteString("mode"u8, agent.Config("compaction_settings")!.Value.StringOrNull("mode"));
                json.WriteEndObject();
            }
        });
        file.Commit();
    }
}

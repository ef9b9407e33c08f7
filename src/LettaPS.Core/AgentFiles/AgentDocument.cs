using System.Text.Json;

namespace LettaPS.Core.AgentFiles;

/// <summary>
/// An agent file of any form, read into one: the lists of AgentFile v2 with what refers to what, and what only backups of LettaPS hold. Long lists are
/// kept outside of memory.
/// </summary>
internal sealed class AgentDocument : IDisposable
{
    private const int MaxProblems = 50;

    internal AgentDocument(string path, string workFolder)
    {
        Path = path;
        WorkFolder = workFolder;
        Files = new JsonLog(workFolder);
        Passages = new JsonLog(workFolder);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>What form the file has.</summary>
    public AgentFileFormat Format { get; internal set; }

    /// <summary>SHA-256 of the file in lower-case hexadecimal digits.</summary>
    public string Sha256 { get; internal set; } = string.Empty;

    /// <summary>The agents.</summary>
    public List<AgentRecord> Agents { get; } = [];

    /// <summary>Memory blocks.</summary>
    public List<FilePart> Blocks { get; internal set; } = [];

    /// <summary>Tools.</summary>
    public List<FilePart> Tools { get; internal set; } = [];

    /// <summary>Sources.</summary>
    public List<FilePart> Sources { get; internal set; } = [];

    /// <summary>MCP servers.</summary>
    public List<FilePart> McpServers { get; internal set; } = [];

    /// <summary>Groups, with the identifiers of the file in an AgentFile, else with the server's.</summary>
    public List<JsonElement> Groups { get; } = [];

    /// <summary>Files of the sources, with the identifiers of the file.</summary>
    public JsonLog Files { get; }

    /// <summary>Archival passages.</summary>
    public JsonLog Passages { get; }

    /// <summary>Archives that the passages belong to, as the server showed them.</summary>
    public List<JsonElement> Archives { get; } = [];

    /// <summary>Identities of the agent, as the server showed them.</summary>
    public List<JsonElement> Identities { get; } = [];

    /// <summary>Skills of the agents, as clients of Letta wrote them into the file: <c>name</c>, <c>files</c> by path, <c>source_url</c>. No server keeps them.</summary>
    public List<JsonElement> Skills { get; } = [];

    /// <summary>Conversations that the agent had besides its main one, with the identifiers of the file for their messages.</summary>
    internal List<JsonElement> ConversationItems { get; } = [];

    /// <summary>How many conversations the agent had besides its main one.</summary>
    public int Conversations => ConversationItems.Count;

    /// <summary>Top-level parts that LettaPS does not know. Conversions keep them as they are.</summary>
    internal Dictionary<string, JsonElement> OtherParts { get; } = new(StringComparer.Ordinal);

    /// <summary>Parts under the key <c>lettaps</c> that this version of LettaPS does not know. Conversions keep them as they are.</summary>
    internal Dictionary<string, JsonElement> OtherExtensions { get; } = new(StringComparer.Ordinal);

    /// <summary>Parts of an agent that the file is without, whether the agent had any or not: names of <see cref="AgentFilePart"/>.</summary>
    public HashSet<string> LeftOut { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether LettaPS wrote the file and it holds what AgentFile has no place for.</summary>
    public bool HasExtension { get; internal set; }

    /// <summary>When the file was written; <see langword="null"/> where it does not tell.</summary>
    public DateTimeOffset? ExportedAt { get; internal set; }

    /// <summary>How many messages the file holds, without those that reading it added.</summary>
    public int MessageCount { get; internal set; }

    /// <summary>How many files the sources have.</summary>
    public int FileCount { get; internal set; }

    /// <summary>How many archival passages there are.</summary>
    public int PassageCount { get; internal set; }

    /// <summary>The rows of the database that the agent was read from; <see langword="null"/> where the file has none.</summary>
    public DatabaseSection? Database { get; internal set; }

    /// <summary>Original identifiers by those of the file, where the file tells.</summary>
    public Dictionary<string, string> Ids { get; } = new(StringComparer.Ordinal);

    /// <summary>What the file itself says is missing from it, and what its form has no place for.</summary>
    public List<string> Gaps { get; } = [];

    /// <summary>What in the file does not fit together, with the place; at most 50.</summary>
    public List<string> Problems { get; } = [];

    /// <summary>What in the file did not fit together and was put right while reading.</summary>
    public List<string> Mended { get; } = [];

    internal string WorkFolder { get; }

    /// <summary>Notes what does not fit together.</summary>
    /// <param name="problem">The place and the problem, as a sentence.</param>
    internal void AddProblem(string problem)
    {
        if (Problems.Count < MaxProblems)
        {
            Problems.Add(problem);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Files.Dispose();
        Passages.Dispose();
        Agents.ForEach(a => a.Messages.Dispose());
    }
}

/// <summary>A block, tool, source or MCP server of an agent file.</summary>
/// <param name="FileId">Its identifier in the file, unique there only: <c>block-3</c>. The identifier that it had on its server is in <see cref="AgentDocument.Ids"/>.</param>
/// <param name="Value">The object.</param>
internal sealed record FilePart(string FileId, JsonElement Value);

/// <summary>One agent of an agent file.</summary>
internal sealed class AgentRecord
{
    internal AgentRecord(string fileId, MessageLog messages)
    {
        FileId = fileId;
        Messages = messages;
    }

    /// <summary>Identifier in the file: <c>agent-0</c>.</summary>
    public string FileId { get; internal set; }

    /// <summary>Identifier that the agent had on its server; where the file does not tell, the SHA-256 of the file and the identifier in it.</summary>
    public string SourceId { get; internal set; } = string.Empty;

    /// <summary>Everything of the agent that is not a list of the others: name, system prompt, models, rules, tags, …</summary>
    public Dictionary<string, JsonElement> Fields { get; } = new(StringComparer.Ordinal);

    /// <summary>Its blocks.</summary>
    public List<string> BlockIds { get; internal set; } = [];

    /// <summary>Its tools.</summary>
    public List<string> ToolIds { get; internal set; } = [];

    /// <summary>Its sources.</summary>
    public List<string> SourceIds { get; internal set; } = [];

    /// <summary>Which files of its sources it sees.</summary>
    public List<JsonElement> FileViews { get; } = [];

    /// <summary>Its messages, oldest first.</summary>
    public MessageLog Messages { get; }

    /// <summary>Places of the messages in context among <see cref="Messages"/>, in their order there.</summary>
    public List<int> InContext { get; internal set; } = [];

    /// <summary>Whether the server that it was on showed it without settings of compaction, where files of other origins only do not tell.</summary>
    public bool HasNoCompaction { get; internal set; }

    /// <summary>Its name; empty where it has none.</summary>
    public string Name => Text("name") ?? string.Empty;

    /// <summary>A field that is a string, or <see langword="null"/>.</summary>
    public string? Text(string field) => Fields.TryGetValue(field, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>A field that is an object, or <see langword="null"/>.</summary>
    public JsonElement? Config(string field) => Fields.TryGetValue(field, out var value) && value.ValueKind == JsonValueKind.Object ? value : null;

    /// <summary>The items of a field that is a list; none where it is not.</summary>
    public IEnumerable<JsonElement> Items(string field) => Fields.TryGetValue(field, out var value) && value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : [];
}

using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Json;
using LettaPS.Core.Markdown;

namespace LettaPS.Core.LettaCode;

/// <summary>
/// The memory of an agent as files and commits: blocks and their history, passages, files of sources, tools as skills, MCP servers. Each Markdown file costs the
/// client a process at the first turn, so passages go into few of them.
/// </summary>
internal sealed partial class AgentMemory
{
    private const string Importer = "LettaPS";
    private const string ImporterEmail = "lettaps@localhost";
    private const string Custom = "custom";
    private const string Mcp = "external_mcp";
    private const string SkillFile = "SKILL.md";
    private const string Secret = "<secret>";

    private readonly AgentDocument _document;
    private readonly AgentRecord _agent;
    private readonly MemoryPaths _paths = new();
    private readonly List<MemoryBlock> _blocks = [];
    private readonly Dictionary<string, byte[]> _written = new(StringComparer.Ordinal);
    private readonly RecordedBlocks _recorded;
    private readonly IReadOnlyList<BlockVersion> _versions;
    private readonly bool _keepsPrompt;

    /// <summary>Looks at an agent.</summary>
    /// <param name="document">Its file.</param>
    /// <param name="recorded">What the rows of the database tell of blocks.</param>
    /// <param name="keepsPrompt">Whether the agent keeps its system prompt; otherwise it is put among the reference files.</param>
    public AgentMemory(AgentDocument document, AgentRecord agent, RecordedBlocks recorded, bool keepsPrompt)
    {
        (_document, _agent, _recorded, _keepsPrompt) = (document, agent, recorded, keepsPrompt);
        var wanted = agent.BlockIds.ToHashSet(StringComparer.Ordinal);
        foreach (var block in document.Blocks.Where(b => wanted.Contains(b.FileId)).OrderBy(b => b.Value.StringOrNull("label"), StringComparer.Ordinal))
        {
            var label = block.Value.StringOrNull("label") ?? "block";
            _blocks.Add(new(block, label, _paths.OfBlock(label), document.Ids.GetValueOrDefault(block.FileId)));
        }

        var ids = _blocks.Select(b => b.Id).OfType<string>().ToHashSet(StringComparer.Ordinal);
        _versions = [.. recorded.Versions.Where(v => ids.Contains(v.BlockId))];
    }

    /// <summary>The blocks with their paths.</summary>
    public IReadOnlyList<MemoryBlock> Blocks => _blocks;

    /// <summary>The SHA-256 of each file of the last commit, known when the commits have been read.</summary>
    public IReadOnlyDictionary<string, byte[]> Files => _written;

    /// <summary>How many versions of blocks have a commit of their own.</summary>
    public int Versions => _versions.Count;

    /// <summary>How many passages there are.</summary>
    public int Passages { get; private set; }

    /// <summary>How many skills there are.</summary>
    public int Skills { get; private set; }

    /// <summary>How many of them were custom tools.</summary>
    public int ToolSkills { get; private set; }

    /// <summary>How many blocks of single conversations were carried.</summary>
    public int ConversationBlocks { get; private set; }

    /// <summary>How many files of sources there are.</summary>
    public int SourceFiles { get; private set; }

    /// <summary>Names of files whose contents the backup does not have.</summary>
    public List<string> FilesWithoutContent { get; } = [];

    /// <summary>Custom tools whose source the backup does not have.</summary>
    public List<string> ToolsWithoutSource { get; } = [];

    /// <summary>Skills of clients whose instructions the file does not have.</summary>
    public List<string> SkillsWithoutInstructions { get; } = [];

    /// <summary>Tools that only the server has, and tools of MCP servers that the backup does not name.</summary>
    public List<string> OtherTools { get; } = [];

    /// <summary>What to type into the client to add each MCP server.</summary>
    public List<string> McpCommands { get; } = [];

    /// <summary>The history of the memory, oldest first. It is made while it is read, once.</summary>
    /// <param name="now">The time of the last commit.</param>
    public IEnumerable<MemoryCommit> Commits(DateTimeOffset now)
    {
        var byId = _blocks.Where(b => b.Id is not null).ToLookup(b => b.Id!, StringComparer.Ordinal);
        foreach (var version in _versions)
        {
            var block = byId[version.BlockId].First();
            var actor = version.ActorType?.Split('.')[^1].ToLowerInvariant();
            var who = version.ActorId ?? actor ?? "unknown";
            yield return new(
                $"Block '{block.Label}', version {version.Sequence.ToString(CultureInfo.InvariantCulture)} on the Letta V1 server",
                who,
                $"{who}@letta-v1.invalid",
                version.Time,
                [Keep(block.Path, MemoryText.Write(Description(block, version.Description), version.Value, limit: version.Limit))]);
        }

        yield return new($"Bring '{_agent.Name}' from a Letta V1 server", Importer, ImporterEmail, now, All());
    }

    private IEnumerable<MemoryFile> All()
    {
        foreach (var block in _blocks)
        {
            var readOnly = block.Part.Value.TryGetProperty("read_only", out var value) && value.ValueKind == JsonValueKind.True;
            yield return Keep(block.Path, MemoryText.Write(Description(block, block.Part.Value.StringOrNull("description")), block.Value, readOnly, Number(block.Part.Value, "limit")));
        }

        foreach (var file in PassageFiles().Concat(SourceFilesOf()).Concat(SkillFiles()).Concat(ClientSkillFiles()).Concat(McpFiles()).Concat(ConversationBlockFiles()))
        {
            yield return file;
        }

        yield return Text("reference/letta-v1/origin.md", "Where this agent comes from", Origin());
        if (!_keepsPrompt && _agent.Text("system") is { Length: > 0 } system)
        {
            yield return Text("reference/letta-v1/system-prompt.md", "The system prompt that this agent had on its Letta V1 server", system);
        }
    }

    private string Origin() =>
        $"""
        This agent lived on a Letta V1 server as `{_agent.SourceId}`. LettaPS brought it here from the file `{Path.GetFileName(_document.Path)}`.

        - What it knew is in `system`, as memory blocks were on the server.
        - Its archival passages are in `reference/archival`, and files of its folders in `reference/files`.
        - Its custom tools are skills.

        """.ReplaceLineEndings("\n") + Kept("metadata", "The metadata that it had there:") + Kept("timezone", "Its time zone there:");

    private string Kept(string field, string heading) => _agent.Fields.TryGetValue(field, out var value) && !AgentFields.IsEmpty(value)
        ? $"\n{heading}\n\n{MarkdownText.Fence(JsonSerializer.Serialize(value, s_indented), "json")}"
        : string.Empty;

    private MemoryFile Keep(string path, byte[] content)
    {
        _written[path] = SHA256.HashData(content);
        return new(path, content);
    }

    private MemoryFile Text(string path, string description, string text) => Keep(path, MemoryText.Write(description, text));

    private static long? Number(JsonElement value, string name) => value.TryGetProperty(name, out var number) && number.ValueKind == JsonValueKind.Number && number.TryGetInt64(out var n) ? n : null;

    private static string Description(MemoryBlock block, string? description)
    {
        var text = string.IsNullOrWhiteSpace(description) ? $"Memory block {block.Label}" : description;
        return block.Path == $"system/{block.Label}.md" || block.Path == $"{block.Label}.md" ? text : $"{text} (block '{block.Label}' of Letta V1)";
    }

    /// <summary>Passages by archive, in files as long as the client reads.</summary>
    private IEnumerable<MemoryFile> PassageFiles()
    {
        // A file with several agents does not say whose the passages are.
        if (_document.Agents[0] != _agent || _document.Passages.Count == 0)
        {
            yield break;
        }

        var names = _document.Archives.Where(a => a.StringOrNull("id") is not null).DistinctBy(a => a.StringOrNull("id")).ToDictionary(a => a.StringOrNull("id")!, a => a.StringOrNull("name") ?? "archive", StringComparer.Ordinal);
        foreach (var archive in _document.Passages.Read().Select(p => p.StringOrNull("archive_id") ?? string.Empty).Distinct(StringComparer.Ordinal).ToList())
        {
            var name = names.GetValueOrDefault(archive) ?? "archive";
            var text = new StringBuilder();
            var (number, size) = (0, 0);
            foreach (var passage in _document.Passages.Read().Where(p => (p.StringOrNull("archive_id") ?? string.Empty) == archive))
            {
                foreach (var piece in Pieces(Passage(passage, ++Passages)))
                {
                    var length = Encoding.UTF8.GetByteCount(piece);
                    if (size > 0 && size + length > LettaCodeFormat.MemoryFileLimit)
                    {
                        yield return ArchiveFile(name, ++number, text.ToString());
                        text.Clear();
                        size = 0;
                    }

                    text.Append(piece);
                    size += length;
                }
            }

            yield return ArchiveFile(name, ++number, text.ToString());
        }
    }

    private MemoryFile ArchiveFile(string archive, int number, string text)
    {
        var stem = number == 1 ? archive : $"{archive} {number.ToString(CultureInfo.InvariantCulture)}";
        return Text($"reference/archival/{_paths.File("reference/archival", stem, ".md")}", $"Archival passages of '{archive}' from Letta V1, part {number.ToString(CultureInfo.InvariantCulture)}; search them with grep", text);
    }

    private static string Passage(JsonElement passage, int number)
    {
        var tags = string.Join(", ", passage.Strings("tags"));
        return $"## Passage {number.ToString(CultureInfo.InvariantCulture)}{(passage.StringOrNull("created_at") is { } time ? $", {time}" : "")}{(tags.Length > 0 ? $", tags: {tags.ReplaceLineEndings(" ")}" : "")}\n\n{passage.StringOrNull("text")}\n\n";
    }

    /// <summary>A text in pieces that a file takes; most are one.</summary>
    private static IEnumerable<string> Pieces(string text)
    {
        // A UTF-16 unit is at most three bytes of UTF-8.
        const int Longest = (LettaCodeFormat.MemoryFileLimit - 4096) / 3;
        for (var from = 0; from < text.Length;)
        {
            var length = Math.Min(Longest, text.Length - from);
            length -= from + length < text.Length && char.IsHighSurrogate(text[from + length - 1]) ? 1 : 0;
            yield return text.Substring(from, length);
            from += length;
        }
    }

    private IEnumerable<MemoryFile> SourceFilesOf()
    {
        var ids = _agent.SourceIds.ToHashSet(StringComparer.Ordinal);
        var sources = _document.Sources.Where(s => ids.Contains(s.FileId)).ToDictionary(s => s.FileId, s => s.Value, StringComparer.Ordinal);
        foreach (var (id, source) in sources)
        {
            if (source.StringOrNull("instructions") is { Length: > 0 } instructions)
            {
                var at = _paths.Folder("reference/files", source.StringOrNull("name") ?? id);
                yield return Text($"{at}/{_paths.File(at, "_instructions", ".md")}", $"What the folder '{source.StringOrNull("name")}' of Letta V1 is for", instructions);
            }
        }

        foreach (var file in _document.Files.Read().Where(f => sources.ContainsKey(f.StringOrNull("source_id") ?? string.Empty)))
        {
            var title = file.StringOrNull("original_file_name") ?? file.StringOrNull("file_name") ?? "file";
            if (file.StringOrNull("content") is not { } content)
            {
                FilesWithoutContent.Add(title);
                continue;
            }

            SourceFiles++;
            var source = sources[file.StringOrNull("source_id")!].StringOrNull("name") ?? "folder";
            var folder = _paths.Folder("reference/files", source);
            var stem = title.EndsWith(".md", StringComparison.OrdinalIgnoreCase) ? title[..^3] : title;
            var pieces = Pieces(content).DefaultIfEmpty(string.Empty).ToList();
            for (var i = 0; i < pieces.Count; i++)
            {
                var part = pieces.Count == 1 ? string.Empty : $" {(i + 1).ToString(CultureInfo.InvariantCulture)}";
                yield return Text($"{folder}/{_paths.File(folder, stem + part, ".md")}", $"The file '{title}' of the folder '{source}' of Letta V1{(part.Length > 0 ? $", part{part} of {pieces.Count.ToString(CultureInfo.InvariantCulture)}" : "")}", pieces[i]);
            }
        }
    }

    private IEnumerable<MemoryFile> SkillFiles()
    {
        var wanted = _agent.ToolIds.ToHashSet(StringComparer.Ordinal);
        foreach (var tool in _document.Tools.Where(t => wanted.Contains(t.FileId)).Select(t => t.Value))
        {
            var name = tool.StringOrNull("name") ?? "tool";
            if (tool.StringOrNull("tool_type") is { } type && type != Custom)
            {
                if (type != Mcp)
                {
                    OtherTools.Add(name);
                }

                continue;
            }

            if (tool.StringOrNull("source_code") is not { Length: > 0 } source)
            {
                ToolsWithoutSource.Add(name);
                continue;
            }

            Skills++;
            ToolSkills++;
            var folder = _paths.Folder("skills", name);
            var (script, command) = tool.StringOrNull("source_type") is "typescript" or "javascript" ? ($"scripts/{MemoryPaths.Ascii(name)}.ts", "node") : ($"scripts/{MemoryPaths.Ascii(name)}.py", "python3");
            yield return Keep($"{folder}/{script}", Encoding.UTF8.GetBytes(source));
            yield return Keep($"{folder}/{SkillFile}", Encoding.UTF8.GetBytes(Skill(tool, name, script, command)));
        }
    }

    /// <summary>Skills that clients of Letta wrote into the file. They belong to the file: each of its agents gets them.</summary>
    private IEnumerable<MemoryFile> ClientSkillFiles()
    {
        foreach (var skill in _document.Skills)
        {
            var name = skill.StringOrNull("name") ?? "skill";
            var files = skill.ObjectOrNull("files")?.EnumerateObject().Where(f => f.Value.ValueKind == JsonValueKind.String).ToList() ?? [];
            if (!files.Exists(f => f.Name == SkillFile))
            {
                SkillsWithoutInstructions.Add(name);
                continue;
            }

            Skills++;
            var folder = $"skills/{_paths.File("skills", name, string.Empty)}";
            foreach (var file in files.OrderBy(f => f.Name == SkillFile ? 0 : 1))
            {
                var segments = file.Name.Replace('\\', '/').Split('/', StringSplitOptions.RemoveEmptyEntries);
                var parent = segments.SkipLast(1).Aggregate(folder, _paths.Folder);
                yield return Keep($"{parent}/{_paths.File(parent, segments.LastOrDefault() ?? name, string.Empty)}", Encoding.UTF8.GetBytes(file.Value.GetString()!));
            }
        }
    }

    /// <summary>Blocks that a conversation had for itself. Letta Code has none of that kind, so they are there to be read.</summary>
    private IEnumerable<MemoryFile> ConversationBlockFiles()
    {
        var conversations = _document.Agents.Count == 1 ? _document.ConversationItems.Select(c => c.StringOrNull("id")).OfType<string>().ToHashSet(StringComparer.Ordinal) : [];
        foreach (var block in _recorded.OfConversations.Where(b => conversations.Contains(b.ConversationId)))
        {
            ConversationBlocks++;
            var folder = _paths.Folder("reference/conversations", block.ConversationId);
            yield return Text($"{folder}/{_paths.File(folder, block.Label, ".md")}", $"The block '{block.Label}' that the conversation '{block.ConversationId}' had for itself on Letta V1", block.Value);
        }
    }

    private string Skill(JsonElement tool, string name, string script, string command)
    {
        var text = new StringBuilder();
        var description = tool.StringOrNull("description") is { } given && !string.IsNullOrWhiteSpace(given) ? given : $"The tool {name}, which this agent had on its Letta V1 server";
        text.Append(CultureInfo.InvariantCulture, $"---\nname: {MemoryText.Line(name)}\ndescription: {MemoryText.Line(description)}\n---\n\n");
        text.Append(CultureInfo.InvariantCulture, $"This was the tool `{name}` of a Letta V1 server, which ran it. Here it is a script: read `{script}` in the folder of this skill, and run its function `{name}` with `{command}`.\n\n");
        if (tool.ObjectOrNull("json_schema")?.ObjectOrNull("parameters") is { } parameters)
        {
            text.Append("Its arguments:\n\n").Append(MarkdownText.Fence(JsonSerializer.Serialize(parameters, s_indented), "json"));
        }

        var packages = tool.Items("pip_requirements").Concat(tool.Items("npm_requirements")).Select(p => p.StringOrNull("name") is { } package ? $"{package}{(p.StringOrNull("version") is { } version ? $" {version}" : "")}" : p.ValueKind == JsonValueKind.String ? p.GetString()! : p.GetRawText()).ToList();
        if (packages.Count > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"It needs these packages: {string.Join(", ", packages)}.\n\n");
        }

        if (_agent.Config("tool_exec_environment_variables") is { } variables && variables.EnumerateObject().Select(v => v.Name).Where(v => tool.StringOrNull("source_code")!.Contains(v, StringComparison.Ordinal)).ToList() is { Count: > 0 } needed)
        {
            text.Append(CultureInfo.InvariantCulture, $"It reads these environment variables, whose values are not here: {string.Join(", ", needed)}.\n\n");
        }

        return text.ToString();
    }

    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private IEnumerable<MemoryFile> McpFiles()
    {
        var wanted = _agent.ToolIds.ToHashSet(StringComparer.Ordinal);
        var tools = _document.Tools.Where(t => wanted.Contains(t.FileId) && t.Value.StringOrNull("tool_type") == Mcp).Select(t => t.Value).ToList();
        foreach (var server in _document.McpServers.Select(s => s.Value))
        {
            var name = server.StringOrNull("server_name") ?? "mcp";
            var command = McpCommand(name, server);
            McpCommands.Add(command);
            var placed = tools.Where(t => t.Strings("tags").Contains($"mcp:{name}", StringComparer.Ordinal) || t.ObjectOrNull("metadata_")?.ObjectOrNull("mcp")?.StringOrNull("server_name") == name).ToList();
            tools.RemoveAll(placed.Contains);
            var its = placed.Select(t => $"- {t.StringOrNull("name")}: {MemoryText.Line(t.StringOrNull("description") ?? "")}\n");
            yield return Text(
                $"reference/mcp/{_paths.File("reference/mcp", name, ".md")}",
                $"The MCP server '{name}' that this agent used on Letta V1, and how a person adds it",
                $"A person adds this server with the command below and gives it its credentials, which are not here.\n\n{MarkdownText.Fence(command)}Its tools on Letta V1:\n\n{string.Concat(its)}");
        }

        OtherTools.AddRange(tools.Select(t => t.StringOrNull("name") ?? "tool"));
    }

    /// <summary>The client's own command. User names, passwords and queries of addresses may be secret, and so are values of variables.</summary>
    private static string McpCommand(string name, JsonElement server)
    {
        if (server.ObjectOrNull("stdio_config") is { } stdio && stdio.StringOrNull("command") is { } command)
        {
            return $"/mcp add --transport stdio {name} {string.Join(' ', WithoutSecrets(stdio.Strings("args")).Prepend(command).Select(a => a.Contains(' ', StringComparison.Ordinal) ? $"\"{a}\"" : a))}";
        }

        var address = Uri.TryCreate(server.StringOrNull("server_url"), UriKind.Absolute, out var uri) ? uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped) : "<address>";
        return $"/mcp add --transport {(server.StringOrNull("server_type") == "sse" ? "sse" : "http")} {name} {address}";
    }

    /// <summary>The arguments of a command, without the values of those whose names speak of secrets.</summary>
    private static IEnumerable<string> WithoutSecrets(IEnumerable<string> arguments)
    {
        var secret = false;
        foreach (var argument in arguments)
        {
            var equals = argument.IndexOf('=', StringComparison.Ordinal);
            var names = argument.StartsWith('-') && SecretName().IsMatch(equals < 0 ? argument : argument[..equals]);
            yield return secret && !argument.StartsWith('-') ? Secret : names && equals > 0 ? $"{argument[..(equals + 1)]}{Secret}" : argument;
            secret = names && equals < 0;
        }
    }

    [GeneratedRegex("key|token|secret|password|auth|credential", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SecretName();
}

/// <summary>A block of an agent and its file.</summary>
/// <param name="Part">The block.</param>
/// <param name="Path">The file.</param>
/// <param name="Id">Its identifier on the server, where the backup tells.</param>
internal sealed record MemoryBlock(FilePart Part, string Label, string Path, string? Id)
{
    /// <summary>Its text.</summary>
    public string Value => Part.Value.StringOrNull("value") ?? string.Empty;
}

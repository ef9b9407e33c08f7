using System.Globalization;
using System.Text;
using System.Text.Json;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Fleets;

[Flags]
internal enum SeedParts
{
    Tools = 1,
    Agents = 2,
    Group = 4,
}

/// <summary>
/// The fleet of the seed story: sixteen agents, one with a long history, with everything that agents of a release can have: shared blocks,
/// custom tools, rules, tags, archives, identities, sources with and without files, environment variables, conversations.
/// </summary>
internal sealed class SeedFleet(SeedParts parts, Upgrade upgrade) : Fleet
{
    private static readonly string[] s_topics =
    [
        "retrieval-augmented generation", "citation graphs", "protein folding", "vector search", "SQL migration", "weekly reports",
        "graph neural networks", "archive deduplication", "ünïcode filenames ✓", "“smart quotes” and — dashes", "日本語の要約", "🦉 night shift",
    ];

    private SandboxState _state = null!;
    private Release _release = null!;
    private DateTimeOffset _clock;

    internal override void Fill(SandboxState state, Release release)
    {
        (_state, _release, _clock) = (state, release, new DateTimeOffset(2025, 8, 14, 9, 0, 0, TimeSpan.Zero));
        var end = state.Now;
        state.Now = _clock.AddDays(-1);
        CoreTools.Add(state, release);
        state.SandboxConfigs.Add(state.Stamp(
            new SandboxConfigRow
            {
                Config = JsonText.From(new { sandbox_dir = "~/.letta/tool_execution_dir", use_venv = false, venv_name = "venv", pip_requirements = Array.Empty<string>() }),
            },
            "sandbox"));
        if (parts.HasFlag(SeedParts.Agents))
        {
            Agents();
        }

        if (parts.HasFlag(SeedParts.Group))
        {
            Group();
        }

        if (upgrade != Upgrade.None)
        {
            AsWrittenBy011();
        }

        state.Now = end;
    }

    private void Agents()
    {
        var organization = Block("organization", "Acme Research Lab. Focus: retrieval-augmented scientific discovery.", "Facts about the organization", 5000,
            metadata: """{"team":"research"}""");
        var goals = Block("shared_goals", "1. Keep the library curated.\n2. Never lose a citation.\n3. Report weekly.", "Goals shared by all agents", 8000);
        var style = Block("style_guide", "Write plainly. Cite sources. Dates as ISO-8601. Ünïcödé ✓ “quotes” — and emoji 🦉 are kept.", "House style", 4000,
            readOnly: true);
        var arxiv = Tool("search_arxiv", "Searches arXiv for papers.", ["query", "since"], pip: """[{"name":"requests","version":null}]""");
        var extract = Tool("extract_citations", "Extracts citations from a text.", ["text"]);
        var summarize = Tool("summarize_document", "Summarizes a document.", ["document_id", "length"]);
        var classify = Tool("classify_document", "Sorts a document into a class.", ["document_id"]);
        var graph = Tool("query_knowledge_graph", "Asks the knowledge graph.", ["cypher"]);
        var report = Tool("write_report", "Writes a report file.", ["title", "body"], approval: true);
        Tool("unused_tool", "Belongs to nobody.", ["nothing"]);

        var papers = Source("papers", "PDF library", "Use for citations.");
        var manuals = Source("manuals", "Manuals", null);
        Source("unattached", "Attached to nobody", null);
        var notes = File(papers, "notes.txt", "text/plain", Prose("Notes on retrieval. ", 40));
        var list = File(papers, "reading list.md", "text/x-markdown", "# Reading list\n\n" + Prose("- A paper worth reading, and why.\n", 120));
        var draft = File(papers, "draft (final) – v2.txt", "text/plain", Prose("Entwurf mit Umlauten: äöü. ", 30));

        var owner = Identity("user-thoth-1", "Thoth Owner", "user", """[{"key":"plan","value":"self-hosted","type":"string"},{"key":"seats","value":3,"type":"number"}]""");
        var lab = Identity("org-acme", "Acme Research Lab", "org", "[]");

        var main = Agent("thoth_main_orchestrator", tags: ["thoth", "orchestrator", "production"], blocks: [organization, goals, style],
            tools: [arxiv, graph, report, Core("open_files"), Core("grep_files")],
            rules: """[{"tool_name":"search_arxiv","type":"constrain_child_tools","prompt_template":null,"children":["write_report","send_message"]},{"tool_name":"search_arxiv","type":"max_count_per_step","prompt_template":null,"max_count_limit":3},{"tool_name":"memory_replace","type":"continue_loop","prompt_template":null}]""",
            contextWindow: 64_000, timezone: "Europe/Zurich", metadata: """{"fleet_index":0,"created_for":"thoth","nested":{"list":[1,2.5,null,true],"text":"ünï"}}""");
        main.SourceIds.AddRange([papers.Id, manuals.Id]);
        main.IdentityIds.AddRange([owner.Id, lab.Id]);
        Variable(main, "ARXIV_API_KEY", "secret-arxiv-123");
        Variable(main, "GRAPH_PASSWORD", "s3cr3t!");
        Open(main, notes, list, draft);
        History(main, turns: 175, keep: 24, everything: true);
        Archive(main, "thoth_main_orchestrator's Archive", 60);
        Archive(main, "Papers that matter", 12);

        var citation = Agent("system_citation_analyzer", tags: ["thoth", "system", "citations"], blocks: [organization, goals], tools: [extract, arxiv],
            rules: """[{"tool_name":"extract_citations","type":"conditional","prompt_template":null,"default_child":"send_message","child_output_mapping":{"ok":"search_arxiv"},"require_output_mapping":false},{"tool_name":"send_message","type":"exit_loop","prompt_template":null}]""");
        Variable(citation, "CROSSREF_MAIL", "library@example.org");
        History(citation, turns: 45, keep: 30);
        Archive(citation, "system_citation_analyzer's Archive", 20);

        var scout = Agent("system_discovery_scout", tags: ["thoth", "system"], blocks: [organization], tools: [arxiv]);
        scout.IdentityIds.Add(owner.Id);
        History(scout, turns: 30, keep: 20);
        var analysis = Agent("system_analysis_expert", "memgpt_agent", tags: ["thoth", "system"], blocks: [organization, style], tools: [summarize, graph]);
        History(analysis, turns: 22, keep: 60);
        History(Agent("system_maintenance", "memgpt_agent", tags: ["thoth", "ops"], blocks: [organization], tools: []), turns: 14, keep: 40);
        var curator = Agent("organization_curator", tags: ["thoth", "library"], blocks: [organization, goals, style], tools: [classify]);
        History(curator, turns: 26, keep: 25);
        Archive(curator, "organization_curator's Archive", 15);
        var librarian = Agent("document_librarian", tags: ["thoth", "library"], blocks: [organization, goals], tools: [classify, summarize]);
        History(librarian, turns: 40, keep: 94);
        Archive(librarian, "document_librarian's Archive", 25);
        librarian.ArchiveIds.Add(curator.ArchiveIds[0]);

        History(Agent("Lead Engineer", "memgpt_agent", tags: ["team"]), turns: 7, keep: 30);
        History(Agent("Lead Engineer", "memgpt_agent", tags: ["team"]), turns: 4, keep: 30);
        History(Agent("Lead Engineer", tags: ["team", "v2"], contextWindow: 200_000), turns: 60, keep: 12);
        History(Agent("Nameless Agent"), turns: 3, keep: 30);
        History(Agent("Nameless Agent"), turns: 0, keep: 30);
        History(Agent("Nameless Agent", "react_agent", bare: true), turns: 2, keep: 30);

        var memo = Agent("Memo", _release >= Release.V0162 ? "letta_v1_agent" : "memgpt_v2_agent", tags: ["personal"]);
        History(memo, turns: 16, keep: 20);
        Archive(memo, "Memo's Archive", 8);
        Conversation(memo, "Planning the week", 5);
        Conversation(memo, "Recipes 🍲", 3);
        var incognito = Agent("Incognito", tags: ["personal"], metadata: "{}");
        incognito.MessageBufferAutoclear = true;
        Block(incognito, "secrets_of_the_day", string.Empty, null, 20_000);
        History(incognito, turns: 2, keep: 4);

        var expert = Agent("AI/ML Expert", tags: ["expert"], blocks: [style], tools: [summarize], contextWindow: 8_000);
        Block(expert, "long_block", Prose("A line that is repeated until the block is nearly full. ", 330), "Nearly full", 20_000);
        History(expert, turns: 33, keep: 20);
        Archive(expert, "AI/ML Expert's Archive", 10);
    }

    private void Group()
    {
        var sleepy = Agent("Sleepy", _release >= Release.V0162 ? "letta_v1_agent" : "memgpt_v2_agent", tags: ["pair"]);
        sleepy.EnableSleeptime = true;
        History(sleepy, turns: 6, keep: 20);
        var sleeper = Agent("Sleepy-sleeptime", "sleeptime_agent", bare: true);
        sleeper.BlockIds.AddRange(sleepy.BlockIds);
        Block(sleeper, "memory_persona", "I keep the memory of my pair in order.", null, 20_000);
        sleeper.ToolIds.AddRange([Core("memory_insert").Id, Core("memory_replace").Id, Core("memory_rethink").Id, Core("memory_finish_edits").Id]);
        History(sleeper, turns: 2, keep: 20);
        _state.Groups.Add(_state.Stamp(
            new GroupRow
            {
                ManagerType = "sleeptime",
                ManagerAgentId = sleepy.Id,
                AgentIds = [sleeper.Id],
                SleeptimeAgentFrequency = 5,
                TurnsCounter = 1,
            },
            "group"));
        var hidden = Agent("Hidden Helper", tags: ["role:subagent"]);
        hidden.Hidden = true;
        sleeper.Hidden = true;
        History(hidden, turns: 1, keep: 20);
    }

    private AgentRow Agent(
        string name, string type = "memgpt_v2_agent", string[]? tags = null, BlockRow[]? blocks = null, ToolRow[]? tools = null, string rules = "[]",
        int contextWindow = 32_000, string timezone = "UTC", string metadata = """{"created_for":"thoth"}""", bool bare = false)
    {
        var row = _state.Stamp(
            new AgentRow
            {
                Name = name,
                Description = $"{name} of the fleet",
                AgentType = type,
                System = $"You are {name}. Answer briefly and keep your memory in order.",
                Tags = [.. tags ?? []],
                ToolRules = JsonText.Parse(rules),
                Timezone = timezone,
                Metadata = JsonText.Parse(metadata),
                LlmConfig = JsonText.From(new Dictionary<string, object?>
                {
                    ["model"] = "gpt-4o-mini",
                    ["model_endpoint_type"] = "openai",
                    ["model_endpoint"] = "http://127.0.0.1:9099/v1",
                    ["context_window"] = contextWindow,
                    ["put_inner_thoughts_in_kwargs"] = true,
                    ["handle"] = "openai/gpt-4o-mini",
                    ["temperature"] = 0.7,
                    ["max_tokens"] = 4096,
                    ["enable_reasoner"] = false,
                }),
                EmbeddingConfig = Embedding(),
            },
            "agent");
        row.CreatedAt = row.UpdatedAt = _clock = _clock.AddMinutes(7).AddMicroseconds(131_071);
        _state.Agents.Add(row);
        row.BlockIds.AddRange((blocks ?? []).Select(b => b.Id));
        if (!bare)
        {
            Block(row, "persona", $"I am {name}. I keep careful notes.", "Who the agent is", 20_000);
            Block(row, "human", "The user runs a research lab and prefers short answers.", "Who the user is", 20_000);
            row.ToolIds.AddRange([Core("send_message").Id, Core("conversation_search").Id, Core("archival_memory_insert").Id, Core("archival_memory_search").Id]);
        }
        else if (type == "react_agent")
        {
            row.ToolIds.Add(Core("conversation_search").Id);
        }

        row.ToolIds.AddRange((tools ?? []).Select(t => t.Id));
        return row;
    }

    private void Block(AgentRow agent, string label, string value, string? description, int limit) =>
        agent.BlockIds.Add(Block(label, value, description, limit).Id);

    private BlockRow Block(string label, string value, string? description, int limit, bool readOnly = false, string metadata = "{}")
    {
        var row = _state.Stamp(
            new BlockRow { Label = label, Value = value, Description = description, Limit = limit, ReadOnly = readOnly, Metadata = JsonText.Parse(metadata) }, "block");
        _state.Blocks.Add(row);
        return row;
    }

    private ToolRow Core(string name) => _state.Tools.First(t => t.Name == name);

    private ToolRow Tool(string name, string description, string[] arguments, string? pip = null, bool approval = false)
    {
        var code = new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"def {name}({string.Join(", ", arguments.Select(a => a + ": str"))}) -> str:\n")
            .Append(CultureInfo.InvariantCulture, $"    \"\"\"\n    {description}\n\n    Args:\n")
            .AppendJoin('\n', arguments.Select(a => $"        {a} (str): The {a.Replace('_', ' ')}."))
            .Append("\n\n    Returns:\n        str: The result.\n    \"\"\"\n    return \"ok\"\n");
        var row = _state.Stamp(
            new ToolRow
            {
                Name = name,
                Description = description,
                SourceCode = code.ToString(),
                JsonSchema = CoreTools.Schema(name, description, string.Join(' ', arguments)),
                Tags = ["research", name.Split('_')[^1]],
                ReturnCharLimit = 6000,
                PipRequirements = pip is null ? null : JsonText.Parse(pip),
                Metadata = JsonText.EmptyObject,
                DefaultRequiresApproval = approval && _release >= Release.V0162 ? true : null,
            },
            "tool");
        _state.Tools.Add(row);
        return row;
    }

    private SourceRow Source(string name, string description, string? instructions)
    {
        var row = _state.Stamp(new SourceRow { Name = name, Description = description, Instructions = instructions, EmbeddingConfig = Embedding() }, "source");
        _state.Sources.Add(row);
        return row;
    }

    private FileRow File(SourceRow source, string name, string type, string content)
    {
        var row = _state.Stamp(
            new FileRow
            {
                SourceId = source.Id,
                FileName = $"{source.Name}/{name}",
                OriginalFileName = name,
                FileType = type,
                FileSize = Encoding.UTF8.GetByteCount(content),
                Content = content,
                TotalChunks = 2,
                ChunksEmbedded = 2,
            },
            "file");
        _state.Files.Add(row);
        foreach (var half in new[] { content[..(content.Length / 2)], content[(content.Length / 2)..] })
        {
            _state.SourcePassages.Add(_state.Stamp(
                new PassageRow
                {
                    Text = half,
                    SourceId = source.Id,
                    FileId = row.Id,
                    FileName = row.FileName,
                    Embedding = Vector(),
                    EmbeddingConfig = Embedding(),
                    Metadata = JsonText.EmptyObject,
                },
                "passage"));
        }

        return row;
    }

    private void Open(AgentRow agent, params FileRow[] files)
    {
        foreach (var file in files)
        {
            _state.FileAgents.Add(_state.Stamp(
                new FileAgentRow
                {
                    AgentId = agent.Id,
                    FileId = file.Id,
                    SourceId = file.SourceId,
                    FileName = file.FileName!,
                    IsOpen = file != files[^1],
                    VisibleContent = file.Content,
                    LastAccessedAt = _clock,
                },
                "file_agent"));
        }
    }

    private IdentityRow Identity(string key, string name, string type, string properties)
    {
        var row = _state.Stamp(new IdentityRow { IdentifierKey = key, Name = name, IdentityType = type, Properties = JsonText.Parse(properties) }, "identity");
        _state.Identities.Add(row);
        return row;
    }

    private void Variable(AgentRow agent, string key, string value) => agent.EnvironmentVariables.Add(_state.Stamp(
        new EnvironmentVariableRow
        {
            Key = key,
            AgentId = agent.Id,
            Value = _release < Release.V0162 || upgrade != Upgrade.None ? value : null,
            ValueEnc = _release < Release.V0162 || upgrade != Upgrade.None ? null : value,
        },
        "agent-env"));

    private void Archive(AgentRow agent, string name, int passages)
    {
        var archive = _state.Stamp(
            new ArchiveRow { Name = name, Description = "Default archive created automatically", EmbeddingConfig = Embedding() }, "archive");
        _state.Archives.Add(archive);
        agent.ArchiveIds.Add(archive.Id);
        var time = agent.CreatedAt;
        for (var i = 0; i < passages; i++)
        {
            time = time.AddHours(5).AddMicroseconds(_state.Random.Next(1_000_000));
            var topic = s_topics[i % s_topics.Length];
            _state.Passages.Add(_state.Stamp(
                new PassageRow
                {
                    Text = $"Note {i} of {agent.Name}: {topic} matters because of reason {_state.Random.Next(1000)}. {Prose("Details follow. ", i % 9)}",
                    ArchiveId = archive.Id,
                    Embedding = Vector(),
                    EmbeddingConfig = Embedding(),
                    Metadata = JsonText.EmptyObject,
                    Tags = _release < Release.V0162 || upgrade != Upgrade.None ? null : i % 3 == 0 ? [] : [topic.Split(' ')[0], $"batch-{i / 10}"],
                    CreatedAt = time,
                },
                "passage"));
        }
    }

    private void Conversation(AgentRow agent, string summary, int turns)
    {
        if (_release < Release.V0162 || upgrade != Upgrade.None)
        {
            return;
        }

        var conversation = _state.Stamp(new ConversationRow { AgentId = agent.Id, Summary = summary, CreatedAt = _clock }, "conv");
        _state.Conversations.Add(conversation);
        var before = agent.Messages.Count;
        var writer = new HistoryWriter(_state, agent, _release, _clock) { ConversationId = conversation.Id };
        writer.System();
        for (var i = 0; i < turns; i++)
        {
            writer.Turn(s_topics[i]);
        }

        conversation.MessageIds.AddRange(agent.Messages.Skip(before).Select(m => m.Id));
        conversation.InContextMessageIds.AddRange(conversation.MessageIds.Where((_, i) => i == 0 || i > 2));
        conversation.LastMessageAt = writer.Clock;
        conversation.UpdatedAt = writer.Clock;
    }

    /// <summary>Writes an agent's history, of which the system message and the last rows stay in context.</summary>
    private void History(AgentRow agent, int turns, int keep, bool everything = false)
    {
        var writer = new HistoryWriter(_state, agent, _release, agent.CreatedAt);
        writer.System();
        if (everything)
        {
            writer.EveryKind();
        }

        for (var i = 0; i < turns; i++)
        {
            writer.Turn($"{s_topics[i % s_topics.Length]} ({i})", calls: i % 4 == 1 ? 1 : i % 9 == 5 ? 2 : 0);
            if (i == turns / 2 && turns > 20)
            {
                writer.Summary(i * 3);
            }
        }

        var rest = agent.Messages.Skip(1).TakeLast(keep).SkipWhile(m => m.Role == "tool");
        agent.MessageIds = [agent.Messages[0].Id, .. rest.Select(m => m.Id)];
        agent.UpdatedAt = writer.Clock;
        if (turns > 0)
        {
            agent.LastRunCompletion = writer.Clock;
            agent.LastRunDurationMs = 1234;
            agent.LastStopReason = _release >= Release.V0162 ? "end_turn" : null;
        }
    }

    private void AsWrittenBy011()
    {
        foreach (var message in _state.Agents.SelectMany(a => a.Messages))
        {
            message.RunId = null;
            foreach (var returned in message.ToolReturns ?? [])
            {
                returned.ToolCallId = null;
                returned.FuncResponse = null;
            }

            if (upgrade == Upgrade.Damaged && message.IsOverwrittenOnRead)
            {
                message.ToolCallId = null;
            }
        }
    }

    private static JsonElement Embedding() => JsonText.From(new Dictionary<string, object?>
    {
        ["embedding_endpoint_type"] = "openai",
        ["embedding_endpoint"] = "http://127.0.0.1:9099/v1",
        ["embedding_model"] = "text-embedding-3-small",
        ["embedding_dim"] = 1536,
        ["embedding_chunk_size"] = 300,
        ["handle"] = "openai/text-embedding-3-small",
    });

    private float[] Vector()
    {
        var vector = new float[1536];
        for (var i = 0; i < vector.Length; i++)
        {
            vector[i] = (_state.Random.NextSingle() - 0.5f) / 16;
        }

        return vector;
    }

    private static string Prose(string text, int times) => new StringBuilder(text.Length * times).Insert(0, text, times).ToString();
}

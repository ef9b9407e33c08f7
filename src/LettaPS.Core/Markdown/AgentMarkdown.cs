using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Json;
using LettaPS.Core.Secrets;

namespace LettaPS.Core.Markdown;

/// <summary>Writes one agent of a document into a folder of its own, page by page, in little memory.</summary>
/// <param name="folder">The folder, which is made.</param>
internal sealed class AgentMarkdown(AgentDocument document, AgentRecord agent, string folder)
{
    /// <summary>How many messages or passages a page takes: what a browser still shows.</summary>
    private const int PageLength = 500;

    private readonly List<(string Title, string Path)> _pages = [];
    private readonly List<FilePart> _blocks = Of(document.Blocks, agent.BlockIds);
    private readonly List<FilePart> _tools = Of(document.Tools, agent.ToolIds);
    private int _files;

    // A document with several agents does not say whose the passages are: only files of one agent have any.
    private bool HasPassages => document.Agents[0] == agent;

    /// <summary>Writes everything.</summary>
    public void Write(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        WriteBlocks();
        WriteHistory(cancellationToken);
        WritePassages(cancellationToken);
        WriteTools();
        WriteSkills();
        WriteFiles(cancellationToken);
        WriteIndex();
    }

    /// <summary>What was written.</summary>
    /// <param name="path">Where the folder will be.</param>
    public LettaMarkdown Describe(string path) => new()
    {
        Path = path,
        SourcePath = document.Path,
        AgentName = agent.Name,
        AgentId = agent.SourceId,
        MessageCount = agent.Messages.Entries.Count,
        PassageCount = HasPassages ? document.Passages.Count : 0,
        BlockCount = _blocks.Count,
        ToolCount = _tools.Count,
        FileCount = _files,
        Missing = document.Gaps,
    };

    private static List<FilePart> Of(List<FilePart> parts, List<string> ids)
    {
        var wanted = ids.ToHashSet(StringComparer.Ordinal);
        return [.. parts.Where(p => wanted.Contains(p.FileId))];
    }

    private MarkdownPage Page(string title, string path)
    {
        _pages.Add((title, path));
        var page = new MarkdownPage(Path.Combine(folder, path));
        page.Write($"# {MarkdownText.Inline(agent.Name)}: {title}\n\n");
        return page;
    }

    private void WriteBlocks()
    {
        if (_blocks.Count == 0)
        {
            return;
        }

        using var page = Page("memory blocks", "blocks.md");
        foreach (var block in _blocks)
        {
            page.Write($"## {MarkdownText.Inline(block.Value.StringOrNull("label") ?? "block")}\n\n");
            WriteText(page, "Description", block.Value.StringOrNull("description"));
            WriteText(page, "Value", block.Value.StringOrNull("value"));
        }
    }

    private static void WriteText(MarkdownPage page, string title, string? text)
    {
        if (!string.IsNullOrEmpty(text))
        {
            page.Write($"{title}:\n\n{MarkdownText.Fence(text)}");
        }
    }

    private static void WriteList(MarkdownPage page, string title, List<string> items)
    {
        if (items.Count > 0)
        {
            page.Write($"{title}:\n\n{string.Concat(items.Select(i => $"- {MarkdownText.Inline(i)}\n"))}\n");
        }
    }

    /// <summary>A page a month, and more where a month is long. Messages keep their order; one that is dated before its predecessor does not go back a page.</summary>
    private void WriteHistory(CancellationToken cancellationToken)
    {
        if (agent.Messages.Entries.Count == 0)
        {
            return;
        }

        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var inContext = agent.InContext.ToHashSet();
        MarkdownPage? page = null;
        try
        {
            var (month, on) = (string.Empty, 0);
            for (var i = 0; i < agent.Messages.Entries.Count; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var row = JsonValues.Parse(agent.Messages.Row(agent.Messages.Entries[i]));
                if (MessageMarkdown.Of(row, i + 1, inContext.Contains(i)) is not { } text)
                {
                    continue;
                }

                var its = row.TimeOrNull("created_at")?.ToString("yyyy-MM", CultureInfo.InvariantCulture) ?? (month.Length > 0 ? month : "undated");
                if (page is null || on == PageLength || string.CompareOrdinal(its, month) > 0)
                {
                    page?.Dispose();
                    page = null;
                    (month, on) = (its, 0);
                    page = Page($"history of {month}", $"history/{MarkdownText.FileName(month, ".md", names)}");
                }

                page.Write(text);
                on++;
            }
        }
        finally
        {
            page?.Dispose();
        }
    }

    private void WritePassages(CancellationToken cancellationToken)
    {
        if (!HasPassages || document.Passages.Count == 0)
        {
            return;
        }

        MarkdownPage? page = null;
        try
        {
            var i = 0;
            foreach (var passage in document.Passages.Read())
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (i % PageLength == 0)
                {
                    page?.Dispose();
                    page = null;
                    var name = i == 0 ? "passages.md" : string.Create(CultureInfo.InvariantCulture, $"passages {(i / PageLength) + 1}.md");
                    page = Page("archival passages", name);
                }

                var tags = string.Join(", ", passage.Strings("tags").Select(MarkdownText.Inline));
                page!.Write($"## {(++i).ToString(CultureInfo.InvariantCulture)}{(passage.TimeOrNull("created_at") is { } time ? $", {MarkdownText.Time(time)}" : "")}{(tags.Length > 0 ? $", {tags}" : "")}\n\n{MarkdownText.Fence(passage.StringOrNull("text")!)}");
            }
        }
        finally
        {
            page?.Dispose();
        }
    }

    private void WriteTools()
    {
        if (_tools.Count == 0)
        {
            return;
        }

        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        using var page = Page("tools", "tools.md");
        foreach (var tool in _tools.Select(t => t.Value))
        {
            page.Write($"## {MarkdownText.Inline(tool.StringOrNull("name") ?? "tool")}\n\n");
            WriteText(page, "Description", tool.StringOrNull("description"));
            if (tool.StringOrNull("source_code") is { Length: > 0 } source)
            {
                var file = MarkdownText.FileName(tool.StringOrNull("name"), tool.StringOrNull("source_type") is "typescript" or "javascript" ? ".ts" : ".py", names);
                using var code = new MarkdownPage(Path.Combine(folder, "tools", file));
                code.Write(source);
                page.Write($"Source: {MarkdownText.Link(file, $"tools/{file}")}\n\n");
            }

            if (tool.ObjectOrNull("json_schema") is { } schema)
            {
                page.Write($"Schema:\n\n{MessageMarkdown.Json(schema)}");
            }
        }
    }

    /// <summary>Skills belong to the file: each of its agents gets them.</summary>
    private void WriteSkills()
    {
        if (document.Skills.Count == 0)
        {
            return;
        }

        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        using var page = Page("skills", "skills.md");
        foreach (var skill in document.Skills)
        {
            var name = skill.StringOrNull("name") ?? "skill";
            page.Write($"## {MarkdownText.Inline(name)}\n\n");
            WriteText(page, "Source", skill.StringOrNull("source_url"));
            foreach (var file in skill.ObjectOrNull("files")?.EnumerateObject() ?? default)
            {
                // As text whatever it is, so that nothing is run by opening it.
                Directory.CreateDirectory(Path.Combine(folder, "skills"));
                var path = MarkdownText.FileName($"{name} {file.Name}", ".txt", names);
                using var text = new MarkdownPage(Path.Combine(folder, "skills", path));
                text.Write(file.Value.ValueKind == JsonValueKind.String ? file.Value.GetString()! : file.Value.GetRawText());
                page.Write($"- {MarkdownText.Link(file.Name, $"skills/{path}")}\n");
            }

            page.Write("\n");
        }
    }

    private void WriteFiles(CancellationToken cancellationToken)
    {
        var sources = Of(document.Sources, agent.SourceIds);
        if (sources.Count == 0)
        {
            return;
        }

        var ids = sources.Select(s => s.FileId).ToHashSet(StringComparer.Ordinal);
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        using var page = Page("files", "files.md");
        foreach (var source in sources)
        {
            page.Write($"- Folder {MarkdownText.Inline(source.Value.StringOrNull("name"))}\n");
        }

        page.Write("\n");
        foreach (var file in document.Files.Read())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!ids.Contains(file.StringOrNull("source_id") ?? string.Empty))
            {
                continue;
            }

            _files++;
            var title = file.StringOrNull("original_file_name") ?? file.StringOrNull("file_name") ?? "file";
            if (file.StringOrNull("content") is not { } content)
            {
                page.Write($"- {MarkdownText.Inline(title)} (the agent file has no contents of it)\n");
                continue;
            }

            // As text whatever it is, so that nothing is run by opening it.
            var name = MarkdownText.FileName(title, ".txt", names);
            using var text = new MarkdownPage(Path.Combine(folder, "files", name));
            text.Write(content);
            page.Write($"- {MarkdownText.Link(title, $"files/{name}")}\n");
        }
    }

    private void WriteIndex()
    {
        using var page = new MarkdownPage(Path.Combine(folder, "README.md"));
        page.Write($"# {MarkdownText.Inline(agent.Name.Length == 0 ? "(no name)" : agent.Name)}\n\n");
        page.Write($"Agent {MarkdownText.Inline(agent.SourceId)}, from {MarkdownText.Inline(Path.GetFileName(document.Path))} ({document.Format}).\n\n");
        WriteText(page, "Description", agent.Text("description"));
        foreach (var (title, path) in _pages)
        {
            page.Write($"- {MarkdownText.Link(title, path)}\n");
        }

        page.Write(_pages.Count > 0 ? "\n" : string.Empty);
        WriteList(page, "What is missing", document.Gaps);
        WriteList(page, "What was put right in reading the file", document.Mended);

        WriteText(page, "System prompt", agent.Text("system"));
        var settings = new JsonObject(agent.Fields.Where(f => f.Key is not ("name" or "description" or "system")).OrderBy(f => f.Key, StringComparer.Ordinal)
            .Select(f => KeyValuePair.Create(f.Key, Redaction.Of(f.Key, f.Value))));
        page.Write($"Settings:\n\n{MarkdownText.Fence(settings.ToJsonString(Redaction.Indented), "json")}");
        foreach (var (title, list) in ((string, IReadOnlyCollection<JsonElement>)[])[("Identities", document.Identities), ("Groups", document.Groups), ("Archives", document.Archives), ("MCP servers", [.. document.McpServers.Select(m => m.Value)])])
        {
            foreach (var item in list)
            {
                page.Write($"{title}:\n\n{MarkdownText.Fence(Redaction.Of(item)?.ToJsonString(Redaction.Indented) ?? "null", "json")}");
            }
        }
    }
}

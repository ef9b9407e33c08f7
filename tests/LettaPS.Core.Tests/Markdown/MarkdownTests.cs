using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Json;
using LettaPS.Core.Markdown;
using LettaPS.TestKit;
using Markdig;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace LettaPS.Core.Tests.Markdown;

/// <summary>What is written is read back with a CommonMark parser, as a reader's browser sees it.</summary>
public sealed class MarkdownTests : IDisposable
{
    private const string Recorded = "recorded.af";

    private static readonly MarkdownPipeline s_commonMark = new MarkdownPipelineBuilder().UsePipeTables().UseAutoLinks().Build();

    // What breaks pages: fences, HTML, links, headings, line ends of every kind, marks that turn text around.
    private static readonly Gen<string> s_hostile = Gen.OneOf(
            "`", "```", "~~~", "`````\n", "\n", "\r\n", "\r", "\n\n# ", "<script>alert(1)</script>", "<!-- ", "-->", "]]>", "<![CDATA[", "[a](javascript:b)", "![x](http://e/x.png)", "| a | b |", "---\n", "> ", "1. ", "    ", "\t", "&lt;", "\\", "*", "_", "{", "a", "é", "🤖", "\u202E", "\u2028", "http://evil.example", "<http://evil.example>", "\"", "'")
        .Array[1, 12].Select(string.Concat);

    private readonly TempFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("exports/0.11.3-Incognito.json.gz")]
    [InlineData("exports/0.16.2.json.gz")]
    [InlineData("exports/0.16.8.json.gz")]
    [InlineData("states/0.16.8.json.gz")]
    public async Task Every_text_of_a_recorded_agent_is_on_a_page(string fixture)
    {
        var agent = Assert.Single(await ConvertAsync(Fixture.Bytes(fixture)));

        var found = Texts(agent.Path);
        var file = Fixture.Parse(Encoding.UTF8.GetString(Fixture.Bytes(fixture)));
        var messages = file.Items("agents").SelectMany(a => a.Items("messages")).Concat(file.Items("messages")).ToList();

        // Where a file has no system message, reading it makes one of the system prompt: servers need it.
        Assert.Equal(messages.Count + (messages.Any(m => m.StringOrNull("role") == "system") ? 0 : 1), agent.MessageCount);
        Assert.All(file.Items("blocks").Concat(file.Items("core_memory")).Select(b => b.StringOrNull("value")!).Where(v => v.Length > 0), value => Assert.Contains(value, found));
        Assert.All(
            messages.Where(m => m.StringOrNull("role") is "system" or "assistant").SelectMany(m => m.Items("content")).Select(p => p.StringOrNull("text")).OfType<string>().Where(t => t.Length > 0),
            text => Assert.Contains(text, found));
        Assert.All(
            messages.SelectMany(m => m.Items("tool_calls")).Select(c => c.ObjectOrNull("function")!.Value),
            function => Assert.Contains(Normal(MessageText.Sent(function)?.Message ?? function.StringOrNull("arguments")!), found));
        Assert.All(
            file.Items("tools").Select(t => t.StringOrNull("source_code")).OfType<string>().Concat(file.Items("files").Select(f => f.StringOrNull("content")).OfType<string>()).Where(t => t.Length > 0),
            text => Assert.Contains(text, Directory.GetFiles(agent.Path, "*", SearchOption.AllDirectories).Select(File.ReadAllText)));
    }

    /// <summary>Each text is one whole block of code on some page, and nothing of it has become markup or HTML.</summary>
    [Fact]
    public void Hostile_text_stays_text_and_stays_whole() => Gen.Select(s_hostile, s_hostile, s_hostile, s_hostile, s_hostile).Sample(
        (name, block, message, passage, tool) =>
        {
            using var folder = new TempFolder();
            var path = folder["hostile.af"];
            File.WriteAllText(path, Document(name, block, message, passage, tool));
            using var markdown = MarkdownFolder.Open(folder["out"], force: false);
            markdown.AddAsync(path, CancellationToken.None).GetAwaiter().GetResult();
            var agent = Assert.Single(markdown.Commit());

            var found = Texts(folder["out"]);
            Assert.All([block, message, passage, tool], text => Assert.Contains(Normal(text), found));
            Assert.Equal(tool, File.ReadAllText(Assert.Single(Directory.GetFiles(Path.Combine(agent.Path, "tools")))));
            foreach (var page in Directory.GetFiles(folder["out"], "*.md", SearchOption.AllDirectories))
            {
                var syntax = Markdig.Markdown.Parse(File.ReadAllText(page), s_commonMark);
                Assert.True(syntax.Descendants<HtmlBlock>().Count() <= (page.EndsWith("out/README.md", StringComparison.Ordinal) ? 1 : 0), $"HTML on {page}");
                Assert.Empty(syntax.Descendants<HtmlInline>());
                Assert.All(syntax.Descendants<LinkInline>(), link => Assert.True(File.Exists(Path.Combine(Path.GetDirectoryName(page)!, Uri.UnescapeDataString(link.Url!))), $"{page} links to {link.Url}"));
                Assert.Empty(syntax.Descendants<AutolinkInline>());
            }
        },
        iter: 200);

    [Theory]
    [InlineData("AI/ML Expert", "AI-ML Expert")]
    [InlineData("../../etc/passwd", "-..-etc-passwd")]
    [InlineData("NUL", "_NUL")]
    [InlineData("con.txt", "_con.txt")]
    [InlineData("  . ", "unnamed")]
    [InlineData("", "unnamed")]
    [InlineData("a\u202Egpj.exe", "agpj.exe")]
    [InlineData("README.md", "README.md 2")]
    [InlineData("end. ", "end")]
    public async Task A_name_becomes_one_that_every_file_system_takes_and_the_true_one_is_inside(string name, string folder)
    {
        var agent = Assert.Single(await ConvertAsync(Encoding.UTF8.GetBytes(Document(name, "b", "m", "p", "t"))));

        Assert.Equal(folder, Path.GetFileName(agent.Path));
        Assert.Equal(name, agent.AgentName);
    }

    /// <summary>Some characters become several when they are normalized: a name that was cut before would be longer than file systems take.</summary>
    [Theory]
    [InlineData("\u0958", 300)]
    [InlineData("\uFB2C", 300)]
    [InlineData("\U0001D15E", 200)]
    [InlineData("\u00E9", 300)]
    [InlineData("\U0001F916", 300)]
    [InlineData("\uD800", 300)]
    public void A_name_stays_short_enough_for_file_systems(string character, int count)
    {
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var name in Enumerable.Range(0, 3).Select(_ => MarkdownText.FileName(string.Concat(Enumerable.Repeat(character, count)), ".md", taken)))
        {
            Assert.InRange(Encoding.UTF8.GetByteCount(name), 1, 255);
            Assert.True(name.IsNormalized());
            File.WriteAllText(_folder[name], string.Empty);
        }
    }

    [Fact]
    public async Task Files_that_somebody_put_into_the_folder_move_over_when_it_is_replaced()
    {
        await ConvertAsync(Fixture.Bytes("exports/0.16.8.json.gz"));
        Directory.CreateDirectory(_folder["out/mine"]);
        await File.WriteAllTextAsync(_folder["out/mine/notes.md"], "mine", Cancel);
        await File.WriteAllTextAsync(_folder["out/todo.txt"], "mine", Cancel);

        await ConvertAsync(Encoding.UTF8.GetBytes(Document("Other", "b", "m", "p", "t")), force: true);

        Assert.Equal("mine", await File.ReadAllTextAsync(_folder["out/mine/notes.md"], Cancel));
        Assert.Equal("mine", await File.ReadAllTextAsync(_folder["out/todo.txt"], Cancel));
        Assert.Equal([".lettaps-files", "Other", "README.md", "mine", "todo.txt"], Directory.GetFileSystemEntries(_folder["out"]).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Agents_of_one_name_get_folders_of_their_own_in_any_case()
    {
        var document = JsonNode.Parse(Document("Twin", "b", "m", "p", "t"))!;
        var second = document["agents"]![0]!.DeepClone();
        (second["id"], second["name"]) = ("agent-1", "TWIN");
        document["agents"]!.AsArray().Add(second);

        var agents = await ConvertAsync(Encoding.UTF8.GetBytes(document.ToJsonString()));

        Assert.Equal(["Twin", "TWIN 2"], agents.Select(a => Path.GetFileName(a.Path)));
    }

    [Fact]
    public async Task Secrets_are_left_out_and_their_names_stay()
    {
        var document = JsonNode.Parse(Document("Spy", "b", "m", "p", "t"))!;
        var agent = document["agents"]![0]!;
        agent["tool_exec_environment_variables"] = new JsonObject { ["GRAPH_PASSWORD"] = "hunter2" };
        agent["secrets"] = new JsonArray(new JsonObject { ["key"] = "ARXIV", ["value"] = "hunter2" });
        agent["llm_config"] = new JsonObject { ["model"] = "gpt", ["api_key"] = "hunter2" };
        agent["llm_config"]!["model_endpoint"] = "https://hunter2:hunter2@models.example/v1?key=hunter2#hunter2";
        document["mcp_servers"] = new JsonArray(
            new JsonObject
            {
                ["id"] = "mcp_server-0",
                ["server_name"] = "m",
                ["token"] = "hunter2",
                ["custom_headers"] = new JsonObject { ["X-Key"] = "hunter2" },
                ["server_url"] = "https://mcp.example/s/aB3hunter2aB3hunter2aB3/mcp?x=hunter2",
                ["stdio_config"] = new JsonObject { ["command"] = "npx", ["env"] = new JsonObject { ["A"] = "hunter2" }, ["args"] = new JsonArray("server", "--key", "hunter2", "hunter2") },
            });
        document["lettaps"] = new JsonObject
        {
            ["version"] = 1,
            ["identities"] = new JsonArray(new JsonObject { ["id"] = "identity-0", ["name"] = "Ann", ["properties"] = new JsonArray(new JsonObject { ["key"] = "mail", ["value"] = "hunter2", ["type"] = "string" }) }),
        };

        await ConvertAsync(Encoding.UTF8.GetBytes(document.ToJsonString()));

        var all = string.Concat(Directory.GetFiles(_folder["out"], "*", SearchOption.AllDirectories).Select(File.ReadAllText));
        Assert.DoesNotContain("hunter2", all, StringComparison.Ordinal);
        Assert.Contains("GRAPH_PASSWORD", all, StringComparison.Ordinal);
        Assert.Contains("ARXIV", all, StringComparison.Ordinal);
        Assert.Contains("https://(left out)@models.example/v1?(left out)", all, StringComparison.Ordinal);
        Assert.Contains("https://mcp.example/s/(left out)/mcp?(left out)", all, StringComparison.Ordinal);
        Assert.Contains("\"key\": \"mail\"", all, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_an_agent_sent_is_what_it_says_and_the_receipt_is_left_out()
    {
        var document = JsonNode.Parse(Document("Talker", "b", "m", "p", "t"))!;
        document["agents"]![0]!["messages"] = new JsonArray(
            new JsonObject
            {
                ["id"] = "message-0",
                ["role"] = "assistant",
                ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = "a secret thought" }),
                ["tool_calls"] = new JsonArray(new JsonObject { ["id"] = "c", ["type"] = "function", ["function"] = new JsonObject { ["name"] = "send_message", ["arguments"] = """{"message": "Good evening"}""" } }),
                ["created_at"] = "2026-01-17T20:15:30.123456+00:00",
            },
            Tool("message-1", """{"status": "OK", "message": "Sent message successfully.", "time": "x"}"""),
            Tool("message-2", """{"status": "OK", "message": "Three results.", "time": "x"}"""));

        var agent = Assert.Single(await ConvertAsync(Encoding.UTF8.GetBytes(document.ToJsonString())));

        var page = await File.ReadAllTextAsync(Path.Combine(agent.Path, "history", "2026-01.md"), TestContext.Current.CancellationToken);
        Assert.Contains("## 2. assistant, 2026-01-17 20:15:30 UTC\n\nThinks:\n\n```text\na secret thought\n```\n\nSays:\n\n```text\nGood evening\n```", page, StringComparison.Ordinal);
        Assert.DoesNotContain("send_message", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Sent message", page, StringComparison.Ordinal);
        Assert.DoesNotContain("## 3.", page, StringComparison.Ordinal);
        Assert.Contains("Three results.", page, StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.GetDirectories(agent.Path, "*", SearchOption.AllDirectories), d => Directory.GetFileSystemEntries(d).Length == 0);

        static JsonObject Tool(string id, string text) => new()
        {
            ["id"] = id,
            ["role"] = "tool",
            ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text }),
            ["created_at"] = "2026-01-17T20:15:31+00:00",
        };
    }

    [Theory]
    [InlineData("notes.txt", ".txt", "notes.txt")]
    [InlineData("NOTES.TXT", ".txt", "NOTES.txt")]
    [InlineData("notes.md", ".txt", "notes.md.txt")]
    public void An_extension_is_not_written_twice(string name, string extension, string file) => Assert.Equal(file, MarkdownText.FileName(name, extension, []));

    [Fact]
    public async Task A_long_history_is_in_order_on_pages_of_months_that_are_not_too_long()
    {
        var document = JsonNode.Parse(Document("Long", "b", "m", "p", "t"))!;
        var messages = new JsonArray([.. Enumerable.Range(0, 1200).Select(i => new JsonObject
        {
            ["id"] = $"message-{i}",
            ["role"] = i == 0 ? "system" : "user",
            ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = $"number {i}" }),
            ["created_at"] = $"2026-0{(i < 1100 ? 1 : 2)}-01T00:00:00+00:00",
        })]);
        document["agents"]![0]!["messages"] = messages;

        var agent = Assert.Single(await ConvertAsync(Encoding.UTF8.GetBytes(document.ToJsonString())));

        string[] pages = ["2026-01.md", "2026-01 2.md", "2026-01 3.md", "2026-02.md"];
        Assert.Equal(pages.Order(StringComparer.Ordinal), Directory.GetFiles(Path.Combine(agent.Path, "history")).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
        Assert.Equal(
            Enumerable.Range(0, 1200).Select(i => $"number {i}"),
            pages.SelectMany(p => Blocks(Path.Combine(agent.Path, "history", p))));
    }

    [Fact]
    public async Task Nothing_that_is_there_is_replaced_unless_it_was_made_so_and_force_is_given()
    {
        await ConvertAsync(Fixture.Bytes("exports/0.16.8.json.gz"));
        Directory.CreateDirectory(_folder["mine"]);
        await File.WriteAllTextAsync(_folder["mine/README.md"], "# My own", Cancel);

        Assert.Equal("MarkdownFolderExists", Assert.Throws<LettaException>(() => MarkdownFolder.Open(_folder["out"], force: false)).ErrorId);
        Assert.Equal("MarkdownFolderMismatch", Assert.Throws<LettaException>(() => MarkdownFolder.Open(_folder["mine"], force: true)).ErrorId);
        await ConvertAsync(Fixture.Bytes("exports/0.16.2.json.gz"), force: true);

        Assert.Equal(["mine", "out", Recorded], Directory.GetFileSystemEntries(_folder.Path).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_folder_that_is_not_finished_leaves_nothing_behind()
    {
        await File.WriteAllBytesAsync(_folder[Recorded], Fixture.Bytes("exports/0.16.8.json.gz"), Cancel);
        using (var markdown = MarkdownFolder.Open(_folder["out"], force: false))
        {
            await markdown.AddAsync(_folder[Recorded], Cancel);
        }

        Assert.Equal([_folder[Recorded]], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task Only_the_owner_can_read_it()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no file modes.");
            return;
        }

        await ConvertAsync(Fixture.Bytes("exports/0.16.8.json.gz"));

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder["out"]));
        foreach (var file in Directory.GetFiles(_folder["out"], "*", SearchOption.AllDirectories))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
    }

    public void Dispose() => _folder.Dispose();

    private async Task<IReadOnlyList<LettaMarkdown>> ConvertAsync(byte[] file, bool force = false)
    {
        await File.WriteAllBytesAsync(_folder[Recorded], file, Cancel);
        using var markdown = MarkdownFolder.Open(_folder["out"], force);
        await markdown.AddAsync(_folder[Recorded], Cancel);
        return markdown.Commit();
    }

    /// <summary>Every block of code of every page.</summary>
    private static HashSet<string> Texts(string folder) => [.. Directory.GetFiles(folder, "*.md", SearchOption.AllDirectories).SelectMany(Blocks)];

    private static IEnumerable<string> Blocks(string page) => Markdig.Markdown.Parse(File.ReadAllText(page), s_commonMark).Descendants<FencedCodeBlock>().Select(b => Normal(b.Lines.ToString()));

    /// <summary>CommonMark knows lines, not how they end.</summary>
    private static string Normal(string text) => text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').TrimEnd('\n');

    private static string Document(string name, string block, string message, string passage, string tool) => new JsonObject
    {
        ["agents"] = new JsonArray(new JsonObject
        {
            ["id"] = "agent-0",
            ["name"] = name,
            ["system"] = "s",
            ["tags"] = new JsonArray(name),
            ["block_ids"] = new JsonArray("block-0"),
            ["tool_ids"] = new JsonArray("tool-0"),
            ["in_context_message_ids"] = new JsonArray(),
            ["messages"] = new JsonArray(new JsonObject
            {
                ["id"] = "message-0",
                ["role"] = "assistant",
                ["name"] = name,
                ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = message }),
                ["created_at"] = "2026-01-01T00:00:00+00:00",
            }),
        }),
        ["blocks"] = new JsonArray(new JsonObject { ["id"] = "block-0", ["label"] = name, ["value"] = block }),
        ["tools"] = new JsonArray(new JsonObject { ["id"] = "tool-0", ["name"] = name, ["description"] = tool, ["source_code"] = tool }),
        ["lettaps"] = new JsonObject { ["passages"] = new JsonArray(new JsonObject { ["text"] = passage, ["tags"] = new JsonArray(name) }) },
    }.ToJsonString();
}

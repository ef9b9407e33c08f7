using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using LettaPS.Core.LettaCode;

namespace LettaPS.Adapters.Tests.LettaCode;

/// <summary>What becomes of messages, memory and tools, by the folders that are written.</summary>
public sealed class ConversionTests
{
    [Fact]
    public async Task Thoughts_replies_calls_and_results_are_each_what_they_were()
    {
        using var c = new Conversion();
        c.Say("user", """{"type": "user_message", "message": "Hello", "time": "now"}""");
        c.Say("assistant", "I greet.", calls: Conversion.Call("1", "send_message", """{"message": "Good day"}"""));
        c.Say("tool", "", returns: Conversion.Return("1", """{"status": "OK", "message": "Sent message successfully.", "time": "now"}"""), name: "send_message");
        c.Say("assistant", "I look.", calls: Conversion.Call("2", "grep", """{"pattern": "x"}"""));
        c.Say("tool", "", returns: Conversion.Return("2", """{"status": "OK", "message": "found", "time": "now"}"""), name: "grep");

        var result = await c.RunAsync();

        Assert.Equal(["user: Hello", "assistant: (I greet.) | Good day", """assistant: (I look.) | grep{"pattern":"x"}""", "toolResult: found"], c.Lines());
        Assert.Equal((6, 4, 1), (result.SourceMessageCount, result.MessageCount, result.ConversationCount));
        Assert.Equal(4, c.InContext().Count);
    }

    [Fact]
    public async Task The_text_of_a_letta_v1_agent_is_a_reply_and_not_a_thought()
    {
        using var c = new Conversion("letta_v1_agent");
        c.Say("user", "Hello");
        c.Add(new JsonObject { ["role"] = "assistant", ["content"] = new JsonArray(new JsonObject { ["type"] = "reasoning", ["reasoning"] = "Hm" }, new JsonObject { ["type"] = "text", ["text"] = "Let me see." }), ["tool_calls"] = Conversion.Call("1", "grep", "{}") });
        c.Say("tool", "", returns: Conversion.Return("1", "nothing"), name: "grep");

        await c.RunAsync();

        Assert.Equal(["user: Hello", "assistant: (Hm) | Let me see. | grep{}", "toolResult: nothing"], c.Lines());
    }

    [Fact]
    public async Task Calls_without_results_and_results_without_calls_are_kept_in_a_form_that_the_client_keeps()
    {
        using var c = new Conversion();
        c.Say("user", "Go");
        c.Say("tool", "", returns: Conversion.Return("lost", "an old result"), name: "ls");
        c.Say("assistant", "", calls: [.. Conversion.Call("1", "grep", "no json").Concat(Conversion.Call("2", "find", "{}")).Select(n => n!.DeepClone())]);
        c.Say("user", "Are you there?");
        c.Say("tool", "", returns: Conversion.Return("2", "late", "error"), name: "find");

        var result = await c.RunAsync();

        Assert.Equal(
            [
                "user: Go",
                "user: <system-reminder>\nThe tool 'ls' returned this, but its call is not in the history:\nan old result\n</system-reminder>",
                """assistant: grep{"input":"no json"} | find{}""",
                "toolResult: The history of the Letta V1 server has no result of this call.",
                "toolResult: late",
                "user: Are you there?",
            ],
            c.Lines());
        Assert.Equal([true, true], c.Messages().Select(r => r.GetProperty("message")).Where(m => m.GetProperty("role").GetString() == "toolResult").Select(m => m.GetProperty("isError").GetBoolean()));
        Assert.Contains(result.Warnings, w => w.StartsWith("1 calls of tools had no result", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Identifiers_of_calls_that_repeat_each_have_their_own_result()
    {
        using var c = new Conversion();
        c.Say("user", "Go");
        c.Say("assistant", "", calls: Conversion.Call("call_0", "first", "{}"));
        c.Say("assistant", "", calls: Conversion.Call("call_0", "second", "{}"));
        c.Say("tool", "", returns: Conversion.Return("call_0", "of the second"), name: "second");
        c.Say("assistant", "", calls: Conversion.Call("call_0", "third", "{}"));
        c.Say("tool", "", returns: Conversion.Return("call_0", "of the third"), name: "third");

        await c.RunAsync();

        Assert.Equal(["user: Go", "assistant: first{}", "toolResult: The history of the Letta V1 server has no result of this call.", "assistant: second{}", "toolResult: of the second", "assistant: third{}", "toolResult: of the third"], c.Lines());
    }

    [Fact]
    public async Task Trap_2_an_empty_context_would_mean_everything()
    {
        using var c = new Conversion();
        c.Say("user", "old", inContext: false);
        c.Say("assistant", "answer", inContext: false);

        await c.RunAsync();

        Assert.Single(c.InContext());
        Assert.Equal(2, c.Messages().Count);
    }

    [Fact]
    public async Task Trap_6_thoughts_end_with_a_blank_line_and_no_provider_is_named()
    {
        using var c = new Conversion();
        c.Say("user", "Hello");
        c.Say("assistant", "Two\nlines", calls: Conversion.Call("1", "send_message", """{"message": "Hi"}"""));

        await c.RunAsync();

        var message = c.Messages()[1].GetProperty("message");
        Assert.Equal("Two\nlines\n\n", message.GetProperty("content")[0].GetProperty("thinking").GetString());
        Assert.Equal(("letta-v1", "letta-v1"), (message.GetProperty("api").GetString(), message.GetProperty("provider").GetString()));
    }

    [Fact]
    public async Task Trap_7_the_context_begins_with_the_user_before_it()
    {
        using var c = new Conversion();
        c.Say("user", "older", inContext: false);
        c.Say("user", "question", inContext: false);
        c.Say("assistant", "answer");

        await c.RunAsync();

        var rows = c.Messages().Select(r => r.GetProperty("message")).ToDictionary(m => m.GetProperty("id").GetString()!, m => m.GetProperty("content")[0].GetProperty("text").GetString());
        Assert.Equal(["question", "answer"], c.InContext().Select(i => rows[i]));
    }

    [Fact]
    public async Task A_history_that_the_assistant_begins_gets_a_user_before_it()
    {
        using var c = new Conversion();
        c.Say("assistant", "More human than human.");

        await c.RunAsync();

        Assert.StartsWith("user: <system-reminder>", c.Lines()[0], StringComparison.Ordinal);
        Assert.Equal(2, c.InContext().Count);
    }

    [Fact]
    public async Task Trap_8_the_first_of_January_2026_and_trap_5_long_results_are_said()
    {
        using var c = new Conversion();
        c.Say("user", "Happy new year", time: "2026-01-01T10:00:00Z");
        c.Say("assistant", "", calls: Conversion.Call("1", "cat", "{}"));
        c.Say("tool", "", returns: Conversion.Return("1", new string('x', 40_001)), name: "cat");

        var result = await c.RunAsync();

        Assert.Equal("2026-01-01T10:00:00.000Z", c.Messages()[0].GetProperty("message").GetProperty("metadata").GetProperty("created_at").GetString());
        Assert.Contains(result.Warnings, w => w.StartsWith("1 messages are of January 1, 2026", StringComparison.Ordinal));
        Assert.Contains(result.Warnings, w => w.StartsWith("1 results of tools are longer than 40000", StringComparison.Ordinal));
        Assert.Equal(40_001, c.Messages()[2].GetProperty("message").GetProperty("content")[0].GetProperty("text").GetString()!.Length);
    }

    [Fact]
    public async Task Summaries_logins_heartbeats_and_images_keep_what_they_are()
    {
        using var c = new Conversion();
        c.Say("user", """{"type": "system_alert", "message": "Note: prior messages have been hidden. The following is a summary of the previous 9 messages:\n We met.", "time": "now"}""");
        c.Say("user", """{"type": "login", "last_login": "Never", "time": "now"}""");
        c.Say("system", "A rule in the middle");
        c.Add(new JsonObject { ["role"] = "user", ["content"] = new JsonArray(new JsonObject { ["type"] = "image", ["source"] = new JsonObject { ["type"] = "base64", ["media_type"] = "image/png", ["data"] = "QUJD" } }, new JsonObject { ["type"] = "image", ["source"] = new JsonObject { ["type"] = "url", ["url"] = "https://example.invalid/x.png" } }) });

        var result = await c.RunAsync();

        Assert.Equal(["compaction", "message", "message", "message"], c.Messages().Select(r => r.GetProperty("type").GetString()!));
        Assert.EndsWith("We met.", c.Messages()[0].GetProperty("summary").GetString(), StringComparison.Ordinal);
        Assert.Equal("user: image:QUJD | [An image: https://example.invalid/x.png]", c.Lines()[3]);
        Assert.StartsWith("user: <system-reminder>\nA rule in the middle", c.Lines()[2], StringComparison.Ordinal);
        Assert.Contains("1 images whose data the backup does not have.", result.Missing);
    }

    [Fact]
    public async Task Another_conversation_is_one_of_its_own_with_its_context()
    {
        using var c = new Conversion();
        c.Say("user", "main");
        var (first, second) = (c.Say("user", "aside", inContext: false), c.Say("assistant", "aside too", inContext: false));
        c.File["lettaps"]!["conversations"] = new JsonArray(new JsonObject { ["id"] = "conv-1", ["summary"] = "An aside", ["created_at"] = "2026-03-01T00:00:00Z", ["message_ids"] = new JsonArray(first, second), ["in_context_message_ids"] = new JsonArray(second) });

        var result = await c.RunAsync();

        Assert.Equal(2, result.ConversationCount);
        Assert.Equal(["user: main"], c.Lines());
        Assert.Equal(["user: aside", "assistant: aside too"], c.Lines("conversation:conv-1"));
        Assert.Equal(2, c.InContext("conversation:conv-1").Count);
    }

    [Fact]
    public async Task Trap_13_labels_become_names_that_every_system_and_the_client_take()
    {
        using var c = new Conversion();
        string[] labels = ["persona", "Persona", "con", "über", "记忆", "a/b", "constructor", "__proto__", "x:y*z", "system/nested", "trailing. ", "with space"];
        foreach (var label in labels)
        {
            c.Block(label, $"value of {label}", description: label == "persona" ? "|" : "two\nlines");
        }

        var result = await c.RunAsync();

        var files = Directory.GetFiles(Path.Combine(result.MemoryPath, "system"), "*.md", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(result.MemoryPath, f).Replace('\\', '/')).ToList();
        Assert.Equal(labels.Length, files.Count);
        Assert.Equal(labels.Length, files.Distinct(StringComparer.OrdinalIgnoreCase).Count());
        Assert.All(files, f => Assert.All(f, ch => Assert.True(char.IsAscii(ch) && ch is not (':' or '*'))));
        Assert.DoesNotContain(files, f => Path.GetFileNameWithoutExtension(f) is "con" or "constructor" or "__proto__");
        Assert.All(labels, l => Assert.Single(files, f => MemoryText.Body(c.Memory(f)) == $"value of {l}".TrimEnd()));
        Assert.All(files, f => Assert.Null(MemoryText.Problem(c.Memory(f))));
        Assert.Contains(files, f => f == "system/nested.md");
    }

    [Fact]
    public async Task Trap_4_many_passages_are_few_files_by_archive_with_tags_and_times()
    {
        using var c = new Conversion();
        c.File["lettaps"]!["archives"] = new JsonArray(new JsonObject { ["id"] = "archive-1", ["name"] = "Notes" });
        foreach (var i in Enumerable.Range(0, 3000))
        {
            c.File["lettaps"]!["passages"]!.AsArray().Add(new JsonObject { ["text"] = $"Passage number {i.ToString(CultureInfo.InvariantCulture)} {new string('p', 400)}", ["archive_id"] = i % 2 == 0 ? "archive-1" : null, ["created_at"] = "2026-02-03T04:05:06Z", ["tags"] = new JsonArray("t1", "t2") });
        }

        var result = await c.RunAsync();

        var files = Directory.GetFiles(Path.Combine(result.MemoryPath, "reference", "archival"));
        Assert.InRange(files.Length, 2, 6);
        Assert.Equal(3000, result.PassageCount);
        Assert.All(files, f => Assert.True(new FileInfo(f).Length < 1 << 20));
        var all = string.Concat(files.Select(File.ReadAllText));
        Assert.All([0, 1, 1500, 2999], i => Assert.Contains($"Passage number {i.ToString(CultureInfo.InvariantCulture)} ", all, StringComparison.Ordinal));
        Assert.Contains("2026-02-03T04:05:06Z, tags: t1, t2", all, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Custom_tools_are_skills_with_their_source_and_MCP_servers_have_no_credentials()
    {
        using var c = new Conversion();
        c.Agent["tool_exec_environment_variables"] = new JsonObject { ["ARXIV_KEY"] = "s3cret" };
        c.Tool(new JsonObject { ["name"] = "search_arxiv", ["tool_type"] = "custom", ["source_type"] = "python", ["source_code"] = "import os\ndef search_arxiv(q):\n    return os.environ['ARXIV_KEY']\n", ["description"] = "Search\narXiv", ["pip_requirements"] = new JsonArray(new JsonObject { ["name"] = "arxiv", ["version"] = "2" }) });
        c.Tool(new JsonObject { ["name"] = "send_message", ["tool_type"] = "letta_core" });
        c.File["mcp_servers"] = new JsonArray(
            new JsonObject { ["id"] = "mcp_server-0", ["server_name"] = "web", ["server_type"] = "streamable_http", ["server_url"] = "https://user:pw@mcp.example.invalid/mcp?token=s3cret" },
            new JsonObject { ["id"] = "mcp_server-1", ["server_name"] = "local", ["server_type"] = "stdio", ["stdio_config"] = new JsonObject { ["command"] = "npx", ["args"] = new JsonArray("-y", "server", "--api-key", "s3cret", "--token=s3cret"), ["env"] = new JsonObject { ["KEY"] = "s3cret" } } });

        var result = await c.RunAsync();

        Assert.Equal(1, result.SkillCount);
        Assert.Equal("import os\ndef search_arxiv(q):\n    return os.environ['ARXIV_KEY']\n", c.Memory("skills/search_arxiv/scripts/search_arxiv.py"));
        Assert.StartsWith("---\nname: search_arxiv\ndescription: Search arXiv\n---\n", c.Memory("skills/search_arxiv/SKILL.md"), StringComparison.Ordinal);
        Assert.Contains("arxiv 2", c.Memory("skills/search_arxiv/SKILL.md"), StringComparison.Ordinal);
        Assert.Contains("/mcp add --transport http web https://mcp.example.invalid/mcp", result.NextSteps);
        Assert.Contains("/mcp add --transport stdio local npx -y server --api-key <secret> --token=<secret>", result.NextSteps);
        Assert.All(Directory.GetFiles(result.MemoryPath, "*", SearchOption.AllDirectories), f => Assert.DoesNotContain("s3cret", File.ReadAllText(f), StringComparison.Ordinal));
        Assert.Contains("The values of 1 secrets: ARXIV_KEY.", result.Missing);
    }

    [Fact]
    public async Task Files_of_a_source_are_files_in_a_folder_of_its_name()
    {
        using var c = new Conversion();
        c.Agent["source_ids"]!.AsArray().Add("source-0");
        c.File["sources"]!.AsArray().Add(new JsonObject { ["id"] = "source-0", ["name"] = "papers", ["instructions"] = "Cite them." });
        c.File["files"]!.AsArray().Add(new JsonObject { ["id"] = "file-0", ["source_id"] = "source-0", ["file_name"] = "attention.txt", ["content"] = "Attention is all you need." });
        c.File["files"]!.AsArray().Add(new JsonObject { ["id"] = "file-1", ["source_id"] = "source-0", ["file_name"] = "lost.pdf" });

        var result = await c.RunAsync();

        Assert.EndsWith("Attention is all you need.\n", c.Memory("reference/files/papers/attention.txt.md"), StringComparison.Ordinal);
        Assert.Contains("Cite them.", c.Memory("reference/files/papers/_instructions.md"), StringComparison.Ordinal);
        Assert.Contains(result.Missing, m => m.Contains("lost.pdf", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_file_that_another_program_wrote_is_converted_too()
    {
        using var c = new Conversion();
        c.File.Remove("lettaps");
        c.Say("user", "hello");

        var result = await c.RunAsync();

        Assert.StartsWith("agent-local-", result.AgentId, StringComparison.Ordinal);
        Assert.Contains("user: hello", c.Lines($"default:{result.AgentId}"));
    }

    [Fact]
    public async Task The_state_of_an_agent_is_converted_with_its_blocks()
    {
        using var c = new Conversion
        {
            State = new JsonObject
            {
                ["id"] = Conversion.Source,
                ["name"] = "Memo",
                ["agent_type"] = "memgpt_v2_agent",
                ["system"] = "You are Memo.",
                ["llm_config"] = new JsonObject { ["model"] = "gpt-4o", ["model_endpoint_type"] = "openai", ["context_window"] = 8000 },
                ["memory"] = new JsonObject { ["blocks"] = new JsonArray(new JsonObject { ["id"] = "block-0a0a0a0a-0000-4000-8000-00000000000b", ["label"] = "human", ["value"] = "Her name is Ada.", ["limit"] = 5000 }) },
                ["tools"] = new JsonArray(),
                ["sources"] = new JsonArray(),
                ["tags"] = new JsonArray(),
                ["message_ids"] = new JsonArray(),
                ["created_at"] = "2026-03-01T00:00:00Z",
            },
        };

        var result = await c.RunAsync();

        Assert.Equal((Conversion.Id, "Memo"), (result.AgentId, result.AgentName));
        Assert.Contains("Her name is Ada.", c.Memory("system/human.md"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Trap_9_dollar_signs_that_the_client_spoils_are_said_and_the_file_is_right()
    {
        using var c = new Conversion();
        c.Block("human", "It costs $$5 and $& more");

        var result = await c.RunAsync();

        Assert.Contains(result.Warnings, w => w.Contains("dollar signs of the block 'human'", StringComparison.Ordinal));
        Assert.Equal("It costs $$5 and $& more", MemoryText.Body(c.Memory("system/human.md")));
    }

    [Fact]
    public async Task Versions_of_a_block_are_commits_with_their_time_and_author()
    {
        const string Block = "block-0a0a0a0a-0000-4000-8000-000000000011";
        using var c = new Conversion();
        c.Block("human", "third");
        c.File["lettaps"]!["ids"]!["block-0"] = Block;
        c.File["lettaps"]!["database"] = new JsonObject
        {
            ["tables"] = new JsonObject
            {
                ["block_history"] = new JsonObject
                {
                    ["columns"] = new JsonArray("block_id", "sequence_number", "value", "description", "limit", "created_at", "actor_type", "actor_id"),
                    ["types"] = new JsonArray("text", "integer", "text", "text", "bigint", "timestamp with time zone", "text", "text"),
                    ["rows"] = new JsonArray(
                        new JsonArray(Block, "2", "second", null, "5000", "2026-02-02 10:00:00+00", "LETTA_AGENT", Conversion.Source),
                        new JsonArray(Block, "1", "first", "What it is", "5000", "2026-02-01 10:00:00+00", "LETTA_USER", "user-1"),
                        new JsonArray("block-of-another", "1", "not mine", null, "5000", "2026-02-01 11:00:00+00", null, null)),
                },
            },
        };

        var result = await c.RunAsync();

        Assert.Equal(3, result.CommitCount);
        Assert.Equal($"user-1 2026-02-01T10:00:00Z\n{Conversion.Source} 2026-02-02T10:00:00Z", Git(result.MemoryPath, "log", "--reverse", "--max-count=2", "--skip=1", "--format=%an %ad", "--date=format-local:%Y-%m-%dT%H:%M:%SZ"));
        Assert.Equal("first", MemoryText.Body(Git(result.MemoryPath, "show", "HEAD~2:system/human.md") + "\n"));
        Assert.Equal("third", MemoryText.Body(c.Memory("system/human.md")));
    }

    [Fact]
    public async Task A_block_of_one_conversation_is_a_file_or_is_named_as_missing()
    {
        const string Block = "block-0a0a0a0a-0000-4000-8000-000000000012";
        using var c = new Conversion();
        var aside = c.Say("user", "aside", inContext: false);
        c.File["lettaps"]!["conversations"] = new JsonArray(new JsonObject { ["id"] = "conv-1", ["message_ids"] = new JsonArray(aside), ["in_context_message_ids"] = new JsonArray(aside), ["isolated_block_ids"] = new JsonArray(Block) });

        var fromApi = await c.RunAsync();
        c.File["lettaps"]!["database"] = new JsonObject
        {
            ["tables"] = new JsonObject
            {
                ["block"] = Table(["id", "label", "value"], [Block, "notes", "only of this conversation"], ["block-of-another", "other", "not mine"]),
                ["blocks_conversations"] = Table(["conversation_id", "block_id"], ["conv-1", Block], ["conv-of-another", "block-of-another"]),
            },
        };
        var fromDatabase = await c.RunAsync(new LettaCodeOptions { Force = true });

        Assert.Contains("1 blocks of single conversations: only a set that is made from the database has them.", fromApi.Missing);
        Assert.DoesNotContain(fromDatabase.Missing, m => m.StartsWith("1 blocks of single", StringComparison.Ordinal));
        Assert.Equal("only of this conversation", MemoryText.Body(c.Memory("reference/conversations/conv-1/notes.md")));
        Assert.Single(Directory.GetFiles(Path.Combine(fromDatabase.MemoryPath, "reference", "conversations"), "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Skills_of_a_client_are_skills_again_and_none_leaves_its_folder()
    {
        using var c = new Conversion();
        c.Tool(new JsonObject { ["name"] = "tide-table", ["tool_type"] = "custom", ["source_code"] = "def tide(): pass\n" });
        c.File["skills"] = new JsonArray(
            new JsonObject { ["name"] = "tide-table", ["files"] = new JsonObject { ["scripts/tide.py"] = "print('high')\n", ["SKILL.md"] = "---\nname: tide-table\n---\nLook up the tide.\n", ["../../../escaped.md"] = "x", ["/etc/passwd"] = "y", ["scripts/.git/config"] = "z" } },
            new JsonObject { ["name"] = "bare", ["files"] = new JsonObject { ["notes.txt"] = "no instructions" } });

        var result = await c.RunAsync();

        Assert.Equal(2, result.SkillCount);
        var folder = Assert.Single(Directory.GetDirectories(Path.Combine(result.MemoryPath, "skills")), f => File.Exists(Path.Combine(f, "scripts", "tide.py")));
        Assert.Equal("---\nname: tide-table\n---\nLook up the tide.\n", await File.ReadAllTextAsync(Path.Combine(folder, "SKILL.md"), TestContext.Current.CancellationToken));
        Assert.Equal("print('high')\n", await File.ReadAllTextAsync(Path.Combine(folder, "scripts", "tide.py"), TestContext.Current.CancellationToken));
        Assert.Equal(5, Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Length);
        Assert.DoesNotContain(Directory.GetFileSystemEntries(c.Root, "*", SearchOption.AllDirectories), f => Path.GetFileName(f) == "escaped.md" && !f.StartsWith(folder, StringComparison.Ordinal));
        Assert.Contains("The skills bare: the file does not have their SKILL.md.", result.Missing);
        Assert.Contains("The execution of 1 custom tools by a server: they are skills now, and the client runs their scripts.", result.Missing);
    }

    [Fact]
    public async Task Trap_1_an_agent_with_other_conversations_comes_with_a_warning_not_to_rename_or_archive_them()
    {
        using var c = new Conversion();
        var first = await c.RunAsync();
        var aside = c.Say("user", "aside", inContext: false);
        c.File["lettaps"]!["conversations"] = new JsonArray(new JsonObject { ["id"] = "conv-1", ["message_ids"] = new JsonArray(aside), ["in_context_message_ids"] = new JsonArray(aside) });

        var second = await c.RunAsync(new LettaCodeOptions { Force = true });

        Assert.DoesNotContain(first.Warnings, w => w.Contains("archive", StringComparison.Ordinal));
        Assert.Contains("Do not rename or archive the 1 conversations besides 'default' in Letta Code: the client then keeps only the messages in context.", second.Warnings);
    }

    [Theory]
    [InlineData(null, "openai/gpt-4o", "local/default", "letta --backend local connect openai")]
    [InlineData(null, "google_ai/gemini-2.5-pro", "local/default", "letta --backend local connect google")]
    [InlineData(null, "letta/letta-free", "local/default", "letta --backend local connect <provider>")]
    [InlineData("anthropic/claude-x", "openai/gpt-4o", "anthropic/claude-x", "letta --backend local connect anthropic")]
    public async Task Trap_10_the_model_is_one_that_the_client_has_and_its_provider_is_the_next_step(string? model, string before, string expected, string step)
    {
        using var c = new Conversion();
        c.Agent["llm_config"] = new JsonObject { ["handle"] = before, ["temperature"] = 0.7, ["context_window"] = 64000 };

        var result = await c.RunAsync(new LettaCodeOptions { Model = model });

        Assert.Contains($"\"model\": \"{expected}\"", await File.ReadAllTextAsync(result.Path, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Contains(step, result.NextSteps);
        Assert.Equal(model is null, result.Warnings.Any(w => w.StartsWith($"The agent used the model '{before}'", StringComparison.Ordinal)));
        Assert.Contains("The settings of the model: temperature 0.7.", result.Missing);
        Assert.Contains("The context window of 64000 tokens: Letta Code uses that of its model.", result.Missing);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Trap_11_a_key_of_the_cloud_is_removed_before_the_client_is_started(bool hasKey)
    {
        using var c = new Conversion();

        var steps = (await c.RunAsync(new LettaCodeOptions { HasCloudKey = hasKey })).NextSteps.ToList();

        Assert.Equal(hasKey, steps.Contains("Remove-Item Env:LETTA_API_KEY"));
        Assert.True(steps.IndexOf("Remove-Item Env:LETTA_API_KEY") < steps.FindIndex(s => s.StartsWith("letta ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Everything_that_cannot_be_carried_is_named()
    {
        using var c = new Conversion();
        c.Agent["tool_rules"] = new JsonArray(new JsonObject { ["type"] = "run_first", ["tool_name"] = "x" });
        c.Agent["enable_sleeptime"] = true;
        c.Agent["message_buffer_autoclear"] = true;
        c.Agent["response_format"] = new JsonObject { ["type"] = "json_object" };
        c.Agent["compaction_settings"] = new JsonObject { ["mode"] = "self_compact_all" };
        c.Agent["secrets"] = new JsonObject { ["TOKEN"] = "s3cret" };
        c.Agent["metadata"] = new JsonObject { ["team"] = "research" };
        c.Block("human", "text");
        c.Tool(new JsonObject { ["name"] = "run_code", ["tool_type"] = "letta_builtin" });
        c.Tool(new JsonObject { ["name"] = "fetch", ["tool_type"] = "external_mcp" });
        c.Tool(new JsonObject { ["name"] = "lost", ["tool_type"] = "custom" });
        c.File["lettaps"]!["passages"]!.AsArray().Add(new JsonObject { ["text"] = "a passage" });
        c.File["lettaps"]!["identities"] = new JsonArray(new JsonObject { ["id"] = "identity-1", ["name"] = "Ada" });
        c.File["groups"] = new JsonArray(new JsonObject { ["id"] = "group-0", ["agent_ids"] = new JsonArray("agent-0"), ["manager_config"] = new JsonObject { ["manager_type"] = "round_robin" } });
        c.Add(new JsonObject { ["role"] = "assistant", ["content"] = new JsonArray(new JsonObject { ["type"] = "redacted_reasoning", ["data"] = "x" }, new JsonObject { ["type"] = "text", ["text"] = "Hi" }) });

        var result = await c.RunAsync();

        string[] expected =
        [
            "1 tool rules", "The vectors of 1 passages", "The values of 1 secrets: TOKEN.", "1 identities.", "1 groups", "The sleep-time agent", "Tools that the server had: run_code, fetch.", "The source of the tools lost",
            "The enforcement of the blocks' limits", "1 thoughts that the model's maker had hidden.", "The compaction mode 'self_compact_all'", "The response format.", "The setting that clears the messages",
        ];
        Assert.All(expected, e => Assert.Single(result.Missing, m => m.StartsWith(e, StringComparison.Ordinal)));
        Assert.Contains("\"team\": \"research\"", c.Memory("reference/letta-v1/origin.md"), StringComparison.Ordinal);
        Assert.All(Directory.GetFiles(c.Root, "*", SearchOption.AllDirectories), f => Assert.DoesNotContain("s3cret", File.ReadAllText(f), StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_system_prompt_can_be_left_to_the_client_and_is_kept_for_reference()
    {
        using var c = new Conversion();

        await c.RunAsync(new LettaCodeOptions { SystemPrompt = LettaCodeSystemPrompt.LettaCode, Model = "anthropic/x" });

        Assert.Contains("You are an expert.", c.Memory("reference/letta-v1/system-prompt.md"), StringComparison.Ordinal);
        Assert.Contains("\"model\": \"anthropic/x\"", await File.ReadAllTextAsync(new LettaCodeRoot(c.Root).AgentFile(Conversion.Id), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private static JsonObject Table(string[] columns, params string[][] rows) => new()
    {
        ["columns"] = new JsonArray([.. columns.Select(c => (JsonNode)c)]),
        ["types"] = new JsonArray([.. columns.Select(_ => (JsonNode)"text")]),
        ["rows"] = new JsonArray([.. rows.Select(r => new JsonArray([.. r.Select(v => (JsonNode)v)]))]),
    };

    private static string Git(string folder, params string[] arguments)
    {
        using var git = Process.Start(new ProcessStartInfo("git", ["-C", folder, .. arguments]) { RedirectStandardOutput = true, Environment = { ["TZ"] = "UTC" } })!;
        return git.StandardOutput.ReadToEnd().Trim();
    }
}

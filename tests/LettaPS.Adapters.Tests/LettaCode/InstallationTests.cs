using System.Diagnostics;
using System.Text;
using LettaPS.Adapters.LettaCode;
using LettaPS.Core.LettaCode;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.LettaCode;

/// <summary>The destination: what is there is never harmed, whatever happens.</summary>
public sealed class InstallationTests
{
    [Fact]
    public async Task An_agent_that_is_there_is_refused_and_Force_replaces_it()
    {
        using var c = new Conversion();
        c.Say("user", "one");
        await c.RunAsync();
        var before = c.Everything();
        c.Say("user", "two");

        var error = await Assert.ThrowsAsync<LettaException>(() => c.RunAsync());

        Assert.Equal("LettaCodeAgentExists", error.ErrorId);
        Assert.Equal(before, c.Everything());
        Assert.True((await c.RunAsync(new LettaCodeOptions { Force = true })).IsReplaced);
        Assert.Equal(["user: one", "user: two"], c.Lines());
        Assert.False(Directory.Exists(Path.Combine(c.Root, ".lettaps")));
    }

    [Fact]
    public async Task A_conversation_that_was_begun_in_Letta_Code_stays_when_the_agent_is_replaced()
    {
        using var c = new Conversion();
        await c.RunAsync();
        var own = Directory.CreateDirectory(c.ConversationFolder("conversation:local-conv-1")).FullName;
        await File.WriteAllTextAsync(Path.Combine(own, "conversation.json"), $$"""{"id":"local-conv-1","agent_id":"{{Conversion.Id}}"}""", TestContext.Current.CancellationToken);

        await c.RunAsync(new LettaCodeOptions { Force = true });

        Assert.True(File.Exists(Path.Combine(own, "conversation.json")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_failure_at_any_step_leaves_the_destination_as_it_was(bool replaces)
    {
        using var steps = new Conversion();
        var names = new List<string>();
        await steps.RunAsync(onStep: names.Add);
        foreach (var at in names.Where(n => n != "clean up").Distinct())
        {
            using var c = new Conversion();
            c.Say("user", "old");
            c.Root = c.DefaultRoot;
            Directory.CreateDirectory(c.Root);
            if (replaces)
            {
                await c.RunAsync();
            }

            var before = c.Everything();
            c.Say("user", "new");

            await Assert.ThrowsAnyAsync<Exception>(() => c.RunAsync(new LettaCodeOptions { Force = true }, step => _ = step == at ? throw new IOException("The disk is full.") : 0));

            // A step after the agent is whole is the next run's to finish or undo, and that gives the old again too.
            LettaCodeInstallation.Open(new LettaCodeRoot(c.Root)).Dispose();
            Assert.Equal(before, c.Everything());
        }
    }

    /// <summary>Every step before which a conversion can be killed, with and without an agent that it replaces.</summary>
    public static TheoryData<string, bool> Kills()
    {
        var kills = new TheoryData<string, bool>();
        foreach (var step in (string[])["prepare", "journal", "aside agent", "aside conversation", "aside memory", "in memory", "in conversation", "in agent", "installed", "clean up"])
        {
            kills.Add(step, true);
            kills.Add(step, false);
        }

        return kills;
    }

    [Fact]
    public async Task The_kills_are_at_every_step()
    {
        using var c = new Conversion();
        var steps = new List<string>();
        await c.RunAsync(onStep: steps.Add);

        Assert.Equal(steps.Distinct().Order(), Kills().Select(k => k.Data.Item1).Distinct().Order());
    }

    [Theory]
    [MemberData(nameof(Kills))]
    public async Task A_kill_leaves_a_folder_that_a_client_can_start_with_and_the_next_run_completes_it(string step, bool replaces)
    {
        using var c = new Conversion();
        c.Say("user", "old");
        c.Root = c.DefaultRoot;
        Directory.CreateDirectory(c.Root);
        if (replaces)
        {
            await c.RunAsync();
        }

        var before = c.Everything();
        c.Say("user", "new");

        await KillAsync(c, step);

        // Every file that the client parses when it starts is valid, and an agent that it lists has its memory and its conversation.
        var root = new LettaCodeRoot(c.Root);
        root.Check(TestContext.Current.CancellationToken);
        Assert.All(Directory.Exists(root.AgentsFolder) ? Directory.GetFiles(root.AgentsFolder) : [], _ =>
        {
            Assert.True(File.Exists(Path.Combine(root.AgentMemoryFolder(Conversion.Id), "memory", ".git", "HEAD")));
            Assert.Contains("user: old", c.Lines());
        });

        // With an earlier agent, what the next run finds first is that agent, as it was.
        if (replaces)
        {
            LettaCodeInstallation.Open(root).Dispose();
            if (step != "clean up")
            {
                Assert.Equal(before, c.Everything());
            }

            Assert.False(Directory.Exists(root.WorkFolder));
        }

        await c.RunAsync(new LettaCodeOptions { Force = true });
        Assert.Equal(["user: old", "user: new"], c.Lines());
        Assert.False(Directory.Exists(root.WorkFolder));
    }

    [Theory]
    [InlineData("in agent")]
    [InlineData("installed")]
    public async Task A_kill_while_the_next_run_rolls_back_does_not_lose_the_old_agent(string step)
    {
        using var c = new Conversion();
        c.Say("user", "old");
        await c.RunAsync();
        var before = c.Everything();
        c.Say("user", "new");
        await KillAsync(c, step);
        var root = new LettaCodeRoot(c.Root);

        // The run that rolls back is killed in turn, when it has deleted half of what it no longer needs.
        await KillAsync(c, "rolled back");
        var work = Assert.Single(Directory.GetDirectories(root.WorkFolder));
        Directory.Delete(Path.Combine(work, "new"), recursive: true);

        LettaCodeInstallation.Open(root).Dispose();

        Assert.Equal(before, c.Everything());
        Assert.False(Directory.Exists(root.WorkFolder));
    }

    [Fact]
    public async Task An_old_agent_that_cannot_be_put_back_stays_aside_until_it_can()
    {
        using var c = new Conversion();
        c.Say("user", "old");
        await c.RunAsync();
        var before = c.Everything();
        c.Say("user", "new");
        var root = new LettaCodeRoot(c.Root);
        var file = root.AgentFile(Conversion.Id);

        // Another program puts a file in the place of the agent's, and the disk fills up.
        var error = await Assert.ThrowsAsync<LettaException>(() => c.RunAsync(new LettaCodeOptions { Force = true }, step =>
        {
            if (step == "in conversation")
            {
                File.WriteAllText(file, "{}");
                throw new IOException("The disk is full.");
            }
        }));

        Assert.Equal("LettaCodeWriteFailed", error.ErrorId);
        File.Delete(file);
        LettaCodeInstallation.Open(root).Dispose();
        Assert.Equal(before, c.Everything());
    }

    private static async Task KillAsync(Conversion c, string step)
    {
        using var child = Process.Start(new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "LettaPS.KillChild.dll"), "letta-code", await c.SaveAsync(), c.Root, step]) { RedirectStandardError = true })!;
        await child.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(137, child.ExitCode);
    }

    [Fact]
    public async Task Trap_3_the_memory_is_committed_and_its_index_and_work_tree_agree()
    {
        using var c = new Conversion();
        c.Block("human", "text");
        var result = await c.RunAsync();

        var files = new List<string>();
        Assert.Equal(1, await new GitRepositories().ReadAsync(result.MemoryPath, (path, _) => files.Add(path), CancellationToken.None));
        Assert.Contains("system/human.md", files);
        Assert.True(File.Exists(Path.Combine(result.MemoryPath, ".git", "index")));
        Assert.Equal("ref: refs/heads/main", (await File.ReadAllTextAsync(Path.Combine(result.MemoryPath, ".git", "HEAD"), TestContext.Current.CancellationToken)).Trim());

        await File.AppendAllTextAsync(Path.Combine(result.MemoryPath, "system", "human.md"), "changed", TestContext.Current.CancellationToken);
        Assert.Equal("GitFailed", (await Assert.ThrowsAsync<LettaException>(() => new GitRepositories().ReadAsync(result.MemoryPath, (_, _) => { }, CancellationToken.None))).ErrorId);
    }

    /// <summary>Whatever is read back otherwise than it was written is found before anything is installed.</summary>
    [Theory]
    [InlineData("changed")]
    [InlineData("missing")]
    [InlineData("history")]
    public async Task Memory_that_is_read_back_otherwise_is_not_installed(string how)
    {
        using var c = new Conversion();
        c.Block("human", "text");

        var error = await Assert.ThrowsAsync<LettaException>(() => c.RunAsync(repositories: new DamagedRepositories(how)));

        Assert.Equal("LettaCodeVerificationFailed", error.ErrorId);
        Assert.Empty(c.Everything());
    }

    [Theory]
    [InlineData("""{"schema_version":3,"message_format":"pi-session-entry-jsonl","provider_stack":"pi-ai"}""")]
    [InlineData("""{"schema_version":1,"message_format":"pi-ai-message-jsonl","provider_stack":"pi-ai"}""")]
    [InlineData("[]")]
    public async Task A_destination_of_another_schema_is_refused(string manifest)
    {
        using var c = new Conversion();
        c.Root = c.DefaultRoot;
        var folder = Directory.CreateDirectory(c.ConversationFolder("default:agent-local-other")).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "manifest.json"), manifest, TestContext.Current.CancellationToken);
        var before = c.Everything();

        var error = await Assert.ThrowsAsync<LettaException>(() => c.RunAsync());

        Assert.Equal("LettaCodeSchemaNotSupported", error.ErrorId);
        Assert.Equal(before, c.Everything());
    }

    [Fact]
    public async Task A_file_that_stops_the_client_is_named()
    {
        using var c = new Conversion();
        c.Root = c.DefaultRoot;
        Directory.CreateDirectory(Path.Combine(c.Root, "agents"));
        await File.WriteAllTextAsync(Path.Combine(c.Root, "agents", "x.json"), "{", TestContext.Current.CancellationToken);

        var error = await Assert.ThrowsAsync<LettaException>(() => c.RunAsync());

        Assert.Equal("InvalidLettaCodeAgent", error.ErrorId);
        Assert.Contains("x.json", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_running_client_is_named_and_nothing_is_written()
    {
        using var c = new Conversion();

        var error = await Assert.ThrowsAsync<LettaException>(() => c.RunAsync(processes: [new LettaCodeProcess(4711, "node letta.js server", IsServer: true)]));

        Assert.Equal("LettaCodeInUse", error.ErrorId);
        Assert.Contains("4711", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(c.Root));
    }

    [Theory]
    [InlineData("node /usr/local/bin/letta --backend local", true)]
    [InlineData("/opt/node/bin/node --max-old-space-size=8000 /x/@letta-ai/letta-code/letta.js server", true)]
    [InlineData("/usr/bin/python3 /usr/local/bin/letta server", false)]
    [InlineData("vim letta.js", false)]
    [InlineData("node", false)]
    public void Only_the_client_is_taken_for_the_client(string commandLine, bool expected) => Assert.Equal(expected, LettaCodeProcesses.IsClient(commandLine.Split(' ')));

    [Fact]
    public async Task A_client_is_found_by_the_folder_that_it_uses_whether_another_folder_exists_or_not()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux shows the environment of other processes.");
        using var folder = new TempFolder();
        var script = folder["letta.js"];
        await File.WriteAllTextAsync(script, "", TestContext.Current.CancellationToken);
        var used = Directory.CreateDirectory(folder["used"]).FullName;
        Directory.CreateSymbolicLink(folder["link"], used);

        // A process that waits, under the name of node, as the client is started.
        var start = new ProcessStartInfo("bash", ["-c", "exec -a node tail -f \"$1\"", "bash", script]) { Environment = { [LettaCodeRoot.Variable] = used } };
        using var client = Process.Start(start)!;
        try
        {
            while (await File.ReadAllTextAsync($"/proc/{client.Id}/comm", TestContext.Current.CancellationToken) != "tail\n")
            {
                await Task.Yield();
            }

            Assert.Equal(client.Id, Assert.Single(LettaCodeProcesses.Find(used)).ProcessId);
            Assert.Equal(client.Id, Assert.Single(LettaCodeProcesses.Find(folder["link"])).ProcessId);
            Assert.Empty(LettaCodeProcesses.Find(folder["not there"]));
        }
        finally
        {
            client.Kill();
            await client.WaitForExitAsync(CancellationToken.None);
        }
    }

    [Fact]
    public async Task Two_conversions_do_not_work_on_one_destination()
    {
        using var c = new Conversion();
        c.Root = c.DefaultRoot;
        using var other = LettaCodeInstallation.Open(new LettaCodeRoot(c.Root));

        Assert.Equal("LettaCodeConversionInUse", (await Assert.ThrowsAsync<LettaException>(() => c.RunAsync())).ErrorId);
    }

    [Fact]
    public async Task Two_runs_give_the_same_identifiers_and_transcripts()
    {
        using var c = new Conversion();
        c.Say("user", "one");
        var first = await c.RunAsync();
        var transcript = await File.ReadAllTextAsync(Path.Combine(c.ConversationFolder(), "messages.jsonl"), Encoding.UTF8, TestContext.Current.CancellationToken);

        var second = await c.RunAsync(new LettaCodeOptions { Force = true });

        Assert.Equal((Conversion.Id, first.AgentId), (first.AgentId, second.AgentId));
        Assert.Equal(transcript, await File.ReadAllTextAsync(Path.Combine(c.ConversationFolder(), "messages.jsonl"), Encoding.UTF8, TestContext.Current.CancellationToken));
    }

    /// <summary>Repositories that give back something else than what was written.</summary>
    private sealed class DamagedRepositories(string how) : IMemoryRepositories
    {
        private readonly GitRepositories _git = new();

        public Task CheckAsync(CancellationToken cancellationToken) => _git.CheckAsync(cancellationToken);

        public Task WriteAsync(string folder, IEnumerable<MemoryCommit> commits, CancellationToken cancellationToken) => _git.WriteAsync(folder, commits, cancellationToken);

        public async Task<int> ReadAsync(string folder, Action<string, ReadOnlyMemory<byte>> onFile, CancellationToken cancellationToken)
        {
            var commits = await _git.ReadAsync(
                folder,
                (path, content) =>
                {
                    if (path != "system/human.md" || how == "history")
                    {
                        onFile(path, content);
                    }
                    else if (how == "changed")
                    {
                        onFile(path, content[..^1]);
                    }
                },
                cancellationToken);
            return how == "history" ? commits - 1 : commits;
        }
    }
}

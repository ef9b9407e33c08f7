using System.Text;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Backups;
using LettaPS.TestKit;

namespace LettaPS.Core.Tests.Backups;

public class BackupReaderTests
{
    private static readonly Guid s_agent = new("10418b8d-37a5-4923-8f70-69ccc58d66ff");
    private static readonly Guid s_other = new("20418b8d-37a5-4923-8f70-69ccc58d66ff");

    [Fact]
    public async Task A_set_as_it_was_written_is_valid()
    {
        using var set = new SmallSet(s_agent, s_other);

        var results = await set.TestAsync();

        Assert.Equal(["manifest.json", $"agent-{s_agent}.af", $"agent-{s_other}.af"], results.Select(r => Path.GetFileName(r.Path)));
        Assert.All(results, r => Assert.Empty(r.Problems));
    }

    [Fact]
    public async Task A_flipped_bit_anywhere_is_found_and_its_file_named()
    {
        using var set = new SmallSet(s_agent);
        foreach (var file in Directory.GetFiles(set.Folder))
        {
            var bytes = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
            for (var i = 0; i < bytes.Length; i++)
            {
                bytes[i] ^= (byte)(1 << (i % 8));
                await File.WriteAllBytesAsync(file, bytes, TestContext.Current.CancellationToken);

                var invalid = (await set.TestAsync()).Where(r => !r.IsValid).Select(r => r.Path);

                Assert.Contains(file, invalid);
                bytes[i] ^= (byte)(1 << (i % 8));
            }

            await File.WriteAllBytesAsync(file, bytes, TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task A_file_that_is_gone_or_was_added_is_named()
    {
        using var set = new SmallSet(s_agent, s_other);
        File.Move(Path.Combine(set.Folder, $"agent-{s_other}.af"), Path.Combine(set.Folder, "agent-else.af"));

        var problems = (await set.TestAsync()).Where(r => !r.IsValid).ToDictionary(r => Path.GetFileName(r.Path), r => r.Problems[0]);

        Assert.Equal(["agent-else.af", $"agent-{s_other}.af"], problems.Keys);
        Assert.Equal("The manifest does not name this file.", problems["agent-else.af"]);
        Assert.Equal("The manifest names this file, but it is not there.", problems[$"agent-{s_other}.af"]);
    }

    [Fact]
    public async Task A_single_file_of_a_set_is_compared_with_the_manifest_beside_it()
    {
        using var set = new SmallSet(s_agent);
        var file = Path.Combine(set.Folder, $"agent-{s_agent}.af");
        await File.AppendAllTextAsync(file, "\n", TestContext.Current.CancellationToken);

        var result = Assert.Single(await BackupReader.TestAsync(file, null, TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken));

        Assert.Contains("the manifest says", Assert.Single(result.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_set_without_manifest_is_unfinished_and_one_with_a_changed_manifest_damaged()
    {
        using var set = new SmallSet(s_agent);
        var manifest = Path.Combine(set.Folder, BackupManifest.FileName);
        var text = await File.ReadAllTextAsync(manifest, TestContext.Current.CancellationToken);

        await File.WriteAllTextAsync(manifest, text.Replace("0.16.8", "0.16.7", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        Assert.Equal(LettaBackupState.Damaged, (await ReadAsync(set.Folder)).State);

        File.Move(manifest, Path.Combine(set.Folder, "manifest.journal"));
        Assert.Equal(LettaBackupState.Unfinished, (await ReadAsync(set.Folder)).State);
    }

    [Fact]
    public async Task A_set_whose_manifest_is_gone_is_damaged_and_not_valid()
    {
        using var set = new SmallSet(s_agent);
        File.Delete(Path.Combine(set.Folder, BackupManifest.FileName));

        var backup = await ReadAsync(Path.GetDirectoryName(set.Folder)!);

        Assert.Equal((set.Folder, LettaBackupState.Damaged, 1, false), (backup.Path, backup.State, backup.AgentCount, backup.IsComplete));
        var invalid = Assert.Single(await set.TestAsync(), r => !r.IsValid);
        Assert.Equal(Path.Combine(set.Folder, BackupManifest.FileName), invalid.Path);
        Assert.Contains("manifest of the set is gone", Assert.Single(invalid.Problems), StringComparison.Ordinal);
        Assert.Equal("BackupSetExists", Assert.Throws<LettaException>(() => BackupSet.Open(set.Request() with { Path = set.Folder })).ErrorId);
    }

    [Fact]
    public async Task A_set_of_whose_files_one_is_gone_or_of_another_size_is_damaged()
    {
        using var set = new SmallSet(s_agent, s_other);
        var file = Path.Combine(set.Folder, $"agent-{s_agent}.af");
        await File.AppendAllTextAsync(file, "\n", TestContext.Current.CancellationToken);
        Assert.Equal(LettaBackupState.Damaged, (await ReadAsync(set.Folder)).State);

        File.Delete(file);

        var backup = await ReadAsync(set.Folder);
        Assert.Equal((LettaBackupState.Damaged, 2, false), (backup.State, backup.AgentCount, backup.IsComplete));
    }

    [Fact]
    public async Task What_the_set_holds_is_told_from_the_manifest()
    {
        using var set = new SmallSet(s_agent, s_other);

        var backup = await ReadAsync(Path.GetDirectoryName(set.Folder)!);

        Assert.Equal((LettaBackupState.Complete, 2, 4, 2, true), (backup.State, backup.AgentCount, backup.MessageCount, backup.PassageCount, backup.IsComplete));
        Assert.Equal((new Version(0, 16, 8), "1c28e167b74f"), (backup.LettaVersion, backup.SchemaRevision));
        var shared = Assert.Single(backup.SharedBlocks);
        Assert.Equal("block-b0000000-0000-4000-8000-000000000000", shared.Key);
        Assert.Equal([$"agent-{s_agent}", $"agent-{s_other}"], shared.Value);
    }

    [Theory]
    [InlineData("0.16.2")]
    [InlineData("0.16.8")]
    public async Task Exports_of_real_servers_are_recognised_and_what_they_leave_out_is_told(string release)
    {
        var info = await InspectAsync(Fixture.Bytes($"exports/{release}.json.gz"));

        Assert.Equal((AgentFileFormat.AgentFile, 1, "thoth_main_orchestrator"), (info.Format, info.Agents, info.AgentName));
        Assert.Equal(Fixture.Export(release).GetProperty("agents")[0].GetProperty("messages").GetArrayLength(), info.Messages);
        Assert.Equal((10, 5), (info.Tools, info.Blocks));

        // Real servers name attached sources without files and leave them out of the file (letta-facts.md 10.1.5).
        Assert.Equal(["agents[0].source_ids refers to the source source-1, which is not in the file."], info.Problems);
    }

    [Fact]
    public async Task The_legacy_export_of_a_real_server_is_recognised_and_sound()
    {
        var info = await InspectAsync(Fixture.Bytes("exports/0.11.3-Incognito.json.gz"));

        Assert.Equal((AgentFileFormat.Legacy, 1, "Incognito", 20), (info.Format, info.Agents, info.AgentName, info.Messages));
        Assert.Equal((4, 2), (info.Tools, info.Blocks));
        Assert.Empty(info.Problems);
    }

    [Theory]
    [InlineData("0.11.3")]
    [InlineData("0.16.2")]
    [InlineData("0.16.8")]
    public async Task Agent_states_of_real_servers_are_recognised(string release)
    {
        var state = Fixture.State(release);

        var info = await InspectAsync(Fixture.Bytes($"states/{release}.json.gz"));

        Assert.Equal((AgentFileFormat.AgentState, state.GetProperty("id").GetString(), state.GetProperty("name").GetString()), (info.Format, info.AgentId, info.AgentName));
        Assert.Equal((0, 10, 5), (info.Messages, info.Tools, info.Blocks));
        Assert.Empty(info.Problems);
    }

    [Fact]
    public async Task A_document_that_was_encoded_twice_is_read()
    {
        var info = await InspectAsync(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(Encoding.UTF8.GetString(Fixture.Bytes("exports/0.16.8.json.gz"))));

        Assert.Equal((AgentFileFormat.AgentFile, "thoth_main_orchestrator"), (info.Format, info.AgentName));
    }

    [Theory]
    [InlineData("""{"agents":[{"id":"agent-0","block_ids":["block-9"]}],"blocks":[]}""", "agents[0].block_ids refers to the block block-9, which is not in the file.")]
    [InlineData("""{"agents":[{"id":"agent-0","tool_ids":["tool-9"]}],"blocks":[],"tools":[{"id":"tool-09"}]}""", "agents[0].tool_ids refers to the tool tool-9, which is not in the file.")]
    [InlineData("""{"agents":[{"id":"agent-0","in_context_message_ids":["message-1"],"messages":[{"id":"message-0","role":"user"}]}],"blocks":[]}""", "agents[0].in_context_message_ids refers to the message message-1, which is not in the file.")]
    [InlineData("""{"agents":[{"id":"agent-0","files_agents":[{"file_id":"file-1","source_id":"source-1"}]}],"blocks":[],"files":[{"id":"file-1"}]}""", "agents[0].files_agents refers to the source source-1, which is not in the file.")]
    [InlineData("""{"agents":[{"id":"agent-0","messages":[{"id":"message-0","role":"user"},{"id":"message-0","role":"user"}]}],"blocks":[]}""", "The file is not an agent that can be restored: agents[0].messages[1].id is 'message-0', which another message has already.")]
    [InlineData("""{"agents":[{"id":"agent-0","messages":[{"role":"user"}]}],"blocks":[]}""", "The file is not an agent that can be restored: agents[0].messages[0].id is not a text.")]
    [InlineData("""{"agents":[],"blocks":[]}""", "The file is not an agent that can be restored: the file holds no agent.")]
    [InlineData("""{"agents":[{"messages":7}],"blocks":[]}""", "The file is not an agent that can be restored: agents[0].messages is not a list.")]
    [InlineData("""{"core_memory":[],"messages":[{"role":"user"}],"in_context_message_indices":[1]}""", "in_context_message_indices refers to a message that is not in the file.")]
    [InlineData("""{"agents":[{"id":"agent-0"}],"blocks":[],"lettaps":{"message_ids":["message-00000001-0000-4000-8000-000000000000"]}}""", "lettaps.message_ids names 1 messages, but the file holds 0.")]
    [InlineData("[]", "The file is not an agent that can be restored: the file is a list that holds no agent.")]
    [InlineData("{}", "The file is not an agent that can be restored: the file is JSON, but not an agent.")]
    [InlineData("", "The file is not an agent that can be restored: the file is empty.")]
    [InlineData("{\"agents\":[{", "The file is not an agent that can be restored: the file is not well-formed JSON")]
    [InlineData("{\"agents\":[{\"name\":\"\\ud800\"}],\"blocks\":[]}", "The file is not an agent that can be restored: the file is not well-formed JSON")]
    public async Task What_does_not_fit_together_is_told(string text, string problem)
    {
        var info = await InspectAsync(Encoding.UTF8.GetBytes(text));

        Assert.StartsWith(problem, Assert.Single(info.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bytes_that_are_not_UTF_8_are_told()
    {
        var info = await InspectAsync([.. "{\"agents\":[{\"name\":\""u8, 0xff, 0xfe, .. "\"}],\"blocks\":[]}"u8]);

        Assert.Single(info.Problems);
    }

    [Fact]
    public async Task Nothing_at_a_path_is_an_error()
    {
        var e = await Assert.ThrowsAsync<LettaException>(() => ReadAsync(Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString())));

        Assert.Equal("BackupNotFound", e.ErrorId);
    }

    private static async Task<LettaBackup> ReadAsync(string path) => Assert.Single(await BackupReader.ReadAsync(path, CancellationToken.None).ToListAsync());

    private static async Task<AgentFileInfo> InspectAsync(byte[] bytes)
    {
        using var folder = new TempFolder();
        await File.WriteAllBytesAsync(folder["file.json"], bytes, TestContext.Current.CancellationToken);
        return await AgentFileInspector.InspectAsync(folder["file.json"], null, TestContext.Current.CancellationToken);
    }
}

using System.IO.Compression;
using System.Text.Json;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Fleets;

/// <summary>Rows that were recorded from a real server, one JSON object a line and one file a table.</summary>
internal sealed class RecordedFleet(string folder) : Fleet
{
    internal override void Fill(SandboxState state, Release release)
    {
        Fill(state.Agents, "agents");
        Fill(state.Blocks, "block");
        Fill(state.Tools, "tools");
        Fill(state.Sources, "sources");
        Fill(state.Files, "files");
        Fill(state.FileAgents, "files_agents");
        Fill(state.Archives, "archives");
        Fill(state.Passages, "archival_passages");
        Fill(state.SourcePassages, "source_passages");
        Fill(state.Identities, "identities");
        Fill(state.SandboxConfigs, "sandbox_configs");
        foreach (var variable in Rows<EnvironmentVariableRow>("agent_environment_variables"))
        {
            state.Agents[variable.AgentId!].EnvironmentVariables.Add(variable);
        }

        foreach (var job in Rows<RunRow>("jobs").Where(j => release < Release.V0162 && j.JobType == "run"))
        {
            state.Runs.Add(job);
        }

        Link("agents_tags", "tag", a => a.Tags);
        Link("blocks_agents", "block_id", a => a.BlockIds);
        Link("tools_agents", "tool_id", a => a.ToolIds);
        Link("sources_agents", "source_id", a => a.SourceIds);
        Link("identities_agents", "identity_id", a => a.IdentityIds);
        Link("archives_agents", "archive_id", a => a.ArchiveIds);
        foreach (var content in Lines("file_contents"))
        {
            state.Files[content.Text("file_id")!].Content = content.Text("text");
        }

        foreach (var message in Rows<MessageRow>("messages").OrderBy(m => m.SequenceId))
        {
            state.Agents[message.AgentId!].Messages.Add(message);
            state.ReserveSequence(message.SequenceId);
        }

        state.Now = state.Agents.Max(a => a.UpdatedAt).AddHours(1);

        void Fill<T>(Table<T> table, string name)
            where T : Row
        {
            foreach (var row in Rows<T>(name).Order(Comparer<T>.Create(Api.Paging.ByTime)))
            {
                table.Add(row);
            }
        }

        void Link(string table, string column, Func<AgentRow, List<string>> list)
        {
            foreach (var link in Lines(table))
            {
                list(state.Agents[link.Text("agent_id")!]).Add(link.Text(column)!);
            }
        }
    }

    private IEnumerable<T> Rows<T>(string table) => Lines(table).Select(l => l.Deserialize<T>(JsonText.Rows)!);

    private IEnumerable<JsonElement> Lines(string table)
    {
        var plain = Path.Combine(folder, table + ".jsonl");
        if (!File.Exists(plain) && !File.Exists(plain + ".gz"))
        {
            yield break;
        }

        using Stream file = File.Exists(plain) ? File.OpenRead(plain) : new GZipStream(File.OpenRead(plain + ".gz"), CompressionMode.Decompress);
        using var reader = new StreamReader(file);
        while (reader.ReadLine() is { } line)
        {
            yield return JsonText.Parse(line);
        }
    }
}

using LettaPS.Core.AgentFiles;
using LettaPS.Core.Agents;
using LettaPS.Core.Backups;

namespace LettaPS.Core.Tests.Backups;

/// <summary>A small backup set in a folder of its own.</summary>
internal sealed class SmallSet : IDisposable
{
    private readonly string _parent = Directory.CreateTempSubdirectory("lettaps-test-").FullName;

    public SmallSet(params Guid[] agents)
        : this(BackupScope.Selected, agents)
    {
    }

    public SmallSet(BackupScope scope, params Guid[] agents)
    {
        using var set = BackupSet.Open(Request() with { Scope = scope });
        Folder = set.Folder;
        foreach (var agent in agents)
        {
            using var snapshot = Snapshot(agent, Folder);
            set.Write(snapshot, [], 0, CancellationToken.None);
        }

        set.Complete("0.16.8");
    }

    public static LettaConnection Connection { get; } = new(new Uri("http://localhost:8283"), serverVersion: "0.16.8");

    public string Folder { get; }

    public string Parent => _parent;

    public BackupSetRequest Request(bool resume = false, bool force = false) => new(_parent, Connection, "LettaPS test", resume, force, BackupScope.Selected, TimeProvider.System);

    /// <summary>A request to replace the set.</summary>
    public BackupSetRequest Replacing => Request(force: true) with { Path = Folder };

    /// <summary>A request to complete the set.</summary>
    public BackupSetRequest Resuming => Request(resume: true) with { Path = Folder };

    /// <summary>An agent with two messages, of which one is in context, a block, a tool and a passage.</summary>
    public static AgentSnapshot Snapshot(Guid agent, string folder, params string[] missing)
    {
        var messages = new MessageLog(folder);
        var (first, second) = (new Guid(1, 0, 0, new byte[8]), new Guid(2, 0, 0, new byte[8]));
        messages.Arrange(
        [
            messages.Keep(first, MessageRow.FromExport(Fixture.Parse("""{"role":"system","content":[{"type":"text","text":"Be kind."}],"created_at":"2026-01-01T00:00:00+00:00"}""")), rebuilt: false),
            messages.Keep(second, MessageRow.FromItems([Fixture.Parse("""{"id":"m","message_type":"user_message","content":"Hi","date":"2026-01-01T00:00:01+00:00"}""")]), rebuilt: true),
        ]);
        var passages = new JsonLog(folder);
        passages.Append("""{"id":"passage-1","text":"Remember."}"""u8);
        var state = Fixture.Parse($$"""
            {"id":"{{EntityId.Format("agent", agent)}}","name":"A/B \"quoted\" Ünïcode 🤖","agent_type":"letta_v1_agent","system":"Be kind.","tags":["b","a"],
             "message_ids":["{{EntityId.Format("message", second)}}"],"updated_at":"2026-01-01T00:00:02Z","llm_config":{"model":"m"},"embedding_config":null,
             "memory":{"blocks":[{"id":"block-b0000000-0000-4000-8000-000000000000","label":"human","value":"Ada","limit":100}]},
             "tools":[{"id":"tool-b0000000-0000-4000-8000-000000000000","name":"send_message","tool_type":"letta_core"}]}
            """);
        return new AgentSnapshot(LettaAgent.FromState(state, Connection), "Api", state)
        {
            SchemaRevision = "1c28e167b74f",
            Messages = messages,
            InContext = [second],
            Passages = passages,
            Files = new JsonLog(folder),
            Missing = missing,
        };
    }

    public async Task<List<LettaBackupTest>> TestAsync() => await BackupReader.TestAsync(Folder, null, CancellationToken.None).ToListAsync();

    public void Dispose() => Directory.Delete(_parent, recursive: true);
}

using System.Net.Http.Headers;
using System.Net.Http.Json;
using LettaPS.Sandbox;
using LettaPS.Sandbox.Fleets;

namespace LettaPS.Adapters.Tests.Sandbox;

/// <summary>Exchanges that happened one after the other on a server in a known state.</summary>
/// <param name="Release">The server's release.</param>
/// <param name="Name">What happened.</param>
/// <param name="First">The first exchange.</param>
/// <param name="Last">The last exchange.</param>
/// <param name="Server">A server in the state in which the real one was.</param>
internal sealed record Chapter(string Release, string Name, int First, int Last, Func<Task<SandboxServer>> Server)
{
    private const string Password = "sekret";

    /// <summary>Whether nothing but reading happened before, so that values, and not only their kinds, are the same.</summary>
    public bool Reads { get; init; }

    public static IReadOnlyList<Chapter> All { get; } =
    [
        new("0.11.3", "a fleet is made", 0, 40, () => SandboxServer.StartAsync(new SandboxOptions { Release = "0.11.3", Fleet = Fleet.Empty })),
        new("0.11.3", "reading", 91, 267, () => Fixtures.StartAsync("0.11.3")) { Reads = true },
        new("0.11.3", "imports", 268, 278, () => Fixtures.StartAsync("0.11.3")),
        new("0.11.3", "changes", 279, 351, () => Fixtures.StartAsync("0.11.3")),
        new("0.11.3", "secure mode", 352, 369, () => WithNewAgentAsync("0.11.3")),
        new("0.11.3", "paging", 370, 412, () => Fixtures.StartAsync("0.11.3")) { Reads = true },
        new("0.16.2", "reading after the upgrade", 0, 177, () => Fixtures.StartAsync("0.16.2", repaired: false)) { Reads = true },
        new("0.16.2", "the same again after the upgrade", 178, 181, () => Fixtures.StartAsync("0.16.2", repaired: false)) { Reads = true },
        new("0.16.2", "reading", 182, 390, () => Fixtures.StartAsync("0.16.2")) { Reads = true },
        new("0.16.2", "imports", 391, 467, () => Fixtures.StartAsync("0.16.2")),
        new("0.16.2", "changes", 468, 542, () => Fixtures.StartAsync("0.16.2")),
        Broken(543, "runs.conversation_id"),
        Broken(558, "steps.request_id"),
        Broken(573, "messages.sequence_id"),
        Broken(588, "the default of messages.sequence_id", server => server.State.Schema.SequenceDefaultMissing = true),
        Broken(603, "the sequence of messages", server => server.State.Schema.SequenceBehind = true),
        Broken(618, "messages.conversation_id"),
        Broken(633, "agents.compaction_settings"),
        Broken(648, "conversation_messages"),
        Broken(663, "alembic_version", _ => { }),
        new("0.16.2", "exports and turns after the upgrade", 678, 683, () => Fixtures.StartAsync("0.16.2", repaired: false)),
        new("0.16.2", "runs.conversation_id is gone, and messages have runs", 684, 686, WithRunAsync),
        new("0.16.2", "secure mode", 687, 704, () => Fixtures.StartAsync("0.16.2", password: Password)),
        new("0.16.2", "a sleeptime group", 705, 708, () => Fixtures.StartAsync("0.16.2")),
        new("0.16.2", "paging", 709, 751, () => Fixtures.StartAsync("0.16.2")) { Reads = true },
        new("0.16.2", "conversations", 752, 760, () => Fixtures.StartAsync("0.16.2")),
        new("0.16.2", "the layout of the official image", 761, 762, () => SandboxServer.StartAsync(new SandboxOptions { Release = "0.16.2", Fleet = Fleet.Empty })),
        new("0.16.8", "reading", 0, 208, () => Fixtures.StartAsync("0.16.8")) { Reads = true },
        new("0.16.8", "imports", 209, 285, () => Fixtures.StartAsync("0.16.8")),
        new("0.16.8", "changes", 286, 360, () => Fixtures.StartAsync("0.16.8")),
        new("0.16.8", "secure mode", 361, 378, () => WithNewAgentAsync("0.16.8")),
        new("0.16.8", "paging", 379, 421, () => Fixtures.StartAsync("0.16.8")) { Reads = true },
        new("0.16.8", "conversations", 422, 430, () => Fixtures.StartAsync("0.16.8")),
    ];

    public IEnumerable<Exchange> Exchanges => Exchange.Of(Release).Skip(First).Take(Last - First + 1);

    public override string ToString() => $"{Release}: {Name}";

    private static Chapter Broken(int first, string dropped, Action<SandboxServer>? harm = null) => new("0.16.2", dropped + " is broken", first, first + 14, async () =>
    {
        var server = await Fixtures.StartAsync("0.16.2");
        (harm ?? (s => s.State.Schema.Drop(dropped)))(server);
        return server;
    });

    /// <summary>Secure mode, and an agent that has just been made comes first.</summary>
    private static async Task<SandboxServer> WithNewAgentAsync(string release)
    {
        var server = await Fixtures.StartAsync(release, password: Password);
        using var client = new HttpClient { DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", Password) } };
        var made = Exchange.Of(release).Single(e => e is { Method: "POST", Path: "/v1/agents/", Note: "unknown block id" });
        using var answer = await client.PostAsJsonAsync(new Uri(server.BaseUri, made.Path[1..]), made.Request);
        answer.EnsureSuccessStatusCode();
        return server;
    }

    private static async Task<SandboxServer> WithRunAsync()
    {
        var server = await Fixtures.StartAsync("0.16.2");
        var agent = server.State.Agents.Single(a => a.Name == "Memo");
        agent.Messages[^1].RunId = "run-00000000-0000-4000-8000-000000000000";
        server.State.Schema.Drop("runs.conversation_id");
        return server;
    }
}

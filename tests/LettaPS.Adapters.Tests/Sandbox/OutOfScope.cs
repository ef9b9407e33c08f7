using System.Text.RegularExpressions;

namespace LettaPS.Adapters.Tests.Sandbox;

/// <summary>What real servers answered and the sandbox does not play, each with the reason.</summary>
internal static class OutOfScope
{
    private static readonly (string Path, string Reason)[] s_endpoints =
    [
        ("^/v1/admin/", "users and organizations: LettaPS never asks for them"),
        ("^/v1/agents/[^/]+/archival-memory/search", "search by meaning: the sandbox has no embedding model"),
        (@"^/v1/agents/[^/]+/archival-memory\?search=", "search for a word: the longer texts of the recorded passages are marks"),
        ("^/v1/messages/", "messages of all agents: LettaPS asks agent by agent"),
        ("^/v1/embeddings/", "sizes of all embeddings: LettaPS never asks for them"),
        ("^/v1/conversations/[^/]+/messages$", "a turn in a conversation is a stream of events: LettaPS never takes turns"),
    ];

    private static readonly (string Release, int[] Numbers, string Reason)[] s_states =
    [
        ("0.11.3", [.. Enumerable.Range(41, 50)], "made the fleet whose rows are the fixture: what the model and the mended server answered is in them"),
        ("0.11.3", [370], "a fleet of 256 agents that was not kept"),
        ("0.16.2", [709], "a fleet of 256 agents that was not kept"),
        ("0.16.8", [379], "a fleet of 256 agents that was not kept"),
        ("0.16.2", [706], "agents made in between, which were not kept, are in the list"),
        ("0.16.2", [755, 756, 759, 760], "turns taken in between, which were not kept, are in the history"),
        ("0.16.8", [425, 426, 429], "turns taken in between, which were not kept, are in the history"),
    ];

    /// <summary>Lists that show other rows than the real server did, because it had been given more or been started again: their length agrees.</summary>
    private static readonly (string Release, int[] Numbers, string Reason)[] s_otherRows =
    [
        ("0.11.3", [378, 380, 382], "blocks made in between, which were not kept, come first"),
        ("0.16.2", [717, 719, 721], "blocks made in between, which were not kept, come first"),
        ("0.16.8", [387, 389, 391], "blocks made in between, which were not kept, come first"),
        ("0.16.2", [136, 165, 551, 566, 581, 596, 611, 626, 641, 656, 671, 724, 726], "the server makes the tools that it brings along anew at each start"),
        ("0.16.8", [394, 396], "the server makes the tools that it brings along anew at each start"),
    ];

    /// <summary>Values that differ though the answers agree: what is random or the time of the recording, and the sandbox's own words.</summary>
    private static readonly (string Route, string Path, string Reason)[] s_values =
    [
        (".*", @"\.prompt_template$", "Letta's words"),
        (".*", @"\.file_blocks\[\d+\]\.id$", "random in every answer"),
        ("/export$", @"^\$\.created_at$", "the time of the request"),
        ("/export$", @"\.otid$", "random in every answer of 0.16.8"),
        ("/export$", @"^\$\.tools\[\d+\]\.updated_at$", "0.11 touches its own tools at each start"),
        ("^/v1/sandbox-config/", @"\.updated_at$", "touched at each start"),
        ("^/v1/models/embedding$", @"\.embedding_endpoint$", "the address of a public service, which no test must ask"),
    ];

    /// <summary>Why an exchange is not replayed, or nothing if it is.</summary>
    public static string? Reason(string release, Exchange exchange) =>
        s_states.FirstOrDefault(s => s.Release == release && s.Numbers.Contains(exchange.Number)).Reason
        ?? s_endpoints.FirstOrDefault(e => Regex.IsMatch(exchange.Path, e.Path)).Reason;

    /// <summary>Whether only the length of a list is compared.</summary>
    public static bool HasOtherRows(string release, Exchange exchange) =>
        Array.Exists(s_otherRows, o => o.Release == release && o.Numbers.Contains(exchange.Number));

    /// <summary>Whether a value is not compared.</summary>
    public static bool IsOwn(Exchange exchange, string path) =>
        Array.Exists(s_values, v => Regex.IsMatch(path, v.Path) && Regex.IsMatch(exchange.Route, v.Route));
}

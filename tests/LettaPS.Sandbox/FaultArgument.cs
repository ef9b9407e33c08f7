using System.Globalization;
using LettaPS.Sandbox.Http;

namespace LettaPS.Sandbox;

/// <summary>A <c>--fault</c> of the command line: what goes wrong, then which requests it meets.</summary>
internal static class FaultArgument
{
    public const string Usage = """
        a fault is WHAT[,method=GET][,path=/v1/agents/*/export][,agent=ID][,skip=N][,times=N], where WHAT is one of
          delay=MS  status=N[,retry-after=S]  html  deep-json  endless  hang[=BYTES]  reset=BYTES  short-length=BYTES  truncated=BYTES
          invalid-utf8  hostile-id[=ID]
          or, of the database: drop=TABLE[.COLUMN]  sequence-default  sequence-behind
        """;

    /// <summary>What does it to a server.</summary>
    public static Action<SandboxServer> Parse(string text)
    {
        var parts = text.Split(',').Select(p => p.Split('=', 2)).ToList();
        var (what, value) = (parts[0][0], parts[0].ElementAtOrDefault(1));
        var rest = parts.Skip(1).ToDictionary(p => p[0], p => p.ElementAtOrDefault(1) ?? throw Unknown());
        switch (what)
        {
            case "drop": return server => server.State.Schema.Drop(value ?? throw Unknown());
            case "sequence-default": return server => server.State.Schema.SequenceDefaultMissing = true;
            case "sequence-behind": return server => server.State.Schema.SequenceBehind = true;
        }

        FaultEffect effect = what switch
        {
            "delay" => new DelayEffect(TimeSpan.FromMilliseconds(Number(value))),
            "status" => new StatusEffect(Number(value), retryAfter: Taken("retry-after") is { } seconds ? Number(seconds) : null),
            "html" => StatusEffect.Html(),
            "deep-json" => StatusEffect.DeepJson(),
            "endless" => new EndlessEffect(),
            "hang" => new HangEffect(value is null ? null : Number(value)),
            "reset" => new ResetEffect(Number(value)),
            "short-length" => EditEffect.ShortLength(Number(value)),
            "truncated" => EditEffect.Truncated(Number(value)),
            "invalid-utf8" => EditEffect.InvalidUtf8(),
            "hostile-id" => value is null ? EditEffect.HostileId() : EditEffect.HostileId(value),
            _ => throw Unknown(),
        };
        var fault = new Fault(effect)
        {
            Method = Taken("method"),
            Path = Taken("path") ?? "/**",
            AgentId = Taken("agent"),
            Skip = Number(Taken("skip") ?? "0"),
            Times = Taken("times") is { } times ? Number(times) : null,
        };
        return rest.Count == 0 ? server => server.Faults.Add(fault) : throw Unknown();

        string? Taken(string name) => rest.Remove(name, out var given) ? given : null;

        int Number(string? given) => int.TryParse(given, CultureInfo.InvariantCulture, out var number) ? number : throw Unknown();

        ArgumentException Unknown() => new($"Not a fault: {text}.\n{Usage}");
    }
}

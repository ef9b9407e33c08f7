using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Fleets;

/// <summary>What is on a server when it starts.</summary>
public abstract class Fleet
{
    /// <summary>Nothing but the core tools.</summary>
    public static Fleet Empty { get; } = new SeedFleet(SeedParts.Tools, Upgrade.None);

    /// <summary>The 16 agents of the seed story with all that agents can have.</summary>
    /// <param name="upgrade">Whether their rows were written by 0.11 and the server was upgraded in place since.</param>
    public static Fleet Seed(Upgrade upgrade = Upgrade.None) => new SeedFleet(SeedParts.Tools | SeedParts.Agents, upgrade);

    /// <summary>The 16 agents, a sleeptime pair in a group, and an agent that is hidden.</summary>
    /// <param name="upgrade">As for <see cref="Seed"/>.</param>
    public static Fleet SeedWithGroup(Upgrade upgrade = Upgrade.None) => new SeedFleet(SeedParts.Tools | SeedParts.Agents | SeedParts.Group, upgrade);

    /// <summary>Any number of agents with any amount of history, made while it is served.</summary>
    public static Fleet Generated(GeneratedOptions options) => new GeneratedFleet(options);

    /// <summary>A number of agents with a number of messages each.</summary>
    public static Fleet Generated(int agents, int messages) => new GeneratedFleet(new GeneratedOptions { Agents = agents, Messages = messages });

    /// <summary>Rows that were recorded from a real server: a folder of <c>table.jsonl</c> or <c>table.jsonl.gz</c>.</summary>
    public static Fleet Recorded(string folder) => new RecordedFleet(folder);

    internal abstract void Fill(SandboxState state, Release release);
}

/// <summary>Whether a server's rows were written by 0.11 and what has been done to them since.</summary>
public enum Upgrade
{
    /// <summary>The rows are as the server itself writes them.</summary>
    None,

    /// <summary>0.11 wrote them; nothing has been read since the upgrade.</summary>
    Fresh,

    /// <summary>0.11 wrote them, and reading them has already cleared the call ids of the tool returns.</summary>
    Damaged,
}

/// <summary>The size of a generated fleet.</summary>
public sealed record GeneratedOptions
{
    public int Agents { get; init; } = 1;

    /// <summary>Messages of each agent.</summary>
    public int Messages { get; init; } = 100;

    /// <summary>Characters of a message's text, about.</summary>
    public int MessageLength { get; init; } = 160;

    /// <summary>Messages in context, at the most.</summary>
    public int InContext { get; init; } = 20;

    /// <summary>Archival passages of each agent.</summary>
    public int Passages { get; init; }
}

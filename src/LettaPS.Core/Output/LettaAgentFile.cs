namespace LettaPS;

/// <summary>An AgentFile v2 that was made from a file of another form: what <c>ConvertTo-LettaAgentFile</c> gives.</summary>
public sealed class LettaAgentFile
{
    /// <summary>The new file.</summary>
    public required string Path { get; init; }

    /// <summary>The file that it was made from.</summary>
    public required string SourcePath { get; init; }

    /// <summary>What form that has.</summary>
    public required AgentFileFormat SourceFormat { get; init; }

    /// <summary>Name of the (first) agent.</summary>
    public required string AgentName { get; init; }

    /// <summary>How many agents it holds.</summary>
    public int AgentCount { get; init; }

    /// <summary>Messages.</summary>
    public int MessageCount { get; init; }

    /// <summary>How many of them are in context.</summary>
    public int InContextMessageCount { get; init; }

    /// <summary>Memory blocks.</summary>
    public int BlockCount { get; init; }

    /// <summary>Tools.</summary>
    public int ToolCount { get; init; }

    /// <summary>Archival passages, under the key that stock servers ignore.</summary>
    public int PassageCount { get; init; }

    /// <summary>Size in bytes.</summary>
    public long Length { get; init; }

    /// <summary>What the old file does not contain, in words.</summary>
    public IReadOnlyList<string> Missing { get; init => field = new LettaList<string>(value); } = new LettaList<string>([]);

    /// <summary>What was put right, in words.</summary>
    public IReadOnlyList<string> Warnings { get; init => field = new LettaList<string>(value); } = new LettaList<string>([]);

    /// <summary>The new file.</summary>
    public override string ToString() => Path;
}

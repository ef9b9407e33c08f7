namespace LettaPS;

/// <summary>What became of one agent: what <c>Restore-LettaAgent</c> gives.</summary>
public sealed record LettaRestoreResult
{
    /// <summary>Identifier that the agent had where it was backed up; where the file does not tell, the SHA-256 of the file.</summary>
    public required string SourceAgentId { get; init; }

    /// <summary>Identifier of the agent on the target, or <see langword="null"/> where there is none.</summary>
    public string? AgentId { get; init; }

    /// <summary>Name of the agent.</summary>
    public required string AgentName { get; init; }

    /// <summary>How it went.</summary>
    public required LettaRestoreStatus Status { get; init; }

    /// <summary>Why it was skipped, what it replaced, or why it has another name; <see langword="null"/> if none of these is so.</summary>
    public string? Reason { get; init; }

    /// <summary>Messages that the restored agent has.</summary>
    public int MessageCount { get; init; }

    /// <summary>How many of them are in context.</summary>
    public int InContextMessageCount { get; init; }

    /// <summary>Archival passages that it has.</summary>
    public int PassageCount { get; init; }

    /// <summary>Passages of the file that wait: the server could not embed them. <c>Restore-LettaAgent -PassagesOnly</c> tries again.</summary>
    public int PendingPassageCount { get; init; }

    /// <summary>Memory blocks that it has.</summary>
    public int BlockCount { get; init; }

    /// <summary>Tools that it has.</summary>
    public int ToolCount { get; init; }

    /// <summary>What of the agent is not there, in words; empty where everything is.</summary>
    public IReadOnlyList<string> Missing { get; init => field = new LettaList<string>(value); } = new LettaList<string>([]);

    /// <summary>What was put right or done otherwise on the way, in words.</summary>
    public IReadOnlyList<string> Warnings { get; init => field = new LettaList<string>(value); } = new LettaList<string>([]);

    /// <summary>How long it took.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>The file.</summary>
    public required string Path { get; init; }

    /// <summary>The server.</summary>
    public required Uri Server { get; init; }

    /// <summary>The same with further gaps.</summary>
    /// <param name="gaps">The gaps.</param>
    public LettaRestoreResult WithGaps(IEnumerable<string> gaps) => AgentId is null || !gaps.Any()
        ? this
        : this with { Missing = [.. Missing, .. gaps], Status = Status == LettaRestoreStatus.Skipped ? Status : LettaRestoreStatus.RestoredWithGaps };

    /// <summary>The same, now that the agent that was there is deleted.</summary>
    /// <param name="name">Name of that agent.</param>
    /// <param name="id">Identifier of that agent.</param>
    internal LettaRestoreResult Replacing(string name, string id) => this with
    {
        Reason = $"It replaced '{name}' ('{id}').",
        Status = Status == LettaRestoreStatus.Restored ? LettaRestoreStatus.Replaced : Status,
    };

    /// <inheritdoc/>
    public override string ToString() => $"{AgentName}: {Status}";
}

/// <summary>How a restore went.</summary>
public enum LettaRestoreStatus
{
    /// <summary>Everything that the file says is there.</summary>
    Restored,

    /// <summary>The agent is there; <see cref="LettaRestoreResult.Missing"/> says what of it is not.</summary>
    RestoredWithGaps,

    /// <summary>It was there already.</summary>
    Skipped,

    /// <summary>It is not there, and nothing of it was left behind.</summary>
    Failed,

    /// <summary>Everything that the file says is there, and the agent that was there before was deleted.</summary>
    Replaced,
}

/// <summary>What to do with an agent that the target has already.</summary>
public enum RestoreConflict
{
    /// <summary>Leave it as it is.</summary>
    Skip,

    /// <summary>Restore it beside it, under a name with a number.</summary>
    Rename,

    /// <summary>Restore it, and delete the old one when the new one is verified.</summary>
    Replace,

    /// <summary>Restore it beside it, under the same name.</summary>
    Duplicate,
}

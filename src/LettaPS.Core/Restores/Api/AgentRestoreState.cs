using System.Text.Json;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Agents;
using LettaPS.Core.Json;
using LettaPS.Core.Releases;

namespace LettaPS.Core.Restores.Api;

/// <summary>The restore of one agent while it is under way.</summary>
internal sealed class AgentRestoreState(AgentDocument document, AgentRecord agent, PlannedAgent planned, long begun)
{
    private (int Messages, int InContext, int Passages, int Blocks, int Tools) _counts;

    public AgentDocument Document => document;

    public AgentRecord Agent => agent;

    public PlannedAgent Planned => planned;

    /// <summary>When it was begun, as a timestamp of <see cref="TimeProvider"/>.</summary>
    public long Begun => begun;

    /// <summary>What is not there.</summary>
    public List<string> Gaps { get; } = [.. document.Gaps, .. planned.Unrestored];

    /// <summary>What was done otherwise.</summary>
    public List<string> Warnings { get; } = [.. document.Mended];

    /// <summary>Whether something of it may be on the server.</summary>
    public bool MayBeOnServer { get; set; }

    /// <summary>The new agent.</summary>
    public string? NewId { get; set; }

    /// <summary>The new agent as the server shows it after the import.</summary>
    public JsonElement State { get; set; }

    /// <summary>Tools that were left out on purpose.</summary>
    public HashSet<string> OmittedTools { get; set; } = [];

    /// <summary>Its identities: their identifiers in the file and on the server.</summary>
    public Dictionary<string, string> Identities { get; } = new(StringComparer.Ordinal);

    /// <summary>Archives that were made for it.</summary>
    public List<string> Archives { get; } = [];

    /// <summary>Passages that the server could not embed.</summary>
    public int PassagesWaiting { get; set; }

    /// <summary>Why.</summary>
    public string? PassageFailure { get; set; }

    /// <summary>Compares the agent with the file.</summary>
    public void Verify(AgentSnapshot snapshot, ReleaseCapabilities target, bool noArchive, CancellationToken cancellationToken)
    {
        Gaps.AddRange(new RestoreVerification(document, agent, target, Identities, snapshot).Compare(OmittedTools, cancellationToken));
        Gaps.AddRange(snapshot.Missing);
        if (agent.HasNoCompaction && snapshot.State.ObjectOrNull("compaction_settings") is not null)
        {
            // A PATCH with null changes nothing (sources of 0.16.0 to 0.16.8).
            Warnings.Add($"compaction_settings: the agent had none; {target} gave it its own, and no request takes them away.");
        }

        if (OmittedTools.Count > 0)
        {
            Warnings.Add($"{OmittedTools.Count} custom tools were left out, as you wished.");
        }

        if (noArchive && document.Passages.Count > 0)
        {
            Warnings.Add($"{document.Passages.Count} archival passages were left out, as you wished.");
        }

        VerifyPassages(snapshot, target, skip: noArchive);
    }

    /// <summary>Compares the passages with those of the file.</summary>
    public void VerifyPassages(AgentSnapshot snapshot, ReleaseCapabilities target, bool skip = false)
    {
        _counts = (snapshot.Messages.Entries.Count, snapshot.InContext.Count, snapshot.Passages.Count, AgentState.Blocks(snapshot.State).Count(), snapshot.State.TryGetProperty("tools", out var tools) && tools.ValueKind == JsonValueKind.Array ? tools.GetArrayLength() : 0);
        if (skip || document.Passages.Count == 0)
        {
            return;
        }

        if (PassagesWaiting > 0)
        {
            Gaps.Add($"{PassagesWaiting} archival passages wait, because the server cannot embed them: {PassageFailure} Restore-LettaAgent -PassagesOnly tries again.");
        }

        var missing = PassageComparison.Missing(document.Passages.Read(), snapshot.Passages.Read(), target).Count() - PassagesWaiting;
        if (missing > 0)
        {
            Gaps.Add($"{missing} archival passages: the server does not show them.");
        }

        if (!target.KeepsPassagesWhole)
        {
            Gaps.Add($"The times and tags of {document.Passages.Count} archival passages: {target} does not take them.");
        }
    }

    /// <summary>What became of the agent.</summary>
    public LettaRestoreResult Result(Uri server) => planned.Result(NewId, Gaps.Count == 0 ? LettaRestoreStatus.Restored : LettaRestoreStatus.RestoredWithGaps, server, begun) with
    {
        AgentName = agent.Name,
        MessageCount = _counts.Messages,
        InContextMessageCount = _counts.InContext,
        PassageCount = _counts.Passages,
        PendingPassageCount = PassagesWaiting,
        BlockCount = _counts.Blocks,
        ToolCount = _counts.Tools,
        Missing = Gaps,
        Warnings = Warnings,
    };
}

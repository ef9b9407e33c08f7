namespace LettaPS.Core.Restores;

/// <summary>A run that restores agents, onto a server or into a database.</summary>
internal interface IRestoreSession : IDisposable
{
    /// <summary>The map of identifiers, beside the backup.</summary>
    string MapPath { get; }

    /// <summary>What a run would do with an agent, in words.</summary>
    string Describe(PlannedAgent agent);

    /// <summary>The agent that a run would delete in favour of the restored one.</summary>
    /// <param name="agent">The agent to restore.</param>
    /// <returns>Name and identifier of the other, or <see langword="null"/> where none is to be deleted.</returns>
    string? Replaces(PlannedAgent agent);

    /// <summary>The result of an agent that was not restored because the other, which would have been deleted, is to stay.</summary>
    LettaRestoreResult Keep(PlannedAgent agent);

    /// <summary>Restores one agent.</summary>
    /// <param name="planned">The agent.</param>
    /// <returns>What became of it.</returns>
    /// <exception cref="LettaException">It could not be restored; nothing of it is left, or the message says what.</exception>
    Task<LettaRestoreResult> RestoreAsync(PlannedAgent planned, CancellationToken cancellationToken);

    /// <summary>Makes the groups of restored agents again.</summary>
    /// <returns>Groups that could not be made, in words, by the original identifiers of their agents.</returns>
    Task<ILookup<string, string>> RestoreGroupsAsync(CancellationToken cancellationToken);
}

using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;
using LettaPS.Completion;

namespace LettaPS.Cmdlets.Base;

/// <summary>What <c>Connect-Letta</c> set in this runspace. Another runspace of the process (<c>ForEach-Object -Parallel</c>) has its own.</summary>
internal sealed class RunspaceState
{
    private static readonly ConditionalWeakTable<Runspace, RunspaceState> s_states = [];

    /// <summary>The state of the runspace that the caller runs in.</summary>
    public static RunspaceState Current => s_states.GetOrCreateValue(Runspace.DefaultRunspace);

    /// <summary>The default connection, or <see langword="null"/> before <c>Connect-Letta</c>.</summary>
    public LettaConnection? Connection { get; set; }

    /// <summary>What was asked for completion.</summary>
    public CompletionCache Completions { get; } = new();
}

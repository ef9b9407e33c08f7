using System.Collections;
using System.Runtime.CompilerServices;
using LettaPS.Core.Agents;
using LettaPS.Core.Connections;
using LettaPS.Hosting;

namespace LettaPS.Completion;

/// <summary>Base of the completers that ask a server for its agents.</summary>
internal abstract class AgentCompleter : Completer
{
    /// <inheritdoc/>
    private protected override IEnumerable<Candidate> Find(string begun, IDictionary parameters)
    {
        var state = RunspaceState.Current;
        var connection = parameters["Connection"] as LettaConnection ?? state.Connection ?? EnvironmentConnection.Create();
        return state.Completions.Get($"{GetType().Name} {connection.BaseUri}", cancel => AskAsync(connection, cancel));
    }

    /// <summary>What is offered of an agent.</summary>
    /// <param name="agent">The agent.</param>
    private protected abstract IEnumerable<Candidate> Offer(LettaAgent agent);

    private async IAsyncEnumerable<Candidate> AskAsync(LettaConnection connection, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var server = AdapterContext.Door.OpenServer(connection);
        await foreach (var agent in server.ListAsync(AgentQuery.Usable, cancel).ConfigureAwait(false))
        {
            foreach (var candidate in Offer(agent))
            {
                yield return candidate;
            }
        }
    }
}

using System.Collections;
using System.Runtime.CompilerServices;
using LettaPS.Cmdlets.Base;
using LettaPS.Core.Sources;
using LettaPS.Parameters;

namespace LettaPS.Completion;

/// <summary>Base of the completers that ask a server for its agents.</summary>
internal abstract class AgentCompleter : Completer
{
    /// <inheritdoc/>
    private protected override IEnumerable<Candidate> Find(string begun, IDictionary parameters)
    {
        var state = RunspaceState.Current;
        var connection = parameters["Connection"] as LettaConnection ?? state.Connection ?? EnvironmentConnection.Create();
        return state.Completions.Get($"{GetType().Name} {connection.BaseUri}", cancellationToken => AskAsync(connection, cancellationToken));
    }

    /// <summary>What is offered of an agent.</summary>
    private protected abstract IEnumerable<Candidate> Offer(LettaAgent agent);

    private async IAsyncEnumerable<Candidate> AskAsync(LettaConnection connection, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var server = AdapterLoadContext.Factory.OpenServer(connection);
        await foreach (var agent in server.ListAsync(AgentQuery.Usable, cancellationToken).ConfigureAwait(false))
        {
            foreach (var candidate in Offer(agent))
            {
                yield return candidate;
            }
        }
    }
}

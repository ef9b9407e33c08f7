using System.Collections;
using System.Runtime.CompilerServices;
using LettaPS.Cmdlets.Base;
using LettaPS.Core.Servers;

namespace LettaPS.Completion;

/// <summary>Completes names of containers of Letta servers, and of their compose services.</summary>
internal sealed class ServerNameCompleter : Completer
{
    /// <inheritdoc/>
    private protected override IEnumerable<Candidate> Find(string begun, IDictionary parameters) => RunspaceState.Current.Completions.Get(nameof(ServerNameCompleter), AskAsync);

    private static async IAsyncEnumerable<Candidate> AskAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var engine = AdapterLoadContext.Factory.OpenEngine();
        foreach (var container in (await engine.ListAsync(cancellationToken).ConfigureAwait(false)).Where(ServerDiscovery.IsServer))
        {
            yield return new Candidate(container.Name, $"{container.Name} ({container.Image})");
            if (container.Labels.TryGetValue(ServerDiscovery.ComposeService, out var service))
            {
                yield return new Candidate(service, $"compose service {service}");
            }
        }
    }
}

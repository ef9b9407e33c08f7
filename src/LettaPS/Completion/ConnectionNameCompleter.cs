using System.Collections;
using LettaPS.Core.Connections;

namespace LettaPS.Completion;

/// <summary>Completes names of saved connections.</summary>
internal sealed class ConnectionNameCompleter : Completer
{
    /// <inheritdoc/>
    private protected override IEnumerable<Candidate> Find(string begun, IDictionary parameters) => ConnectionStore.OfUser.List().Select(c => new Candidate(c.Name, c.ToString()));
}

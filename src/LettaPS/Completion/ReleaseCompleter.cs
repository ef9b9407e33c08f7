using System.Collections;
using System.Globalization;
using LettaPS.Core.Compose.Model;
using LettaPS.Core.Releases;

namespace LettaPS.Completion;

/// <summary>Completes the releases of Letta that the module knows, the last first.</summary>
internal sealed class ReleaseCompleter : Completer
{
    /// <inheritdoc/>
    private protected override IEnumerable<Candidate> Find(string begun, IDictionary parameters) =>
        ReleaseCatalogue.All.OrderByDescending(r => r.Version).Select(r => new Candidate(r.ToString(), string.Create(CultureInfo.InvariantCulture, $"Letta {r} of {r.Date:yyyy-MM-dd}") + (LettaImageTags.Trap($"{r}") is { } trap ? $"; do not pin it: {trap}" : string.Empty)));
}

using System.Collections;
using LettaPS.Cmdlets.Base;
using LettaPS.Core.Compose.Model;
using LettaPS.Paths;

namespace LettaPS.Completion;

/// <summary>Completes names of services in compose files whose image is Letta's.</summary>
internal sealed class ComposeServiceCompleter : Completer
{
    /// <inheritdoc/>
    private protected override IEnumerable<Candidate> Find(string begun, IDictionary parameters)
    {
        var path = CurrentPaths.Resolve((parameters["Path"] ?? parameters["LiteralPath"]) as string ?? ".");
        var files = Directory.Exists(path) ? ComposeCmdlet.Projects(path) : [[path]];
        var reader = new ComposeReader(AdapterLoadContext.Factory.OpenYaml(), Environment.GetEnvironmentVariable, []);
        return files.SelectMany(f => reader.Project(f).Pins).Select(p => new Candidate(p.Part.Service, $"{p.Part.Service} ({p.Reference})"));
    }
}

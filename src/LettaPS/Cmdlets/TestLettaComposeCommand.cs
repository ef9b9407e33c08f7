using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Core.Compose.Model;
using LettaPS.Core.Compose.Rules;

namespace LettaPS.Cmdlets;

/// <summary>
/// Looks through compose files for what endangers a Letta server, one finding an object: images that move, a start script that is bypassed, two
/// databases, data on no volume, no password, ports that do not meet, secrets in plain sight. Nothing comes out where nothing is wrong.
/// </summary>
/// <remarks>A file is examined as compose would run it: with what it includes and extends, variables put in, and its override file on top.</remarks>
[Cmdlet(VerbsDiagnostic.Test, "LettaCompose")]
[OutputType(typeof(LettaComposeFinding))]
public sealed class TestLettaComposeCommand : ComposeCmdlet
{
    private readonly HashSet<(string Rule, string Path, int Line, string Message)> _written = [];
    private bool _any;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (IsGiven)
        {
            ForEachFile();
        }
        else if (!ForEachFileHere() && !_any)
        {
            var folder = SessionState.Path.CurrentFileSystemLocation.ProviderPath;
            WriteError(NothingIn(folder).ToErrorRecord(folder));
        }
    }

    /// <inheritdoc/>
    private protected override void Process(IReadOnlyList<string> paths)
    {
        _any = true;
        var project = Reader.Project(paths).WithDefaultOverride;
        var (findings, services) = ComposeAudit.ExamineServices(project, Reader);
        if (!services.IsAboutLetta)
        {
            WriteWarning($"No service of '{paths[0]}' runs Letta: {(services.Names.Count == 0 ? "it has no services" : string.Join(", ", services.Names))}.");
        }

        Write(findings);
    }

    /// <inheritdoc/>
    private protected override void Process(IReadOnlyList<ImagePlace> places)
    {
        _any = true;
        Write(places.SelectMany(PlaceAudit.Examine));
    }

    /// <summary>Writes findings, each once: a Dockerfile may be found by itself and by the services that are built from it.</summary>
    private void Write(IEnumerable<LettaComposeFinding> findings)
    {
        foreach (var finding in findings)
        {
            if (_written.Add((finding.Rule, finding.Path, finding.Line, finding.Message)))
            {
                WriteObject(finding);
            }
        }
    }
}

using System.Management.Automation;
using LettaPS.Cmdlets.Base;
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
    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (IsGiven)
        {
            ForEachFile(Examine);
        }
        else
        {
            ForEachFileHere(Examine);
        }
    }

    private void Examine(IReadOnlyList<string> paths)
    {
        foreach (var finding in ComposeAudit.Examine(Reader.Project(paths).WithDefaultOverride, Reader))
        {
            WriteObject(finding);
        }
    }
}

using System.Management.Automation;
using LettaPS.Completion;
using LettaPS.Core.Releases;
using LettaPS.Parameters;

namespace LettaPS.Cmdlets;

/// <summary>Lists the releases of the Letta server that this module knows, with what changed in each and what to beware of.</summary>
[Cmdlet(VerbsCommon.Get, "LettaRelease")]
[OutputType(typeof(LettaRelease))]
public sealed class GetLettaReleaseCommand : PSCmdlet
{
    /// <summary>Versions to list, with wildcards: 0.16.2, 0.16.*. All where it is not given.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ReleaseCompleter))]
    public string[] Version { get; set; } = ["*"];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var version in Version)
        {
            if (WildcardPattern.ContainsWildcardCharacters(version))
            {
                var pattern = WildcardPattern.Get(version, WildcardOptions.IgnoreCase);
                WriteObject(ReleaseCatalogue.All.Where(r => pattern.IsMatch(r.ToString())), enumerateCollection: true);
                continue;
            }

            try
            {
                WriteObject(ReleaseCatalogue.Get(version));
            }
            catch (LettaException e)
            {
                WriteError(e.ToErrorRecord(version));
            }
        }
    }
}

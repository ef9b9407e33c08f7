using System.Management.Automation;
using LettaPS.Completion;
using LettaPS.Core.Releases;
using LettaPS.Parameters;

namespace LettaPS.Cmdlets;

/// <summary>Lists the releases of the Letta server that this module knows, with what changed in each and what to beware of.</summary>
[Cmdlet(VerbsCommon.Get, "LettaRelease", DefaultParameterSetName = ByVersion)]
[OutputType(typeof(LettaRelease))]
public sealed class GetLettaReleaseCommand : PSCmdlet
{
    private const string ByVersion = "Version";
    private const string ByRevision = "Revision";

    /// <summary>Versions to list, with wildcards: 0.16.2, 0.16.*. All where it is not given.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = ByVersion)]
    [SupportsWildcards]
    [ValidateWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ReleaseCompleter))]
    public string[] Version { get; set; } = ["*"];

    /// <summary>What <c>alembic_version</c> of a database holds: lists the release that the database was last used with.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByRevision)]
    [ValidateNotNullOrEmpty]
    public string? Revision { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Revision is not null)
        {
            if (ReleaseCatalogue.LastUsedWith(Revision) is { } release)
            {
                WriteObject(release);
                return;
            }

            WriteError(new LettaException(
                ErrorIds.RevisionNotFound,
                LettaErrorKind.NotFound,
                $"'{Revision}' is not a revision of the V1 server from {ReleaseCatalogue.All[0]} to {ReleaseCatalogue.All[^1]}.",
                "Compare the database with the releases: Compare-LettaSchema -Summary",
                Revision).ToErrorRecord(Revision));
            return;
        }

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

using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Core.Databases;
using LettaPS.Core.Databases.Swap;
using LettaPS.Core.Text;
using LettaPS.Parameters;

namespace LettaPS.Cmdlets;

/// <summary>
/// Removes databases that <c>Restore-LettaDatabase</c> and <c>Reset-LettaDatabase</c> replaced and kept under a dated name. No other database is ever
/// removed, and none that is in use.
/// </summary>
[Cmdlet(VerbsCommon.Remove, "LettaKeptDatabase", DefaultParameterSetName = ByName, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(LettaKeptDatabase))]
public sealed class RemoveLettaKeptDatabaseCommand : WholeDatabaseCmdlet
{
    private const string ByKeptDatabase = "KeptDatabase";

    private LettaKeptDatabase? _current;

    /// <summary>Names of kept databases, such as <c>letta_before_20261123_013000</c>; with wildcards. A name without wildcards that none has is an error.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByName, ValueFromPipelineByPropertyName = true)]
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByInputObject)]
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByDatabaseUri, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Previous { get; set; }

    /// <summary>Kept databases, as <c>Get-LettaKeptDatabase</c> gives them.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByKeptDatabase)]
    [ValidateNotNullOrEmpty]
    public LettaKeptDatabase[]? KeptDatabase { get; set; }

    private protected override string Activity => "Removing kept databases";

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var kept in KeptDatabase ?? [])
        {
            _current = kept;
            ForEachTarget(TimeSpan.Zero, (target, cancellationToken) => RemoveAsync(target, [WildcardPattern.Escape(kept.Previous)], cancellationToken));
        }

        if (KeptDatabase is null)
        {
            ForEachTarget(TimeSpan.Zero, (target, cancellationToken) => RemoveAsync(target, Previous!, cancellationToken));
        }
    }

    /// <inheritdoc/>
    private protected override Task<IReadOnlyList<ServerDatabaseTarget>> FindTargetsAsync(string[]? names, TimeSpan startTimeout, CancellationToken cancellationToken) =>
        _current is { Address: { } address }
            ? Task.FromResult<IReadOnlyList<ServerDatabaseTarget>>([TargetOf(address)])
            : base.FindTargetsAsync(_current is { Server: { } server } ? [server] : names, startTimeout, cancellationToken);

    private async Task RemoveAsync(ServerDatabaseTarget target, string[] patterns, CancellationToken cancellationToken)
    {
        var kept = new KeptDatabases(target.Host, TimeProvider.System);
        Progress.SetStatus("listing kept databases");
        var all = await kept.ListAsync(target.Database, cancellationToken).ConfigureAwait(false);
        foreach (var name in patterns.NotAmong(all.Select(k => k.Previous)))
        {
            await WriteErrorAsync(DatabaseProblems.NotKept(target.Database, name), name).ConfigureAwait(false);
        }

        foreach (var found in all.Where(k => patterns.IsMatchedBy(k.Previous)))
        {
            try
            {
                if (await ShouldProcessAsync($"database '{found.Previous}' ({Describe(found)}), which was replaced by {target}", "Remove").ConfigureAwait(false))
                {
                    Progress.SetStatus($"removing {found.Previous}");
                    await kept.RemoveAsync(target.Database, found.Previous, cancellationToken).ConfigureAwait(false);
                    await WriteObjectAsync(found with { Server = target.Server?.Name, Address = target.Address }).ConfigureAwait(false);
                }
            }
            catch (LettaException e) when (e.Kind is not LettaErrorKind.InvalidInput)
            {
                await WriteErrorAsync(e, found.Previous).ConfigureAwait(false);
            }
        }
    }

    private static string Describe(LettaKeptDatabase kept) =>
        $"{(kept.Length is { } length ? Formatting.Size(length) : "of unknown size")}, kept {AgeFormatter.Of(kept.Age)} ago";
}

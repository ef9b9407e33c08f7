using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Core.Databases.Swap;

namespace LettaPS.Cmdlets;

/// <summary>Lists the databases that <c>Restore-LettaDatabase</c> and <c>Reset-LettaDatabase</c> replaced and kept under a dated name.</summary>
[Cmdlet(VerbsCommon.Get, "LettaKeptDatabase", DefaultParameterSetName = ByName)]
[OutputType(typeof(LettaKeptDatabase))]
public sealed class GetLettaKeptDatabaseCommand : WholeDatabaseCmdlet
{
    private protected override string Activity => "Listing databases";

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForEachTarget(TimeSpan.Zero, async (target, cancellationToken) =>
    {
        foreach (var kept in await new KeptDatabases(target.Host, TimeProvider.System).ListAsync(target.Database, cancellationToken).ConfigureAwait(false))
        {
            await WriteObjectAsync(kept with { Server = target.Server?.Name, Address = target.Address }).ConfigureAwait(false);
        }
    });
}

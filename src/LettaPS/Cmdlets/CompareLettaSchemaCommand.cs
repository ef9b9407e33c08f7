using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Completion;
using LettaPS.Core.Databases.Hosts;
using LettaPS.Core.Schemas.Repair;

namespace LettaPS.Cmdlets;

/// <summary>
/// Compares Letta's database with the schema that a release expects and says what each difference does to a server of that release. Reads
/// PostgreSQL's catalog and, where the catalog cannot tell, counts rows; changes nothing.
/// </summary>
[Cmdlet(VerbsData.Compare, "LettaSchema")]
[OutputType(typeof(LettaSchemaDrift), typeof(LettaSchemaReport))]
public sealed class CompareLettaSchemaCommand : DatabaseCmdlet
{
    /// <summary>The release to compare with. Where it is not given: the release whose schema is nearest to what is there.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ReleaseCompleter))]
    public string? Version { get; set; }

    /// <summary>Gives one report of the database instead of its differences.</summary>
    [Parameter]
    public SwitchParameter Summary { get; set; }

    /// <summary>Leaves the rows unread. What only they show is not found then: SequenceBehind, PlaintextSecret, MessageData.</summary>
    [Parameter]
    public SwitchParameter SchemaOnly { get; set; }

    /// <summary>Servers in containers, as <c>Get-LettaServer</c> gives them, whose databases to compare: each with the release that it runs, unless one is given.</summary>
    [Parameter(ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public LettaServerInfo[]? Server { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var (address, release) in Server is null ? FindDatabases().Select(a => (a, Version)) : Server.Select(s => (Find(s), Version ?? s.ReportedVersion)))
        {
            var progress = NewProgress("Comparing the schema");
            progress.SetStatus($"reading {address}");
            RunToEnd(progress, cancellationToken => CompareAsync(address, release, cancellationToken));
        }
    }

    private DatabaseAddress Find(LettaServerInfo server)
    {
        DatabaseAddress? found = null;

        // Not disposed of: the address is used after it is found, and an engine holds nothing open between requests.
        RunToEnd(async cancellationToken => found = await new ServerDatabaseFinder(AdapterLoadContext.Factory.OpenEngine()).FindAsync(server.Id, cancellationToken).ConfigureAwait(false));
        return found!;
    }

    private async Task CompareAsync(DatabaseAddress address, string? release, CancellationToken cancellationToken)
    {
        var database = AdapterLoadContext.Factory.OpenSchemaDatabase(address);
        await using (database.ConfigureAwait(false))
        {
            var (report, drifts) = await new SchemaDoctor(database).CompareAsync(release, SchemaOnly, cancellationToken).ConfigureAwait(false);
            if (Summary)
            {
                await WriteObjectAsync(report).ConfigureAwait(false);
                return;
            }

            if (report.Schema is null)
            {
                await WriteWarningAsync(report.Builder == LettaSchemaBuilder.Empty
                    ? $"{address} has no tables; a server's own migrations build them."
                    : $"{address} has tables, but not Letta's.").ConfigureAwait(false);
                return;
            }

            await WriteVerboseAsync($"Compared with {report.Release}; the schema is nearest to {report.NearestRelease}.").ConfigureAwait(false);
            foreach (var drift in drifts)
            {
                await WriteObjectAsync(drift).ConfigureAwait(false);
            }
        }
    }
}

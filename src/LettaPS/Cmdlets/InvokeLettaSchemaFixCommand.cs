using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Completion;
using LettaPS.Core.Schemas.Repair;
using LettaPS.Parameters;

namespace LettaPS.Cmdlets;

/// <summary>
/// Adds to Letta's database what a release expects and it lacks. Never drops a table, column or row. Runs in one transaction but for what
/// PostgreSQL wants by itself, compares again afterwards, and fails if something that it mended is still different.
/// </summary>
[Cmdlet(VerbsLifecycle.Invoke, "LettaSchemaFix", SupportsShouldProcess = true, DefaultParameterSetName = DatabaseSet)]
[OutputType(typeof(LettaSchemaFixResult))]
public sealed class InvokeLettaSchemaFixCommand : DatabaseCmdlet
{
    private const string DatabaseSet = "Database";
    private const string DriftSet = "Drift";

    private readonly List<LettaSchemaDrift> _drifts = [];

    /// <summary>Differences that Compare-LettaSchema found; only these are mended.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = DriftSet)]
    [ValidateNotNull]
    public LettaSchemaDrift[] InputObject { get; set; } = [];

    /// <summary>The release to bring the database to. Where it is not given: the release whose schema is nearest to what is there.</summary>
    [Parameter(Position = 0, ParameterSetName = DatabaseSet)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ReleaseCompleter))]
    public string? Version { get; set; }

    /// <summary>The kinds of differences to mend. Where it is not given: all but MessageData, which changes rows and must be named.</summary>
    [Parameter]
    public LettaDriftKind[]? Kind { get; set; }

    /// <summary>
    /// Hands a database that alembic does not know over to it, once nothing is left that breaks the server: creates alembic_version and sets it
    /// to the release's head, so that the server's own migrations work from then on.
    /// </summary>
    [Parameter]
    public SwitchParameter AdoptAlembic { get; set; }

    /// <summary>Copies secrets that the release does not see any more into the columns that it reads. Only for servers without LETTA_ENCRYPTION_KEY.</summary>
    [Parameter]
    public SwitchParameter IncludeSecretColumn { get; set; }

    /// <summary>Longest wait for another repair and for locks that others hold, as a duration or in seconds, up to a day; 30 seconds where it is not given.</summary>
    [Parameter]
    [Seconds]
    [Duration(maximumDays: 1)]
    public TimeSpan LockTimeout { get; set; } = new SchemaFixOptions().LockTimeout;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        _drifts.AddRange(InputObject);
        if (ParameterSetName == DatabaseSet)
        {
            foreach (var address in FindDatabases())
            {
                Fix(address, Options(Version, only: null));
            }
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        foreach (var group in _drifts.GroupBy(d => (d.Database, d.Release)))
        {
            Fix(group.Key.Database, Options(group.Key.Release, [.. group]));
        }
    }

    private SchemaFixOptions Options(string? version, IReadOnlyCollection<LettaSchemaDrift>? only) => new()
    {
        Version = version,
        Kinds = Kind,
        Only = only,
        AdoptAlembic = AdoptAlembic,
        IncludeSecretColumn = IncludeSecretColumn,
        WhatIf = IsWhatIf,
        LockTimeout = LockTimeout,
    };

    private void Fix(DatabaseAddress address, SchemaFixOptions options)
    {
        var progress = NewProgress("Mending the schema");
        progress.SetStatus($"comparing and mending {address}");
        RunToEnd(progress, cancellationToken => FixAsync(address, options, cancellationToken));
    }

    private async Task FixAsync(DatabaseAddress address, SchemaFixOptions options, CancellationToken cancellationToken)
    {
        var database = AdapterLoadContext.Factory.OpenSchemaDatabase(address);
        await using (database.ConfigureAwait(false))
        {
            await new SchemaDoctor(database).FixAsync(
                options,
                planned => ShouldProcessAsync(address.ToString(), planned.Sql!),
                WriteObjectAsync,
                cancellationToken).ConfigureAwait(false);
        }
    }
}

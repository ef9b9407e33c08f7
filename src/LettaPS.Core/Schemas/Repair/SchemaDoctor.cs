using LettaPS.Core.Releases;
using LettaPS.Core.Schemas.Comparison;
using LettaPS.Core.Schemas.Model;

namespace LettaPS.Core.Schemas.Repair;

/// <summary>Compares a database with a release and repairs it.</summary>
internal sealed class SchemaDoctor(ISchemaDatabase database)
{
    private enum Reading
    {
        Schema,
        RowsButMessages,
        AllRows,
    }

    /// <summary>How long whoever only reads waits for a table that is locked: who asks how things are wants to be told.</summary>
    internal static TimeSpan ReadingPatience { get; } = TimeSpan.FromSeconds(5);

    /// <summary>Compares the database with a release.</summary>
    /// <param name="version">The release; <see langword="null"/> for the one whose schema is nearest.</param>
    /// <param name="schemaOnly">Leave the rows unread: what only they show is then not found.</param>
    /// <returns>What the database is, and the differences.</returns>
    /// <exception cref="LettaException">There is no such release, or the database cannot be reached or read.</exception>
    public async Task<(LettaSchemaReport Report, IReadOnlyList<LettaSchemaDrift> Drifts)> CompareAsync(
        string? version, bool schemaOnly, CancellationToken cancellationToken)
    {
        var diagnosis = await DiagnoseAsync(version, schemaOnly ? Reading.Schema : Reading.AllRows, SchemaPlanner.DefaultLargeTable, ReadingPatience, cancellationToken).ConfigureAwait(false);
        return (diagnosis.Report(), [.. diagnosis.Drifts()]);
    }

    /// <summary>Repairs the database, or plans to.</summary>
    /// <param name="options">What to do.</param>
    /// <param name="approve">Asked for each statement, in order, before anything is changed.</param>
    /// <param name="emit">Told of each statement that was run or will not be, and of each difference that is left.</param>
    /// <exception cref="LettaException">Nothing was changed, or what was is in the results; the identifier tells why.</exception>
    public async Task FixAsync(
        SchemaFixOptions options,
        Func<LettaSchemaFixResult, Task<bool>> approve,
        Func<LettaSchemaFixResult, ValueTask> emit,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(approve);
        ArgumentNullException.ThrowIfNull(emit);
        var before = await DiagnoseAsync(options.Version, Reading.AllRows, options.LargeTable, options.LockTimeout, cancellationToken).ConfigureAwait(false);
        before.RefuseUnlessMendable(options.WhatIf);
        var proposal = new SchemaProposal(before, options);
        foreach (var left in proposal.NotMended)
        {
            await emit(left).ConfigureAwait(false);
        }

        var approved = await AskAsync(proposal, approve, emit).ConfigureAwait(false);
        if (approved.Count == 0)
        {
            return;
        }

        var wanted = proposal.PlanFor(approved);
        foreach (var useless in proposal.Plan.Statements.Where(s => s.Phase != SchemaPhase.Lock && approved.Contains(s.Sql) && !wanted.Contains(s.Sql)))
        {
            await emit(proposal.Result(useless, LettaSchemaFixStatus.Skipped, "It is left out with what was declined, without which it is of no use.")).ConfigureAwait(false);
        }

        var repair = await database.BeginRepairAsync(options.LockTimeout, cancellationToken).ConfigureAwait(false);
        await using (repair.ConfigureAwait(false))
        {
            // What another repair or a server did while the user was asked, or while this one waited, is not done twice.
            var now = new SchemaProposal(await DiagnoseAsync(proposal.Release, Again(options), options.LargeTable, options.LockTimeout, cancellationToken).ConfigureAwait(false), options);
            var plan = now.PlanFor(approved, proposal);
            await RunAsync(repair, now, plan, emit, cancellationToken).ConfigureAwait(false);
            foreach (var done in wanted.Statements.Where(s => !plan.Contains(s.Sql) && !now.IsAdoption(s)))
            {
                await emit(proposal.Result(done, LettaSchemaFixStatus.Skipped, "It is no longer needed: somebody else did it meanwhile.")).ConfigureAwait(false);
            }

            await VerifyAsync(now, plan, options, cancellationToken).ConfigureAwait(false);
            if (options.AdoptAlembic && now.Adoption.Any(s => approved.Contains(s.Sql)))
            {
                await AdoptAsync(repair, options, now, emit, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>What is read again while the repair runs: not every message, unless messages are what it is about.</summary>
    private static Reading Again(SchemaFixOptions options) =>
        options.Kinds?.Contains(LettaDriftKind.MessageData) == true ? Reading.AllRows : Reading.RowsButMessages;

    private async Task<SchemaDiagnosis> DiagnoseAsync(string? version, Reading reading, long largeTable, TimeSpan patience, CancellationToken cancellationToken)
    {
        var release = version is null ? null : ReleaseCatalogue.GetWithSchema(version);
        var snapshot = await database.ReadAsync(
            catalog => reading == Reading.Schema
                ? []
                : new SchemaDiagnosis(database.Address, catalog, release, largeTable).Questions(ofMessages: reading == Reading.AllRows),
            patience,
            cancellationToken).ConfigureAwait(false);
        return new SchemaDiagnosis(database.Address, snapshot, release, largeTable);
    }

    private static async Task<IReadOnlySet<string>> AskAsync(
        SchemaProposal proposal, Func<LettaSchemaFixResult, Task<bool>> approve, Func<LettaSchemaFixResult, ValueTask> emit)
    {
        var approved = new HashSet<string>();
        foreach (var (statement, needs) in proposal.Plan.Skipped)
        {
            await emit(proposal.Result(statement, LettaSchemaFixStatus.Skipped, $"It needs the {needs}, which is not there.")).ConfigureAwait(false);
        }

        foreach (var statement in proposal.Plan.Statements.Concat(proposal.Adoption))
        {
            var planned = proposal.Result(statement, LettaSchemaFixStatus.Planned, null);
            if (statement.Phase == SchemaPhase.Lock && !proposal.Options.WhatIf)
            {
                approved.Add(statement.Sql);
            }
            else if (await approve(planned).ConfigureAwait(false))
            {
                approved.Add(statement.Sql);
            }
            else
            {
                await emit(proposal.Options.WhatIf ? planned : planned with { Status = LettaSchemaFixStatus.Skipped, Message = "It was declined." }).ConfigureAwait(false);
            }
        }

        // With a statement that cannot be run go the others of its difference that can: it does not take their approval away.
        return proposal.Plan.Statements.Where(s => s.Phase != SchemaPhase.Lock).Concat(proposal.Adoption).Any(s => approved.Contains(s.Sql))
            ? approved.Concat(proposal.Plan.Skipped.Select(s => s.Statement.Sql)).ToHashSet()
            : new HashSet<string>();
    }

    private static async Task RunAsync(
        ISchemaRepair repair, SchemaProposal proposal, SchemaPlan plan, Func<LettaSchemaFixResult, ValueTask> emit, CancellationToken cancellationToken)
    {
        proposal.RefuseUnlessOwner(plan);
        if (plan.Together.Count > 0)
        {
            var outcomes = await repair.RunTogetherAsync([.. plan.Together.Select(s => s.Sql)], cancellationToken).ConfigureAwait(false);
            foreach (var (statement, outcome) in plan.Together.Zip(outcomes))
            {
                await emit(proposal.Result(statement, outcome)).ConfigureAwait(false);
            }
        }

        foreach (var statement in plan.Alone)
        {
            var outcome = await repair.RunAloneAsync(statement.Sql, statement.Undo, cancellationToken).ConfigureAwait(false);
            await emit(proposal.Result(statement, outcome)).ConfigureAwait(false);
        }
    }

    /// <summary>Compares again: a difference that was mended must be gone.</summary>
    private async Task VerifyAsync(SchemaProposal proposal, SchemaPlan plan, SchemaFixOptions options, CancellationToken cancellationToken)
    {
        var after = await DiagnoseAsync(proposal.Release, Again(options), options.LargeTable, options.LockTimeout, cancellationToken).ConfigureAwait(false);
        var skipped = plan.Skipped.Select(s => s.Statement.For).OfType<Difference>().Select(SchemaDiagnosis.Key).ToHashSet();
        var mended = plan.Statements.Select(s => s.For).OfType<Difference>().Select(SchemaDiagnosis.Key).Except(skipped).ToHashSet();
        var still = after.ToMend.Where(d => mended.Contains(SchemaDiagnosis.Key(d)) && after.Mend(d).Statements.Count > 0).ToList();
        if (still.Count > 0)
        {
            throw new LettaException(
                ErrorIds.SchemaFixIncomplete,
                LettaErrorKind.InvalidData,
                $"The repair of '{database.Address}' ran without error, but {still.Count} of the repaired differences remain: "
                    + string.Join(", ", still.Select(d => $"{d.Kind} {d.Table}.{d.Name}")) + ".",
                "Stop other programs that change the schema, then see what remains: Compare-LettaSchema",
                database.Address);
        }
    }

    private async Task AdoptAsync(
        ISchemaRepair repair, SchemaFixOptions options, SchemaProposal proposal, Func<LettaSchemaFixResult, ValueTask> emit, CancellationToken cancellationToken)
    {
        var after = await DiagnoseAsync(proposal.Release, Again(options), options.LargeTable, options.LockTimeout, cancellationToken).ConfigureAwait(false);
        var breaks = after.Drifts().Where(d => d.Severity == LettaDriftSeverity.Breaks).ToList();
        if (breaks.Count > 0)
        {
            throw new LettaException(
                ErrorIds.AlembicAdoptionRefused,
                LettaErrorKind.Refused,
                $"LettaPS did not set the revision of '{database.Address}': {breaks.Count} differences remain that break a server of {proposal.Release}: "
                    + string.Join("; ", breaks.Select(d => d.ToString())) + ".",
                $"Repair the differences first: Invoke-LettaSchemaFix -Version {proposal.Release}",
                database.Address);
        }

        var statements = new SchemaProposal(after, options).Adoption;
        var outcomes = await repair.RunTogetherAsync([.. statements.Select(s => s.Sql)], cancellationToken).ConfigureAwait(false);
        foreach (var (statement, outcome) in statements.Zip(outcomes))
        {
            await emit(proposal.Result(statement, outcome)).ConfigureAwait(false);
        }
    }
}

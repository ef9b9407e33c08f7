using LettaPS.Core.Backups;
using LettaPS.Core.Text;

namespace LettaPS.Core.Health.Layers;

/// <summary>The newest backup on disk: how old it is, and whether it is as it was written.</summary>
internal sealed class BackupsLayer : HealthLayer
{
    /// <inheritdoc/>
    public override LettaHealthLayer Layer => LettaHealthLayer.Backups;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Names => ["Age", "Verified"];

    /// <inheritdoc/>
    public override async Task<IReadOnlyList<Finding>> ExamineAsync(HealthContext context, CancellationToken cancellationToken)
    {
        if (context.Options.BackupPath is not { } path)
        {
            return SkipAll("Nothing says where the backups are: give -BackupPath.");
        }

        var database = await context.DatabaseNameAsync().ConfigureAwait(false);
        return await NewestBackup.FindAsync(path, database, cancellationToken).ConfigureAwait(false) is not { } newest
            ?
            [
                Finding.Fail("Age", $"There is no finished backup in '{path}'.", $"Export-LettaAgent -Path '{path}', or Backup-LettaDatabase -Path '{path}'"),
                Finding.Skip("Verified", "There is nothing to verify."),
            ]
            : [Age(newest, context), await VerifiedAsync(newest, context, cancellationToken).ConfigureAwait(false)];
    }

    private static Finding Age(NewestBackup newest, HealthContext context)
    {
        var age = context.Time.GetUtcNow() - newest.TakenAt;
        var message = $"The newest backup is {AgeFormatter.Of(age)} old.";
        return age > context.Options.MaximumBackupAge
            ? Finding.Warn("Age", $"{message} More than {AgeFormatter.Of(context.Options.MaximumBackupAge)} is too old.", "Take one: Export-LettaAgent or Backup-LettaDatabase.", newest.Path)
            : Finding.Pass("Age", message, newest.Path);
    }

    private static async Task<Finding> VerifiedAsync(NewestBackup newest, HealthContext context, CancellationToken cancellationToken)
    {
        const string Name = "Verified";
        if (!context.IsDeep)
        {
            return Finding.Skip(Name, "Files are read and hashed with -Deep only.");
        }

        var (problems, missing) = await newest.VerifyAsync(cancellationToken).ConfigureAwait(false);
        return problems.Count > 0
            ? Finding.Fail(Name, $"The newest backup is not as it was written: {Finding.Few(problems)}", "Take a new one, and look for what changed the files.", $"{newest.Path}\n{string.Join('\n', problems)}")
            : missing.Count > 0
                ? Finding.Warn(Name, $"The newest backup is as it was written, but not complete: {Finding.Few(missing)}", "Test-LettaBackup shows what is missing of which agent.", $"{newest.Path}\n{string.Join('\n', missing)}")
                : Finding.Pass(Name, "The newest backup is as it was written, every file of it.", newest.Path);
    }
}

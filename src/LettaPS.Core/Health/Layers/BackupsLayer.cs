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

        var server = await context.BackedUpServerAsync(cancellationToken).ConfigureAwait(false);
        return await ExamineAsync(path, server, context.Options, context.Time, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Examines the backups of a server.</summary>
    /// <param name="path">The folder that they are in.</param>
    /// <param name="server">Whose backups count.</param>
    /// <param name="options">How it is examined.</param>
    /// <param name="time">Gives the time.</param>
    internal static async Task<IReadOnlyList<Finding>> ExamineAsync(string path, BackedUpServer server, HealthOptions options, TimeProvider time, CancellationToken cancellationToken) =>
        NewestBackup.Find(path, server, cancellationToken) is not { } newest
            ?
            [
                Finding.Fail("Age", $"There is no finished backup of this server in '{path}'.", $"Back up: Export-LettaAgent -Path '{path}', or Backup-LettaDatabase -Path '{path}'"),
                Finding.Skip("Verified", "There is nothing to verify."),
            ]
            : [Age(newest, options, time), await VerifiedAsync(newest, options, cancellationToken).ConfigureAwait(false)];

    private static Finding Age(NewestBackup newest, HealthOptions options, TimeProvider time)
    {
        var age = time.GetUtcNow() - newest.TakenAt;
        var message = $"The newest backup is {AgeFormatter.Of(age)} old.";
        return newest.Gaps.Count > 0
            ? Finding.Warn("Age", $"{message} It is not complete: {Finding.Few(newest.Gaps)}", "Back up all agents: Export-LettaAgent, or Backup-LettaDatabase.", $"{newest.Path}\n{string.Join('\n', newest.Gaps)}")
            : age > options.MaximumBackupAge
            ? Finding.Warn("Age", $"{message} More than {AgeFormatter.Of(options.MaximumBackupAge)} is too old.", "Take one: Export-LettaAgent or Backup-LettaDatabase.", newest.Path)
            : Finding.Pass("Age", message, newest.Path);
    }

    private static async Task<Finding> VerifiedAsync(NewestBackup newest, HealthOptions options, CancellationToken cancellationToken)
    {
        const string Name = "Verified";
        if (options.Depth != HealthDepth.Deep)
        {
            return Finding.Skip(Name, "Files are read and hashed with -Deep only.");
        }

        var problems = await newest.VerifyAsync(cancellationToken).ConfigureAwait(false);
        return problems.Count > 0
            ? Finding.Fail(Name, $"The newest backup is not as it was written: {Finding.Few(problems)}", "Take a new one, and look for what changed the files.", $"{newest.Path}\n{string.Join('\n', problems)}")
            : newest.Gaps.Count > 0
                ? Finding.Warn(Name, $"Every file of the newest backup is as written, but the backup is not complete: {Finding.Few(newest.Gaps)}", $"Show what is missing: Test-LettaBackup '{newest.Path}'", $"{newest.Path}\n{string.Join('\n', newest.Gaps)}")
                : Finding.Pass(Name, "Every file of the newest backup is as written.", newest.Path);
    }
}

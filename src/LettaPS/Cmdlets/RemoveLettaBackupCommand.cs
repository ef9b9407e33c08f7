using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Core.Backups;
using LettaPS.Core.IO;

namespace LettaPS.Cmdlets;

/// <summary>
/// Removes old backup sets and dumps. The newest complete backup of each series stays, and nothing of a series is removed if its newest backup is not complete.
/// </summary>
[Cmdlet(VerbsCommon.Remove, "LettaBackup", DefaultParameterSetName = "Path", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(LettaBackup))]
public sealed class RemoveLettaBackupCommand : BackupPathCmdlet
{
    private readonly Dictionary<string, HashSet<string>?> _places = new(StringComparer.Ordinal);

    /// <summary>How many days a backup is kept at least.</summary>
    [Parameter]
    [ValidateRange(0, 36500)]
    public int KeepDays { get; set; }

    /// <summary>How many complete backups of each series are kept at least.</summary>
    [Parameter]
    [ValidateRange(1, 10000)]
    public int KeepCount { get; set; } = 1;

    /// <inheritdoc/>
    private protected override string Activity => "Removing old backups";

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        if (!MyInvocation.BoundParameters.ContainsKey(nameof(KeepDays)) && !MyInvocation.BoundParameters.ContainsKey(nameof(KeepCount)))
        {
            ThrowTerminatingError(new LettaException(
                ErrorIds.InvalidRetention,
                LettaErrorKind.InvalidInput,
                "Neither -KeepDays nor -KeepCount was given.",
                "Specify what to keep, and look before it is removed: Remove-LettaBackup <path> -KeepDays 30 -KeepCount 14 -WhatIf").ToErrorRecord());
        }
    }

    /// <inheritdoc/>
    private protected override Task ProcessPathAsync(string path, CancellationToken cancellationToken)
    {
        // One backup is judged among its neighbours, whichever of them were given.
        path = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));
        if (BackupFolder.DumpOf(path) is { } dump)
        {
            Name(System.IO.Path.GetDirectoryName(dump)!, dump);
        }
        else if (BackupFolder.IsSet(path))
        {
            Name(System.IO.Path.GetDirectoryName(path)!, path);
        }
        else if (Directory.Exists(path))
        {
            _places[path] = null;
        }
        else
        {
            throw BackupReader.NotFound($"'{path}' is neither a backup set, nor a dump, nor a folder of them.", path);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_places.Count > 0)
        {
            RunToEnd(Progress, RemoveAsync);
        }
    }

    private void Name(string place, string backup)
    {
        if (!_places.TryGetValue(place, out var named))
        {
            _places[place] = named = new HashSet<string>(StringComparer.Ordinal);
        }

        named?.Add(backup);
    }

    private async Task RemoveAsync(CancellationToken cancellationToken)
    {
        var keepFrom = MyInvocation.BoundParameters.ContainsKey(nameof(KeepDays)) ? DateTimeOffset.UtcNow.AddDays(-KeepDays) : DateTimeOffset.MaxValue;
        foreach (var (place, named) in _places)
        {
            foreach (var decision in BackupRetention.Of(place, cancellationToken).Decide(KeepCount, keepFrom, path => named?.Contains(path) ?? true))
            {
                if (await ObstaclesAsync(decision, cancellationToken).ConfigureAwait(false) is { Count: > 0 } obstacles)
                {
                    await WriteWarningAsync($"{string.Join(' ', obstacles)} {decision.Old.Count} old backups in '{place}' are kept.").ConfigureAwait(false);
                    continue;
                }

                foreach (var path in decision.Old)
                {
                    await RemoveAsync(path, cancellationToken).ConfigureAwait(false);
                }
            }
        }
    }

    /// <summary>The newest backup has to be read, byte by byte, before older ones go.</summary>
    private static async Task<IReadOnlyList<string>> ObstaclesAsync(RetentionDecision decision, CancellationToken cancellationToken)
    {
        if (decision.Obstacles.Count > 0 || decision.Newest is null)
        {
            return decision.Obstacles;
        }

        var problems = await new NewestBackup(decision.Newest, default, null, []).VerifyAsync(cancellationToken).ConfigureAwait(false);
        return problems.Count == 0 ? [] : [$"The newest backup '{decision.Newest}' is damaged: {string.Join(' ', problems)}"];
    }

    private async Task RemoveAsync(string path, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            var backup = await BackupReader.ReadOneAsync(path, cancellationToken).ConfigureAwait(false);
            if (await ShouldProcessAsync(path, backup.Kind == LettaBackupKind.Database ? "Remove old dump" : "Remove old backup set").ConfigureAwait(false))
            {
                BackupRemoval.Remove(path);
                Progress.AddDone();
                await WriteObjectAsync(backup).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (!ItemBoundary.EndsRun(e))
        {
            await WriteErrorAsync(ItemBoundary.Error(e, $"The backup '{path}' cannot be removed", path), path).ConfigureAwait(false);
        }
    }
}

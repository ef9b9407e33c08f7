using System.Management.Automation;
using System.Runtime.CompilerServices;
using LettaPS.Completion;
using LettaPS.Core.Backups;
using LettaPS.Core.IO;
using LettaPS.Parameters;
using LettaPS.Paths;

namespace LettaPS.Cmdlets.Base;

/// <summary>Base of the cmdlets that read backups from disk.</summary>
public abstract class BackupPathCmdlet : AsyncCmdlet
{
    private const string ByPath = "Path";
    private const string ByLiteralPath = "LiteralPath";

    private ProgressBar? _progress;

    /// <summary>Sets, folders of sets, folders with <c>.af</c> or <c>.json</c> files of other origin, or single files; with wildcards.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByPath, ValueFromPipeline = true)]
    [PathInput]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(BackupPatternCompleter))]
    public string[]? Path { get; set; }

    /// <summary>The same, with wildcard characters taken literally.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByLiteralPath, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string[]? LiteralPath { get; set; }

    /// <summary>What is shown while it takes its time.</summary>
    private protected ProgressBar Progress => _progress ??= NewProgress(Activity, "files");

    /// <summary>What the progress bar says is being done.</summary>
    private protected abstract string Activity { get; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var given in LiteralPath ?? Path!)
        {
            try
            {
                foreach (var path in FilePaths.Matching(this, given, LiteralPath is not null))
                {
                    RunToEnd(Progress, async cancellationToken =>
                    {
                        try
                        {
                            await ProcessPathAsync(path, cancellationToken).ConfigureAwait(false);
                        }
                        catch (Exception e) when (!ItemBoundary.EndsRun(e))
                        {
                            await WriteErrorAsync(ItemBoundary.Error(e, $"'{path}' cannot be processed", path), path).ConfigureAwait(false);
                        }
                    });
                }
            }
            catch (LettaException e)
            {
                WriteError(e.ToErrorRecord(given));
            }
        }
    }

    /// <summary>Reads the backups at a path. Each one that cannot be read is an error too.</summary>
    /// <param name="path">The path of a file or folder.</param>
    private protected async IAsyncEnumerable<LettaBackup> ReadBackupsAsync(string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var backup in BackupReader.ReadAsync(path, cancellationToken).ConfigureAwait(false))
        {
            if (backup.Failure is { } failure)
            {
                await WriteErrorAsync(failure, backup.Path).ConfigureAwait(false);
            }

            yield return backup;
        }
    }

    /// <summary>Works on one path.</summary>
    /// <param name="path">The path of a file or folder.</param>
    private protected abstract Task ProcessPathAsync(string path, CancellationToken cancellationToken);
}

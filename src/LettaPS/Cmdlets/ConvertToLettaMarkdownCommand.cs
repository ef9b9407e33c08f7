using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Core.Backups;
using LettaPS.Core.IO;
using LettaPS.Core.Markdown;
using LettaPS.Paths;

namespace LettaPS.Cmdlets;

/// <summary>
/// Makes of backups, and of agent files of any form, a folder that a person can read without Letta: memory, history, passages, tools and files of each agent as
/// Markdown and text. No server is needed, nothing in the files is run, and secrets are left out.
/// </summary>
[Cmdlet(VerbsData.ConvertTo, "LettaMarkdown", DefaultParameterSetName = "Path", SupportsShouldProcess = true)]
[OutputType(typeof(LettaMarkdown))]
public sealed class ConvertToLettaMarkdownCommand : BackupPathCmdlet
{
    private readonly List<LettaBackup> _backups = [];
    private string _destinationPath = null!;

    /// <summary>The new folder, for all files of the pipeline.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    [Alias("OutPath")]
    public string DestinationPath { get; set; } = null!;

    /// <summary>Replace a folder that this cmdlet made.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing() => _destinationPath = FilePaths.Resolve(this, DestinationPath);

    /// <inheritdoc/>
    private protected override string Activity => "Writing Markdown";

    /// <inheritdoc/>
    private protected override async Task ProcessPathAsync(string path, CancellationToken cancellationToken)
    {
        await foreach (var backup in ReadBackupsAsync(path, cancellationToken).ConfigureAwait(false))
        {
            _backups.Add(backup);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var files = BackupSelection.Newest(_backups).Select(f => f.Path).ToList();
        if (files.Count == 0)
        {
            _backups.FindAll(b => b.Kind == LettaBackupKind.Database).ForEach(b => WriteError(BackupSelection.OnlyDumps(b.Path).ToErrorRecord(b.Path)));
            return;
        }

        if (ShouldProcess(_destinationPath, $"Write {files.Count} agent files as Markdown"))
        {
            Progress.Total = files.Count;
            RunToEnd(Progress, cancellationToken => WriteAsync(files, cancellationToken));
        }
    }

    private async Task WriteAsync(List<string> files, CancellationToken cancellationToken)
    {
        using var folder = MarkdownFolder.Open(_destinationPath, Force);
        foreach (var file in files)
        {
            try
            {
                await folder.AddAsync(file, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is not LettaException { ErrorId: ErrorIds.MarkdownWriteFailed } && !ItemBoundary.EndsRun(e))
            {
                await WriteErrorAsync(ItemBoundary.Error(e, $"'{file}' cannot be converted", file), file).ConfigureAwait(false);
            }

            Progress.AddDone();
        }

        foreach (var agent in folder.Commit())
        {
            await WriteObjectAsync(agent).ConfigureAwait(false);
        }
    }
}

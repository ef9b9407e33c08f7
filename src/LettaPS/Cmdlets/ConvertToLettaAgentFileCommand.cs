using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Backups;
using LettaPS.Core.IO;
using LettaPS.Paths;

namespace LettaPS.Cmdlets;

/// <summary>
/// Makes an AgentFile v2, which servers from 0.12 on import, of the legacy file of 0.11 or of a raw agent state. No server is needed. What the old file does
/// not contain is said in the result.
/// </summary>
[Cmdlet(VerbsData.ConvertTo, "LettaAgentFile", DefaultParameterSetName = "Path", SupportsShouldProcess = true)]
[OutputType(typeof(LettaAgentFile))]
public sealed class ConvertToLettaAgentFileCommand : BackupPathCmdlet
{
    private readonly HashSet<string> _written = [];
    private readonly List<LettaBackup> _backups = [];
    private string _destinationPath = null!;

    /// <summary>The new file; or a folder, which takes the files under their names with <c>.af</c>. For sets and folders it is a folder.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    [Alias("OutPath")]
    public string DestinationPath { get; set; } = null!;

    /// <summary>Replace a file that is there.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing() => _destinationPath = FilePaths.Resolve(this, DestinationPath);

    /// <inheritdoc/>
    private protected override string Activity => "Converting agent files";

    /// <inheritdoc/>
    private protected override async Task ProcessPathAsync(string path, CancellationToken cancellationToken)
    {
        if (File.Exists(path) && BackupFolder.DumpOf(path) is null)
        {
            await ConvertAsync(path, _destinationPath, cancellationToken).ConfigureAwait(false);
            return;
        }

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
            // A dump among files that were converted is left, as in a folder.
            (_written.Count > 0 ? [] : _backups.FindAll(b => b.Kind == LettaBackupKind.Database)).ForEach(b => WriteError(BackupSelection.OnlyDumps(b.Path).ToErrorRecord(b.Path)));
            return;
        }

        RunToEnd(Progress, cancellationToken => ConvertAllAsync(files, cancellationToken));
    }

    private async Task ConvertAllAsync(List<string> files, CancellationToken cancellationToken)
    {
        if (File.Exists(_destinationPath))
        {
            throw new LettaException(ErrorIds.InvalidDestinationPath, LettaErrorKind.InvalidInput, $"'{_destinationPath}' is a file, and the backup becomes several files.", "Give a folder: ConvertTo-LettaAgentFile <path> -DestinationPath <folder>", _destinationPath);
        }

        foreach (var file in files)
        {
            try
            {
                await ConvertAsync(file, _destinationPath + System.IO.Path.DirectorySeparatorChar, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (!ItemBoundary.EndsRun(e))
            {
                await WriteErrorAsync(ItemBoundary.Error(e, $"'{file}' cannot be converted", file), file).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Converts a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="outPath">The new file; or a folder, which exists or ends as folders do.</param>
    private async Task ConvertAsync(string path, string outPath, CancellationToken cancellationToken)
    {
        var target = Directory.Exists(outPath) || System.IO.Path.EndsInDirectorySeparator(outPath) ? System.IO.Path.Combine(outPath, System.IO.Path.GetFileNameWithoutExtension(path) + ".af") : outPath;
        if (!_written.Add(target))
        {
            throw new LettaException(ErrorIds.DestinationPathConflict, LettaErrorKind.Conflict, $"'{target}' was written in this run for another agent.", "Give a folder: ConvertTo-LettaAgentFile <path> -DestinationPath <folder>", path);
        }

        if (File.Exists(target) && !Force)
        {
            throw new LettaException(ErrorIds.AgentFileExists, LettaErrorKind.Conflict, $"The file '{target}' exists.", "Give another -DestinationPath, or add -Force to replace the file.", target);
        }

        if (await ShouldProcessAsync(target, $"Convert {path}").ConfigureAwait(false))
        {
            if (System.IO.Path.EndsInDirectorySeparator(outPath))
            {
                PrivateFile.CreateFolder(outPath);
            }

            var file = await AgentFileConverter.ConvertAsync(path, target, cancellationToken).ConfigureAwait(false);
            foreach (var gap in file.Missing)
            {
                await WriteWarningAsync($"{file.AgentName}: {gap}").ConfigureAwait(false);
            }

            await WriteObjectAsync(file).ConfigureAwait(false);
            Progress.AddDone();
        }
    }
}

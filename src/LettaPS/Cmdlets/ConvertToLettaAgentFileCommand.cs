using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Core.AgentFiles;
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
    private string _outPath = null!;

    /// <summary>The new file; or a folder, which takes the files under their names with <c>.af</c>.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public string OutPath { get; set; } = null!;

    /// <summary>Replace a file that is there.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing() => _outPath = FilePaths.Resolve(this, OutPath);

    /// <inheritdoc/>
    private protected override string Activity => "Converting agent files";

    /// <inheritdoc/>
    private protected override async Task ProcessPathAsync(string path, CancellationToken cancellationToken)
    {
        var target = Directory.Exists(_outPath) ? System.IO.Path.Combine(_outPath, System.IO.Path.GetFileNameWithoutExtension(path) + ".af") : _outPath;
        if (!_written.Add(target))
        {
            throw new LettaException("OutPathTaken", LettaErrorKind.Conflict, $"'{target}' was already written in this run, and would take another agent's place.", "Give a folder as -OutPath.", path);
        }

        if (File.Exists(target) && !Force)
        {
            throw new LettaException("AgentFileExists", LettaErrorKind.Conflict, $"There is a file '{target}' already.", "Give another -OutPath, a folder, or -Force.", target);
        }

        if (await ShouldProcessAsync(target, $"Convert {path}").ConfigureAwait(false))
        {
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

using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Completion;
using LettaPS.Core.Compose.Model;
using LettaPS.Core.Compose.Pinning;
using LettaPS.Parameters;

namespace LettaPS.Cmdlets;

/// <summary>
/// Gets the references to Letta's image in compose files: one object for each service, with where the reference stands, what compose makes of it,
/// whether it floats, and what the service's container really runs.
/// </summary>
[Cmdlet(VerbsCommon.Get, "LettaImagePin")]
[OutputType(typeof(LettaImagePin))]
public sealed class GetLettaImagePinCommand : ComposeCmdlet
{
    private readonly HashSet<(string Path, int Line, string Service)> _written = [];
    private EngineImages? _engine;

    /// <summary>Services whose references are wanted; with wildcards. Without it, all that run Letta.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ComposeServiceCompleter))]
    public string[]? Service { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing() => _engine = new(RunToEnd);

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (IsGiven)
        {
            ForEachFile(WritePins);
            return;
        }

        ForEachFileHere(WritePins);
        foreach (var container in Running())
        {
            var reader = container.EnvFiles.Count > 0 ? new ComposeReader(Yaml, Environment.GetEnvironmentVariable, container.EnvFiles) : Reader;
            foreach (var file in container.ComposeFiles.Where(File.Exists))
            {
                Guard(file, named: false, () => WritePins(file, reader));
            }
        }
    }

    private void WritePins(IReadOnlyList<string> paths)
    {
        foreach (var path in paths)
        {
            WritePins(path, Reader);
        }
    }

    private void WritePins(string path, ComposeReader reader)
    {
        var project = reader.Project(path);
        foreach (var use in project.Pins.Where(u => Service.IsMatchedBy(u.Part.Service)))
        {
            var pin = ImagePins.Describe(use, project, Running());
            if (_written.Add((pin.Path, pin.Line, pin.Service)))
            {
                WriteObject(pin);
            }
        }
    }

    private IReadOnlyList<RunningImage> Running()
    {
        try
        {
            return _engine!.Running;
        }
        catch (LettaException e)
        {
            // Files can be read without an engine; then nothing is known to run.
            WriteVerbose(e.Message);
            return [];
        }
    }
}

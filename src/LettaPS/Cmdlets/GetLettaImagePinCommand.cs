using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Completion;
using LettaPS.Core.Compose.Model;
using LettaPS.Core.Compose.Pinning;
using LettaPS.Parameters;

namespace LettaPS.Cmdlets;

/// <summary>
/// Gets the references to Letta's image in compose files, Dockerfiles, Kubernetes manifests, Helm values and Quadlets: one object for each, with where it is
/// written, the product behind it, whether it floats, and what the service's container really runs.
/// </summary>
[Cmdlet(VerbsCommon.Get, "LettaImagePin")]
[OutputType(typeof(LettaImagePin))]
public sealed class GetLettaImagePinCommand : ComposeCmdlet
{
    private readonly HashSet<(string Path, int Line, string Service)> _written = [];
    private readonly List<string> _read = [];
    private EngineImages? _engine;
    private bool _failed;

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
            ForEachFile();
            return;
        }

        var any = ForEachFileHere();
        foreach (var container in Running())
        {
            var reader = container.EnvFiles.Count > 0 ? new ComposeReader(Yaml, Environment.GetEnvironmentVariable, container.EnvFiles) : Reader;
            foreach (var file in container.ComposeFiles.Where(File.Exists))
            {
                any = true;
                Guard(file, named: false, () => WritePins(file, reader));
            }
        }

        if (!any)
        {
            var folder = SessionState.Path.CurrentFileSystemLocation.ProviderPath;
            _failed = true;
            WriteError(NothingIn(folder).ToErrorRecord(folder));
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_written.Count == 0 && !_failed && _read.Count > 0)
        {
            var called = Service is null ? string.Empty : $" and is called {string.Join(" or ", Service.Select(s => $"'{s}'"))}";
            WriteError(new LettaException(
                ErrorIds.LettaImageNotFound,
                LettaErrorKind.NotFound,
                $"No service runs a Letta image{called} in {string.Join(", ", _read.Distinct().Select(r => $"'{r}'"))}.",
                "Give the file that names the image: Get-LettaImagePin -Path <path>").ToErrorRecord());
        }
    }

    /// <inheritdoc/>
    private protected override void Process(IReadOnlyList<string> paths)
    {
        foreach (var path in paths)
        {
            WritePins(path, Reader);
        }
    }

    /// <inheritdoc/>
    private protected override void Process(IReadOnlyList<ImagePlace> places)
    {
        _read.Add(places[0].File.Path);
        foreach (var place in places)
        {
            Write(ImagePins.Describe(place));
        }
    }

    private void WritePins(string path, ComposeReader reader)
    {
        _read.Add(path);
        var project = reader.Project(path);
        foreach (var use in project.Pins)
        {
            Write(ImagePins.Describe(use, project, Running()));
        }

        foreach (var (service, place) in project.BuiltPins)
        {
            Write(ImagePins.Describe(place, service.Name, path));
        }
    }

    /// <summary>Writes a reference once: a Dockerfile may be found by itself and by the services that are built from it.</summary>
    private void Write(LettaImagePin pin)
    {
        if (!Service.IsMatchedBy(pin.Service))
        {
            return;
        }

        var isFound = pin.Format == LettaImageFormat.Dockerfile && _written.Any(w => (w.Path, w.Line) == (pin.Path, pin.Line));
        if (!isFound && _written.Add((pin.Path, pin.Line, pin.Service)))
        {
            WriteObject(pin);
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

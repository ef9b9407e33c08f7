using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Completion;
using LettaPS.Core.Compose.Model;
using LettaPS.Core.Compose.Pinning;
using LettaPS.Core.IO;
using LettaPS.Parameters;

namespace LettaPS.Cmdlets;

/// <summary>
/// Pins Letta's image in compose files to a release, to what is running, or to a digest. Only the bytes of the reference change: in the compose file,
/// in the file that it extends or includes, or in the <c>.env</c> file where that is what decides.
/// </summary>
/// <remarks>
/// The change is proved before it is made: read again, the files say the same but for the reference. A file that someone else changes in the meantime
/// stays as it is. With <c>-WhatIf</c> the change is shown as a unified diff.
/// </remarks>
[Cmdlet(VerbsCommon.Set, "LettaImagePin", SupportsShouldProcess = true, DefaultParameterSetName = ByDigest)]
[OutputType(typeof(LettaImagePin))]
public sealed class SetLettaImagePinCommand : ComposeCmdlet
{
    private const string ByVersion = "Version";
    private const string ByRunning = "Running";
    private const string ByDigest = "Digest";

    private readonly List<Request> _requests = [];
    private EngineImages? _engine;
    private int _found;
    private int _made;

    /// <summary>The release to pin to: its version, which is the tag of its image.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByVersion)]
    [Alias("Tag")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ReleaseCompleter))]
    public string? Version { get; set; }

    /// <summary>Pin each service to what its container runs now.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByRunning)]
    public SwitchParameter FromRunning { get; set; }

    /// <summary>Pin to the image's digest too, as the container engine knows it; without the others, only add it to the tag that is there.</summary>
    /// <remarks>Of all sets, so that it alone decides for none: its own is the default one, and not mandatory there, since who names nothing is to be told of all three.</remarks>
    [Parameter]
    public SwitchParameter Digest { get; set; }

    /// <summary>References that <c>Get-LettaImagePin</c> found.</summary>
    [Parameter(ValueFromPipeline = true)]
    [ValidateNotNull]
    public LettaImagePin[]? InputObject { get; set; }

    /// <summary>Services to pin; with wildcards. Without it, all that run Letta.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ComposeServiceCompleter))]
    public string[]? Service { get; set; }

    /// <summary>Keep each changed file as it was, with <c>.bak</c> after its name; an older one of that name is replaced.</summary>
    [Parameter]
    public SwitchParameter Backup { get; set; }

    /// <summary>
    /// Accept a tag that is no known release, a release older than the running one, and a text that serves services which were not asked for. A tag
    /// that moves, such as <c>latest</c>, is never accepted.
    /// </summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Give out the references as they are afterwards.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        _engine = new(RunToEnd);
        try
        {
            if (Version is null && !FromRunning && !Digest)
            {
                throw new LettaException("NoPinTarget", LettaErrorKind.InvalidInput, "It is not said what to pin to.", "Use -Version, -FromRunning or -Digest.");
            }

            if (Version is not null)
            {
                LettaImageTags.Known.Check(Version, Force);
            }
        }
        catch (LettaException e)
        {
            ThrowTerminatingError(e.ToErrorRecord(Version));
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var pin in InputObject ?? [])
        {
            _requests.Add(new(pin.ComposeFile, pin));
        }

        if (InputObject is not null)
        {
            return;
        }

        if (IsGiven)
        {
            ForEachFile(Ask);
        }
        else
        {
            ForEachFileHere(Ask);
        }
    }

    /// <inheritdoc/>
    /// <remarks>Only now, so that each file is changed once, whatever number of references in it the pipeline brought.</remarks>
    protected override void EndProcessing()
    {
        var planner = new PinPlanner(Yaml, Reader, Force);
        List<(string ComposeFile, ImageUse Use)> wanted = [];
        foreach (var request in _requests.GroupBy(r => r.ComposeFile))
        {
            Guard(request.Key, named: true, () =>
            {
                var project = Reader.Project(request.Key);
                var pins = Select(project, [.. request]).Select(u => (Use: u, Target: Target(u, project))).Where(p => p.Target is not null).ToList();
                planner.Add(project, pins.Select(p => (p.Use, p.Target!)), e => WriteError(e.ToErrorRecord()));
                wanted.AddRange(pins.Select(p => (request.Key, p.Use)));
            });
        }

        if (_requests.Count > 0 && _found == 0)
        {
            var called = Service is null ? string.Empty : $" and is called {string.Join(" or ", Service)}";
            WriteError(new LettaException(
                "NoLettaImage",
                LettaErrorKind.NotFound,
                $"There is no service that runs Letta{called} in {string.Join(", ", _requests.Select(r => $"'{r.ComposeFile}'").Distinct())}.",
                "Get-LettaImagePin lists the services.").ToErrorRecord());
        }

        Guard(null, named: true, () =>
        {
            var changes = planner.Changes();
            WarnOfOverrides(wanted);
            foreach (var change in changes)
            {
                Guard(change.Before.Path, named: true, () => Make(change));
            }

            if (PassThru && (_made > 0 || changes.Count == 0))
            {
                WritePins(wanted);
            }
        });
    }

    private void Ask(IReadOnlyList<string> paths)
    {
        // Read at once, so that an error belongs to the input that it is about.
        foreach (var path in paths)
        {
            _ = Reader.Project(path);
            _requests.Add(new(path, null));
        }
    }

    private void Make(FileChange change)
    {
        var path = change.Before.Path;
        if (ShouldProcess($"Pinning Letta's image in '{path}':\n{change.Preview}", $"Pin Letta's image in '{path}'?\n{change.Preview}", "Set-LettaImagePin"))
        {
            SafeFileReplace.Replace(change, Backup);
            _made++;
            WriteVerbose($"Pinned Letta's image in '{path}'.");
        }
    }

    /// <summary>The references of a project that are wanted.</summary>
    private IEnumerable<ImageUse> Select(ComposeProject project, IReadOnlyList<Request> requests)
    {
        ImageUse[] uses = [.. project.Pins.Where(u => Service.IsMatchedBy(u.Part.Service))];
        _found += uses.Length;
        if (requests.Any(r => r.Pin is null))
        {
            return uses;
        }

        return requests.Where(r => Service.IsMatchedBy(r.Pin!.Service)).Select(r => uses.FirstOrDefault(u => IsStill(r.Pin!, u)) ?? throw new LettaException(
            "PinChanged",
            LettaErrorKind.Refused,
            $"The image of service '{r.Pin!.Service}' is no longer '{r.Pin.Resolved ?? r.Pin.Image}' in line {r.Pin.Line} of '{r.Pin.Path}'.",
            "Run Get-LettaImagePin again.",
            r.Pin)).Distinct();
    }

    private static bool IsStill(LettaImagePin pin, ImageUse use) =>
        (pin.Path, pin.Line, pin.Service, pin.Image) == (use.Source.File.Path, use.Line, use.Part.Service, use.Node.Value.Trim())
        && (pin.Resolved is null || pin.Resolved == use.Reference.Text);

    /// <summary>What a service is to run; <see langword="null"/> after an error where that is unknown or refused.</summary>
    private PinTarget? Target(ImageUse use, ComposeProject project)
    {
        var targets = new PinTargets(LettaImageTags.Known, _engine!.FindDigest);
        try
        {
            var target = ParameterSetName switch
            {
                ByVersion => targets.ToVersion(use, Version!, Digest, WhatRuns(use, project, needed: Digest), Force),
                ByRunning => targets.ToRunning(use, WhatRuns(use, project, needed: true), Digest),
                _ => targets.ToDigest(use, WhatRuns(use, project, needed: true)),
            };
            if (target.Digest is null && use.Reference.Digest is { } digest)
            {
                // Kept, it would win over the tag.
                WriteWarning($"The digest {digest} of service '{use.Part.Service}' goes, since it may be another release's than {target.Tag}. Use -Digest to pin that of {target.Tag}.");
            }

            return target;
        }
        catch (LettaException e)
        {
            WriteError(e.ToErrorRecord(use.Part.Service));
            return null;
        }
    }

    /// <summary>The container of a service.</summary>
    /// <param name="use">The service's image.</param>
    /// <param name="project">The project.</param>
    /// <param name="needed">Whether nothing can be done without knowing.</param>
    private RunningImage? WhatRuns(ImageUse use, ComposeProject project, bool needed)
    {
        try
        {
            return ImagePins.Running(use, project, _engine!.Running);
        }
        catch (LettaException e) when (!needed)
        {
            WriteVerbose($"What runs is not known: {e.Message}");
            return null;
        }
    }

    /// <summary>Warns where another file, which is not pinned too, sets the image in the end.</summary>
    private void WarnOfOverrides(List<(string ComposeFile, ImageUse Use)> wanted)
    {
        foreach (var (file, use) in wanted)
        {
            if (ImagePins.Overriding(use, Reader.Project(file)) is { } other && !wanted.Any(w => w.Use.SharesTextWith(other)))
            {
                WriteWarning($"Line {other.Line} of '{other.Source.File.Path}' sets '{other.Node.Value.Trim()}' for service '{use.Part.Service}' and wins over '{file}'.");
            }
        }
    }

    private void WritePins(List<(string ComposeFile, ImageUse Use)> wanted)
    {
        var reader = new ComposeReader(Yaml, Environment.GetEnvironmentVariable, Reader.EnvFiles);
        foreach (var group in wanted.GroupBy(w => w.ComposeFile, w => w.Use))
        {
            var project = reader.Project(group.Key);
            foreach (var use in project.Pins.Where(u => group.Any(w => w.IsSameAs(u))))
            {
                WriteObject(ImagePins.Describe(use, project, WhatRuns(use, project, needed: false) is { } running ? [running] : []));
            }
        }
    }

    private sealed record Request(string ComposeFile, LettaImagePin? Pin);
}

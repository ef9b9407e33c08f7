using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Completion;
using LettaPS.Core.Compose.Files;
using LettaPS.Core.Compose.Model;
using LettaPS.Core.Compose.Pinning;
using LettaPS.Core.Compose.Rules;
using LettaPS.Core.IO;
using LettaPS.Parameters;

namespace LettaPS.Cmdlets;

/// <summary>
/// Pins Letta's image in compose files, Dockerfiles, Kubernetes manifests, Helm values and Quadlets to a release, to what is running, or to a digest. Only the
/// bytes of the reference change: in the file itself, in one that it extends, includes or builds, or in the <c>.env</c> file if that is what decides.
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
    private readonly List<ImagePlace> _places = [];
    private readonly HashSet<ImagePlace> _built = [];
    private readonly Dictionary<ImagePlace, string> _projects = [];
    private readonly HashSet<FileChange> _made = [];
    private EngineImages? _engine;
    private int _found;

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

    /// <summary>Keep each changed file as it was, as <c>.bak</c>, or <c>.bak.1</c> and so on if there is an older one.</summary>
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
                throw new LettaException(ErrorIds.PinTargetRequired, LettaErrorKind.InvalidInput, "The target of the pin is missing.", "Specify -Version, -FromRunning or -Digest: Set-LettaImagePin -Version 0.16.8");
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
            if (pin.Format == LettaImageFormat.Compose)
            {
                _requests.Add(new(pin.ComposeFile, pin));
            }
            else
            {
                Guard(pin.Path, named: true, () => Add(pin));
            }
        }

        if (InputObject is not null)
        {
            return;
        }

        if (IsGiven)
        {
            ForEachFile();
        }
        else if (!ForEachFileHere())
        {
            var folder = SessionState.Path.CurrentFileSystemLocation.ProviderPath;
            WriteError(NothingIn(folder).ToErrorRecord(folder));
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

        _found += _places.Count(p => Service.IsMatchedBy(p.Name) || _built.Contains(p));
        if (_requests.Count + _places.Count > 0 && _found == 0)
        {
            var called = Service is null ? string.Empty : $" and is called {string.Join(" or ", Service)}";
            WriteError(new LettaException(
                ErrorIds.LettaImageNotFound,
                LettaErrorKind.NotFound,
                $"No service runs Letta{called} in {string.Join(", ", _requests.Select(r => r.ComposeFile).Concat(_places.Select(p => p.File.Path)).Distinct().Select(p => $"'{p}'"))}.",
                "List the services: Get-LettaImagePin -Path <path>").ToErrorRecord());
        }

        IReadOnlyList<FileChange> changes = [];
        var isPlanned = false;
        Guard(null, named: true, () =>
        {
            changes = planner.Changes();
            WarnOfOverrides(wanted);
            isPlanned = true;
        });
        var places = PlanPlaces();
        foreach (var group in ChangeGroup.Of([
            .. changes.Select(c => (c, planner.ProjectsOf(c).Select(MainFileOf))),
            .. places.Where(p => p.Change is not null).Select(p => (p.Change!, p.Projects.Select(MainFileOf)))]))
        {
            Make(group.Changes);
        }

        if (PassThru)
        {
            Guard(null, named: true, () =>
            {
                if (isPlanned && (changes.Count == 0 || changes.Any(_made.Contains)))
                {
                    WritePins(wanted);
                }

                foreach (var place in places.Where(p => p.Change is null || _made.Contains(p.Change)))
                {
                    var now = Files.Read(TextFile.Read(place.Path));
                    WriteObject(place.Indexes.Select(i => ImagePins.Describe(now[i])), enumerateCollection: true);
                }
            });
        }
    }

    /// <inheritdoc/>
    private protected override void Process(IReadOnlyList<string> paths)
    {
        // Read at once, so that an error belongs to the input that it is about.
        foreach (var path in paths)
        {
            _ = Reader.Project(path);
            _requests.Add(new(path, null));
        }
    }

    /// <inheritdoc/>
    private protected override void Process(IReadOnlyList<ImagePlace> places) => _places.AddRange(places);

    /// <summary>A reference from the pipeline, as its file has it now.</summary>
    private void Add(LettaImagePin pin)
    {
        var isInline = pin.Format == LettaImageFormat.Dockerfile && ImageFiles.IsYaml(pin.Path);
        var place = isInline ? Reader.Project(pin.ComposeFile).BuiltPins.Select(b => b.Place).FirstOrDefault(IsStill) : Files.Read(Reader.Source(pin.Path)).FirstOrDefault(IsStill);
        place = place ?? throw new LettaException(
            ErrorIds.PinChanged,
            LettaErrorKind.Refused,
            $"The image in line {pin.Line} of '{pin.Path}' is no longer '{pin.Image}'.",
            "Read the file again: Get-LettaImagePin -Path <path>",
            pin);
        _places.Add(place);
        _projects[place] = pin.ComposeFile;

        bool IsStill(ImagePlace place) => (place.File.Path, place.Line, place.Written, place.Reference.Text) == (pin.Path, pin.Line, pin.Image, pin.Resolved);
    }

    /// <summary>Plans how files other than compose files change, each file once.</summary>
    private List<PlannedPlaces> PlanPlaces()
    {
        List<PlannedPlaces> planned = [];
        foreach (var file in _places.DistinctBy(p => (p.File.RealPath, p.Line, p.Written)).GroupBy(p => p.File.RealPath))
        {
            var source = file.First().File;
            Guard(source.Path, named: true, () =>
            {
                var places = Files.Read(source);
                Dictionary<int, PinTarget> targets = [];
                foreach (var place in file.Where(p => Service.IsMatchedBy(p.Name) || _built.Contains(p)))
                {
                    Guard(source.Path, named: true, () => targets[IndexOf(places, place)] = Target(place));
                }

                var projects = _places.Where(p => p.File.RealPath == file.Key).Select(p => _projects.GetValueOrDefault(p, p.File.RealPath)).Distinct();
                planned.Add(new(source.Path, new PlacePinner(Files, Force).Plan(source, targets), targets.Keys, [.. projects]));
            });
        }

        return planned;
    }

    private static int IndexOf(IReadOnlyList<ImagePlace> places, ImagePlace place)
    {
        for (var i = 0; i < places.Count; i++)
        {
            if ((places[i].Line, places[i].Written) == (place.Line, place.Written))
            {
                return i;
            }
        }

        throw place.NotEditable();
    }

    /// <summary>What a place is to name.</summary>
    private PinTarget Target(ImagePlace place)
    {
        if (place.Change is null)
        {
            throw place.NotEditable();
        }

        if (FromRunning)
        {
            throw new LettaException(
                ErrorIds.ServiceNotRunning,
                LettaErrorKind.NotFound,
                $"LettaPS cannot find the container of the image in line {place.Line} of '{place.File.Path}'. Only containers of Compose name their file.",
                "Name the release: Set-LettaImagePin -Version <release>",
                place.File.Path);
        }

        if (Version is not null)
        {
            if (PlaceAudit.IsAppServer(place))
            {
                throw LeftAlone($"'{place.Reference}' in line {place.Line} of '{place.File.Path}'", place.File.Path);
            }

            PinTargets.CheckUpgrade(place.Reference, Version, Force, $"in line {place.Line} of '{place.File.Path}'", place.File.Path);
        }

        var target = new PinTarget(Version ?? (place.Reference.IsFloating ? null : place.Reference.Tag), null);
        return !Digest ? target : target with
        {
            Digest = _engine!.FindDigest(target.Tag is null ? place.Reference.Text : target.Apply(place.Reference)) ?? throw new LettaException(
                ErrorIds.DigestNotFound,
                LettaErrorKind.NotFound,
                $"The container engine knows no digest of '{place.Reference}': it does not have the image, or the image was built or loaded there.",
                $"Pull it first: {_engine.EngineCommand} pull {target.Apply(place.Reference)}",
                place.File.Path),
        };
    }

    private static LettaException LeftAlone(string what, object target) => new(
        ErrorIds.AppServerNotSupported,
        LettaErrorKind.Refused,
        $"{what} is an App Server of Letta Code or its client. LettaPS does not pin it to a release of the V1 server.",
        "Leave the file unchanged. If it was a V1 server, first restore its settings, such as the volume at /var/lib/postgresql/data.",
        target);

    /// <summary>Makes changes that belong together, if the user agrees to all of them.</summary>
    private void Make(List<FileChange> changes)
    {
        var agreed = changes.FindAll(c => ShouldProcess(
            $"Pinning Letta's image in '{c.Before.Path}':\n{c.Preview}", $"Pin Letta's image in '{c.Before.Path}'?\n{c.Preview}", "Set-LettaImagePin"));
        if (agreed.Count < changes.Count)
        {
            agreed.ForEach(c => WriteWarning($"'{c.Before.Path}' stays as it is, because another file of its project does."));
            return;
        }

        var current = changes[0];
        Guard(null, named: true, () =>
        {
            try
            {
                SafeFileReplace.ReplaceAll(changes, Backup, c => current = c);
            }
            catch (Exception e) when (e is LettaException or IOException or UnauthorizedAccessException)
            {
                WriteError(e.ToErrorRecord((e as LettaException)?.Target ?? current.Before.Path));
                changes.FindAll(c => c != current).ForEach(c => WriteWarning($"'{c.Before.Path}' is not pinned, because another file of its project could not be: '{current.Before.Path}'."));
                return;
            }

            _made.UnionWith(changes);
            changes.ForEach(c => WriteVerbose($"Pinned Letta's image in '{c.Before.Path}'."));
        });
    }

    /// <summary>The references of a project that are wanted.</summary>
    private IEnumerable<ImageUse> Select(ComposeProject project, IReadOnlyList<Request> requests)
    {
        var (all, isAlone) = (requests.Any(r => r.Pin is null), !project.Pins.Any(u => !IsAppServer(u, project)));
        ImageUse[] matching = [.. project.Pins.Where(u => Service.IsMatchedBy(u.Part.Service))];
        if (all)
        {
            foreach (var (service, place) in project.BuiltPins.Where(b => Service.IsMatchedBy(b.Service.Name)))
            {
                _places.Add(place);
                _built.Add(place);
                _projects[place] = project.Roots[0];

                // What a service is built from is pinned; the name of one's own image is not.
                matching = [.. matching.Where(u => u.Part.Service != service.Name)];
            }
        }

        _found += matching.Length;
        List<ImageUse> uses = [];
        foreach (var use in matching)
        {
            if (Version is null || !IsAppServer(use, project))
            {
                uses.Add(use);
            }
            else if (!all || Service is not null || isAlone)
            {
                WriteError(LeftAlone($"'{use.Reference}' of service '{use.Part.Service}'", use.Part.Service).ToErrorRecord());
            }
            else
            {
                WriteVerbose($"Service '{use.Part.Service}' is an App Server of Letta Code and stays as it is.");
            }
        }

        if (uses.Count < matching.Length && !all)
        {
            requests = [.. requests.Where(r => matching.FirstOrDefault(u => IsStill(r.Pin!, u)) is not { } use || uses.Contains(use))];
        }

        if (all)
        {
            return uses;
        }

        return requests.Where(r => Service.IsMatchedBy(r.Pin!.Service)).Select(r => uses.FirstOrDefault(u => IsStill(r.Pin!, u)) ?? throw new LettaException(
            ErrorIds.PinChanged,
            LettaErrorKind.Refused,
            $"The image of service '{r.Pin!.Service}' is no longer '{r.Pin.Resolved ?? r.Pin.Image}' in line {r.Pin.Line} of '{r.Pin.Path}'.",
            "Read the file again: Get-LettaImagePin -Path <path>",
            r.Pin)).Distinct();
    }

    private static bool IsAppServer(ImageUse use, ComposeProject project) => ComposeAudit.IsAppServer(project.Service(use.Part.Service));

    private static bool IsStill(LettaImagePin pin, ImageUse use) =>
        (pin.Path, pin.Line, pin.Service, pin.Image) == (use.Source.File.Path, use.Line, use.Part.Service, use.Node.Value.Trim())
        && (pin.Resolved is null || pin.Resolved == use.Reference.Text);

    /// <summary>What a service is to run; <see langword="null"/> after an error where that is unknown or refused.</summary>
    private PinTarget? Target(ImageUse use, ComposeProject project)
    {
        var targets = new PinTargets(LettaImageTags.Known, _engine!.FindDigest, () => _engine!.EngineCommand);
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

    /// <summary>What becomes of a file that is not a compose file.</summary>
    /// <param name="Path">The file.</param>
    /// <param name="Change">Its change; <see langword="null"/> if it says already what is wanted.</param>
    /// <param name="Indexes">The positions of the places.</param>
    /// <param name="Projects">The projects that build it, or the file itself.</param>
    private sealed record PlannedPlaces(string Path, FileChange? Change, IEnumerable<int> Indexes, IReadOnlyList<string> Projects);
}

using LettaPS.Core.Compose.Yaml;

namespace LettaPS.Core.Compose.Model;

/// <summary>Compose files that make one project, with what they include and what their services extend.</summary>
internal sealed class ComposeProject
{
    private readonly ComposeReader _reader;
    private List<ImageUse>? _images;

    internal ComposeProject(IReadOnlyList<string> roots, IReadOnlyList<(ComposeFile File, ComposeEnvironment Environment)> files, ComposeReader reader)
    {
        Roots = roots;
        Files = files;
        _reader = reader;
    }

    /// <summary>Full paths that the project was read from: the main file and those put on top of it.</summary>
    public IReadOnlyList<string> Roots { get; }

    /// <summary>The files and the variables each is read with; of two that say something of a service the later counts.</summary>
    public IReadOnlyList<(ComposeFile File, ComposeEnvironment Environment)> Files { get; }

    /// <summary>The names of all services.</summary>
    public IEnumerable<string> ServiceNames => Files.SelectMany(f => f.File.ServiceNames).Distinct();

    /// <summary>Every place where a service says, or inherits, which image it runs.</summary>
    /// <exception cref="LettaException">What a service extends cannot be read.</exception>
    public IReadOnlyList<ImageUse> Images => _images ??= [.. ServiceNames.SelectMany(Parts).Select(ImageOf).OfType<ImageUse>()];

    /// <summary>Those of <see cref="Images"/> that are Letta's.</summary>
    /// <exception cref="LettaException">What a service extends cannot be read.</exception>
    public IEnumerable<ImageUse> Pins => Images.Where(i => i.Reference.IsLetta);

    /// <summary>The services whose image is built here, and the images of Letta's that their Dockerfiles name.</summary>
    /// <exception cref="LettaException">What a service extends cannot be read.</exception>
    public IEnumerable<(ComposeService Service, ImagePlace Place)> BuiltPins =>
        from name in ServiceNames
        where Parts(name).Any()
        let service = Service(name)
        let build = service.Build
        where build is not null
        from place in build.Inline is { } inline ? Dockerfile.ReadInline(build.Setting.Part.File.Source, inline, build.Arguments)
            : _reader.Mounted(build.Path) is { } dockerfile ? Dockerfile.Read(dockerfile, build.Arguments) : []
        select (service, place);

    /// <summary>The same project with the override file on top that compose would put there by itself; itself where there is none.</summary>
    public ComposeProject WithDefaultOverride =>
        Roots.Count == 1 && ComposeFile.FindDefaultOverride(Roots[0]) is { } path ? _reader.Project(Roots[0], path) : this;

    /// <summary>What each document of each file says of a service, in order.</summary>
    /// <param name="service">Name of the service.</param>
    public IEnumerable<ServicePart> Parts(string service) => Files
        .SelectMany(f => f.File.Find(service).Select(body => new ServicePart(service, f.File, body, f.Environment)));

    /// <summary>A service as compose would run it.</summary>
    /// <param name="service">Name of the service.</param>
    /// <exception cref="LettaException">What the service extends cannot be read.</exception>
    public ComposeService Service(string service) => new(service, [.. Parts(service).SelectMany(_reader.WithExtended)], _reader);

    private ImageUse? ImageOf(ServicePart part)
    {
        var source = _reader.WithExtended(part).LastOrDefault(p => Image(p) is not null);
        return source is null ? null : new(part, source, Image(source)!);
    }

    private static YamlScalar? Image(ServicePart part) => part.Body.Find("image") is YamlScalar { IsNull: false, Tag: not "!reset" } image ? image : null;
}

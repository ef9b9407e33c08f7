using LettaPS.Core.Compose.Yaml;

namespace LettaPS.Core.Compose.Model;

/// <summary>A service as compose would run it: what its documents, the services that it extends and override files say, put together.</summary>
internal sealed class ComposeService
{
    private readonly IReadOnlyList<ServicePart> _parts;
    private readonly ComposeReader _reader;
    private StartCommand? _start;
    private ComposeBuild? _build;

    internal ComposeService(string name, IReadOnlyList<ServicePart> parts, ComposeReader reader)
    {
        Name = name;
        _parts = parts;
        _reader = reader;
        var last = _parts[^1];
        Here = ComposeSetting.Of(last, last.Body);
        ImageSetting = Get("image");
        Image = ImageSetting?.Value is { } image ? ImageReference.Parse(image) : null;
        Environment = ReadEnvironment();
        Ports = [.. List("ports").SelectMany(ComposePort.Parse)];
        Mounts = [.. List("volumes").Select(ComposeMount.TryParse).OfType<ComposeMount>(), .. List("tmpfs").Select(s => new ComposeMount("tmpfs", null, s.Value?.Split(':')[0] ?? string.Empty, s))];
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>The service itself, as a place to point at.</summary>
    public ComposeSetting Here { get; }

    /// <summary>Its image; <see langword="null"/> where it is only built.</summary>
    public ImageReference? Image { get; }

    /// <summary>Where its image is set.</summary>
    public ComposeSetting? ImageSetting { get; }

    /// <summary>Whether it is built here.</summary>
    public bool IsBuilt => Get("build") is not null;

    /// <summary>How it is built; <see langword="null"/> if it is not.</summary>
    public ComposeBuild? Build => _build ??= Get("build") is { } build ? ComposeBuild.Read(build, _reader) : null;

    /// <summary>Letta's image that it runs or is built on; <see langword="null"/> if that is none of Letta's.</summary>
    public ImageReference? LettaImage => Build?.Base is { Reference: { IsLetta: true } reference } ? reference : Image is { IsLetta: true } ? Image : null;

    /// <summary>A variable without a value that leaves its image without a meaning; <see langword="null"/> if there is none.</summary>
    public string? UnsetImageVariable => IsBuilt || ImageSetting is not { Written: { } written } setting ? null
        : ComposeTemplate.TryParse(written)?.Expand(setting.Part.Environment) is not { } expansion ? null
        : expansion.MissingVariable
            ?? (expansion.Text.Trim() is "" or [.., ':'] or ['/', ..] or ['@', ..] ? expansion.Pieces.FirstOrDefault(p => p.Kind == TemplateSegmentKind.Unset)?.Variable : null);

    /// <summary>Names of the profiles that it belongs to; none if it always runs.</summary>
    public IReadOnlyList<string> Profiles => [.. List("profiles").Select(p => p.Value).OfType<string>()];

    /// <summary>The networks that it is in.</summary>
    public IReadOnlyList<string> NetworkNames => Entries("networks").Select(e => e.Key).ToList() is { Count: > 0 } names ? names : ["default"];

    /// <summary>The variables of its environment; the value of one that is handed through and not set is <see langword="null"/>.</summary>
    public IReadOnlyDictionary<string, ComposeSetting> Environment { get; }

    /// <summary>Its published ports.</summary>
    public IReadOnlyList<ComposePort> Ports { get; }

    /// <summary>What is mounted into it.</summary>
    public IReadOnlyList<ComposeMount> Mounts { get; }

    /// <summary>Whether it shares the network of the machine.</summary>
    public bool IsOnHostNetwork => Get("network_mode")?.Value == "host";

    /// <summary>The names by which other services can reach it.</summary>
    public IEnumerable<string> HostNames
    {
        get
        {
            string?[] own = [Name, Get("container_name")?.Value, Get("hostname")?.Value];
            var networks = Get("networks")?.Node as YamlMapping;
            var aliases = networks?.Flatten().SelectMany(n => ServicePart.Scalars((n.Value as YamlMapping)?.Find("aliases")).Select(a => a.Value)) ?? [];
            return own.OfType<string>().Concat(aliases).Distinct();
        }
    }

    /// <summary>The names of the services that it waits for.</summary>
    public IEnumerable<string> DependsOn => Entries("depends_on").Select(e => e.Key);

    /// <summary>What its container does when it starts, as far as the file sets it; <see langword="null"/> if the image's own command runs.</summary>
    public StartCommand? Start => _start ??= Words("entrypoint").Concat(Words("command")).ToList() is { Count: > 0 } words
        ? StartCommand.Read(words, path => _reader.Mounted(HostPathOf(path))?.Text)
        : null;

    /// <summary>The path on this machine of a file in the container that is mounted there, by itself or with its folder.</summary>
    /// <param name="path">Path in the container.</param>
    private string? HostPathOf(string path) => Mounts.Where(m => m.HostPath is not null && m.Holds(path)).MaxBy(m => m.Target.Length) is { } mount
        ? mount.HostPath + path[mount.Target.Length..]
        : null;

    /// <summary>The words of a key that is a command: a list as it is, a text split as a shell does.</summary>
    private IEnumerable<string> Words(string key) => Get(key) is not { } setting ? []
        : setting.Node is YamlSequence list ? list.Items.Select(i => setting.Part.Expand(i)).OfType<string>()
        : setting.Value is { } text ? ShellScript.Split(text) : [];

    /// <summary>The value of a variable of its environment; <see langword="null"/> where it is not set or empty.</summary>
    /// <param name="variable">Name of the variable.</param>
    public string? Variable(string variable) => Environment.GetValueOrDefault(variable)?.Value is { Length: > 0 } value ? value : null;

    /// <summary>What counts of a key that is not put together: the last that was said.</summary>
    /// <returns>The setting, or <see langword="null"/> where there is none.</returns>
    public ComposeSetting? Get(string key) => Said(key).LastOrDefault();

    /// <summary>All items of a key that is a list.</summary>
    public IEnumerable<ComposeSetting> List(string key) => Said(key).SelectMany(s => s.Node is YamlSequence list
        ? list.Items.Select(i => ComposeSetting.Of(s.Part, i))
        : s.Node is YamlScalar ? [s] : []);

    /// <summary>All entries of a key that is a mapping, or a list of <c>NAME=value</c> or names.</summary>
    public IEnumerable<KeyValuePair<string, ComposeSetting>> Entries(string key)
    {
        foreach (var said in Said(key))
        {
            var entries = said.Node switch
            {
                YamlMapping mapping => mapping.Flatten().Select(e => new KeyValuePair<string, ComposeSetting>(e.Key, ComposeSetting.Of(said.Part, e.Value))),
                YamlSequence list => list.Items.OfType<YamlScalar>().Select(item => Assignment(said.Part, item)),
                _ => [],
            };
            foreach (var entry in entries)
            {
                yield return entry;
            }
        }
    }

    private static KeyValuePair<string, ComposeSetting> Assignment(ServicePart part, YamlScalar item)
    {
        var equals = item.Value.IndexOf('=', StringComparison.Ordinal);
        var written = equals < 0 ? null : item.Value[(equals + 1)..];
        return new(item.Value[..(equals < 0 ? item.Value.Length : equals)], new(part, item, written, written is null ? null : ServicePart.Expand(written, part.Environment)));
    }

    /// <summary>What is said of a key, the most general first, as far as nothing later takes it back.</summary>
    private List<ComposeSetting> Said(string key)
    {
        List<ComposeSetting> said = [];
        foreach (var part in _parts)
        {
            var node = part.Body.Find(key);
            if (node?.Tag is "!reset" or "!override")
            {
                said.Clear();
            }

            if (node is not null and not YamlScalar { IsNull: true } && node.Tag != "!reset")
            {
                said.Add(ComposeSetting.Of(part, node));
            }
        }

        return said;
    }

    private Dictionary<string, ComposeSetting> ReadEnvironment()
    {
        Dictionary<string, ComposeSetting> environment = new(StringComparer.Ordinal);
        foreach (var file in List("env_file"))
        {
            var path = file.Value ?? file.Part.Expand((file.Node as YamlMapping)?.Find("path"));
            var full = path is null ? null : Path.GetFullPath(path, file.Part.File.Folder);
            if (!File.Exists(full))
            {
                continue;
            }

            foreach (var assignment in EnvFile.Parse(_reader.Source(full)))
            {
                var value = assignment is { Value: { } written, IsLiteral: false } ? ServicePart.Expand(written, file.Part.Environment) : assignment.Value;
                environment[assignment.Name] = file with { Written = assignment.Value, Value = value, Path = full, Line = assignment.Line };
            }
        }

        foreach (var (name, setting) in Entries("environment"))
        {
            // A name without a value is handed through from where compose is started.
            environment[name] = setting.Written is null && setting.Part.Environment.Find(name) is { } handed
                ? setting with { Value = string.Concat(handed.Select(p => p.Text)) }
                : setting;
        }

        return environment;
    }
}

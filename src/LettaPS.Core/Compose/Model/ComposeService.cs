using LettaPS.Core.Compose.Yaml;

namespace LettaPS.Core.Compose.Model;

/// <summary>A service as compose would run it: what its documents, the services that it extends and override files say, put together.</summary>
internal sealed class ComposeService
{
    private readonly IReadOnlyList<ServicePart> _parts;
    private readonly ComposeReader _reader;

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

    /// <summary>The words of its entrypoint and command as far as the file sets them, and what mounted scripts that they name say.</summary>
    public string StartWords
    {
        get
        {
            string[] words = [.. List("entrypoint").Concat(List("command")).Select(s => s.Value).OfType<string>().SelectMany(v => v.Split(' '))];
            return string.Join(' ', words.Concat(Mounts.Where(m => words.Contains(m.Target)).Select(m => _reader.Mounted(m.HostPath)?.Text)));
        }
    }

    /// <summary>The value of a variable of its environment; <see langword="null"/> where it is not set or empty.</summary>
    /// <param name="variable">Name of the variable.</param>
    public string? Variable(string variable) => Environment.GetValueOrDefault(variable)?.Value is { Length: > 0 } value ? value : null;

    /// <summary>What counts of a key that is not put together: the last that was said.</summary>
    /// <param name="key">The key.</param>
    /// <returns>The setting, or <see langword="null"/> where there is none.</returns>
    public ComposeSetting? Get(string key) => Said(key).LastOrDefault();

    /// <summary>All items of a key that is a list.</summary>
    /// <param name="key">The key.</param>
    public IEnumerable<ComposeSetting> List(string key) => Said(key).SelectMany(s => s.Node is YamlSequence list
        ? list.Items.Select(i => ComposeSetting.Of(s.Part, i))
        : s.Node is YamlScalar ? [s] : []);

    /// <summary>All entries of a key that is a mapping, or a list of <c>NAME=value</c> or names.</summary>
    /// <param name="key">The key.</param>
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

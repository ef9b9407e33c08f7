using LettaPS.Core.Compose.Yaml;
using LettaPS.Core.IO;

namespace LettaPS.Core.Compose.Model;

/// <summary>Reads compose files and what they refer to, each once.</summary>
internal sealed class ComposeReader
{
    /// <summary>Services extend one another this deep; more is a cycle, which compose refuses.</summary>
    private const int MaxExtends = 32;

    /// <summary>A service is put together from this many parts; more is a file that was made to take for ever.</summary>
    private const int MaxParts = 1000;

    private readonly IYamlReader _yaml;
    private readonly Func<string, string?> _process;
    private readonly Dictionary<string, TextFile> _sources = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ComposeFile> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ComposeProject> _projects = new(StringComparer.Ordinal);

    /// <summary>Makes a reader.</summary>
    /// <param name="yaml">Reads YAML.</param>
    /// <param name="process">Gives the variables of the process.</param>
    /// <param name="envFiles">Full paths of the env files to use instead of the <c>.env</c> beside each compose file; empty for those.</param>
    public ComposeReader(IYamlReader yaml, Func<string, string?> process, IReadOnlyList<string> envFiles)
    {
        _yaml = yaml;
        _process = process;
        EnvFiles = envFiles;
    }

    /// <summary>The env files that are used instead of the <c>.env</c> beside each compose file; none for those.</summary>
    public IReadOnlyList<string> EnvFiles { get; }

    /// <summary>A reader that sees every file as this one does, but for some that already say something else.</summary>
    /// <param name="changed">Those files.</param>
    public ComposeReader With(IEnumerable<TextFile> changed)
    {
        var other = new ComposeReader(_yaml, _process, EnvFiles);
        var byRealPath = changed.ToDictionary(c => c.RealPath);
        foreach (var (path, source) in _sources)
        {
            other._sources[path] = byRealPath.GetValueOrDefault(source.RealPath, source);
        }

        return other;
    }

    /// <summary>Reads a text file.</summary>
    /// <param name="path">Full path.</param>
    /// <exception cref="LettaException">As <see cref="TextFile.Read"/> says.</exception>
    public TextFile Source(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!_sources.TryGetValue(path, out var source))
        {
            _sources[path] = source = TextFile.Read(path);
        }

        return source;
    }

    /// <summary>Reads a text that a compose file only mounts into a container, such as a script or the configuration of a proxy.</summary>
    /// <param name="path">Full path, or <see langword="null"/>.</param>
    /// <returns>The text, or <see langword="null"/> where there is none that this user can read: whoever asks has nothing to say about it then.</returns>
    public TextFile? Mounted(string? path)
    {
        try
        {
            return System.IO.File.Exists(path) ? Source(path) : null;
        }
        catch (Exception e) when (e is LettaException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Reads a compose file.</summary>
    /// <param name="path">Full path.</param>
    /// <exception cref="LettaException">As <see cref="TextFile.Read"/> and <see cref="ComposeFile.Read"/> say.</exception>
    public ComposeFile File(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (!_files.TryGetValue(path, out var file))
        {
            _files[path] = file = ComposeFile.Read(Source(path), _yaml);
        }

        return file;
    }

    /// <summary>Reads a project: files in their order, and what they include.</summary>
    /// <param name="paths">Full paths; the first is the main file, the others are put on top of it.</param>
    /// <exception cref="LettaException">One of the files cannot be used.</exception>
    public ComposeProject Project(params IReadOnlyList<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        var key = string.Join('\0', paths);
        if (!_projects.TryGetValue(key, out var project))
        {
            var main = File(paths[0]);
            var environment = new ComposeEnvironment(_process, EnvFilesIn(main.Folder).Select(Source));
            _projects[key] = project = new(paths, Included(main, paths, environment, []).ToList(), this);
        }

        return project;
    }

    /// <summary>What a document says of a service, preceded by what the services say that it extends.</summary>
    /// <param name="part">What the document says.</param>
    /// <returns>All that counts, the most general first.</returns>
    /// <exception cref="LettaException"><c>ExtendsNotFound</c>; or a file cannot be used.</exception>
    public IReadOnlyList<ServicePart> WithExtended(ServicePart part)
    {
        ArgumentNullException.ThrowIfNull(part);
        return WithExtended(part, MaxExtends);
    }

    private List<ServicePart> WithExtended(ServicePart part, int depth)
    {
        var extends = part.Body.Find("extends");
        var name = extends is YamlMapping mapping ? mapping.Find("service") : extends;
        if (name is not YamlScalar { IsNull: false })
        {
            return [part];
        }

        var service = part.Expand(name)!;
        var path = part.Expand((extends as YamlMapping)?.Find("file"));
        var file = path is null ? part.File : File(Path.GetFullPath(path, part.File.Folder));
        ServicePart[] bases = [.. file.Find(service).Select(body => new ServicePart(service, file, body, part.Environment))];
        if (bases.Length == 0)
        {
            throw Unextendable($"extends '{service}', which '{file.Path}' does not have");
        }

        List<ServicePart> all = depth == 0 ? [] : [.. bases.SelectMany(b => WithExtended(b, depth - 1)), part];
        return all.Count is > 0 and <= MaxParts ? all : throw Unextendable("extends itself in the end");

        LettaException Unextendable(string why) => new(
            ErrorIds.ExtendsNotFound, LettaErrorKind.InvalidData, $"'{part.File.Path}': service '{part.Service}' {why}.", "Correct its 'extends'; docker compose config tells whether Compose takes the file.", part.File.Path);
    }

    private IEnumerable<(ComposeFile File, ComposeEnvironment Environment)> Included(
        ComposeFile main, IReadOnlyList<string> paths, ComposeEnvironment environment, HashSet<string> seen)
    {
        if (!seen.Add(main.Path))
        {
            yield break;
        }

        foreach (var file in paths.Select(File))
        {
            foreach (var include in file.Documents.SelectMany(d => d.Find("include") is YamlSequence list ? list.Items : []))
            {
                var entry = include as YamlMapping;
                string[] included = [.. Paths(entry is null ? include : entry.Find("path"))];
                if (included.Length == 0)
                {
                    continue;
                }

                var folder = Paths(entry?.Find("project_directory")).FirstOrDefault() ?? Path.GetDirectoryName(included[0])!;
                string[] envFiles = [.. Paths(entry?.Find("env_file"))];
                var inner = new ComposeEnvironment(_process, (envFiles.Length > 0 ? envFiles : DefaultEnvFile(folder)).Select(Source), environment);
                foreach (var item in Included(File(included[0]), included, inner, seen))
                {
                    yield return item;
                }

                IEnumerable<string> Paths(YamlNode? node) => ServicePart
                    .Scalars(node)
                    .Select(s => Path.GetFullPath(ServicePart.Expand(s.Value, environment) ?? s.Value, file.Folder));
            }

            yield return (file, environment);
        }
    }

    /// <summary>The compose files that the variable <c>COMPOSE_FILE</c> makes a project in a folder, as docker compose does.</summary>
    /// <param name="folder">Full path of the folder.</param>
    /// <param name="isCurrent">Whether it is the current folder, for which the variable of the session counts before that of the env file.</param>
    /// <returns>Full paths, each put on top of those before it; <see langword="null"/> if the variable is not set.</returns>
    /// <exception cref="LettaException"><c>InvalidEnvFile</c>, or an env file cannot be read.</exception>
    public IReadOnlyList<string>? ChosenFiles(string folder, bool isCurrent)
    {
        const string Variable = "COMPOSE_FILE";
        var environment = new ComposeEnvironment(name => isCurrent || !name.StartsWith("COMPOSE_", StringComparison.Ordinal) ? _process(name) : null, EnvFilesIn(folder).Select(Source));
        var separator = Value("COMPOSE_PATH_SEPARATOR") ?? Path.PathSeparator.ToString();
        string[] paths = [.. (Value(Variable) ?? string.Empty).Split(separator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(p => Path.GetFullPath(p, folder))];
        return paths.Length == 0 ? null : paths;

        string? Value(string name) => environment.Find(name) is { } pieces && string.Concat(pieces.Select(p => p.Text)) is { Length: > 0 } value ? value : null;
    }

    private IEnumerable<string> EnvFilesIn(string folder) => EnvFiles.Count > 0 ? EnvFiles : DefaultEnvFile(folder);

    private static IEnumerable<string> DefaultEnvFile(string folder)
    {
        var path = Path.Join(folder, ".env");
        return System.IO.File.Exists(path) ? [path] : [];
    }
}

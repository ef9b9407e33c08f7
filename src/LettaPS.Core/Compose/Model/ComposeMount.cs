using LettaPS.Core.Compose.Yaml;

namespace LettaPS.Core.Compose.Model;

/// <summary>Something that is mounted into a container.</summary>
/// <param name="Type"><c>volume</c>, <c>bind</c>, <c>tmpfs</c> or another of compose's.</param>
/// <param name="Source">Name of the volume, or path on the machine as it is written; <see langword="null"/> for a volume without a name.</param>
/// <param name="Target">Path in the container, without a slash at its end.</param>
/// <param name="Setting">Where it is set.</param>
internal sealed record ComposeMount(string Type, string? Source, string Target, ComposeSetting Setting)
{
    /// <summary>Whether what is written there is still there when the container is made anew.</summary>
    public bool IsKept => Type is "bind" or "cluster" || (Type == "volume" && Source is not null);

    /// <summary>Full path of the file or folder on this machine; <see langword="null"/> for a volume.</summary>
    public string? HostPath => Type != "bind" || Source is null ? null
        : Source.StartsWith('~') ? Path.Join(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), Source[1..])
        : Path.GetFullPath(Source, Setting.Part.File.Folder);

    /// <summary>Whether a path in the container is in what is mounted.</summary>
    public bool Holds(string path) => IsIn(path, Target);

    /// <summary>Whether a path in a container is a folder or something in it.</summary>
    public static bool IsIn(string path, string folder)
    {
        ArgumentNullException.ThrowIfNull(path);
        return path == folder || path.StartsWith(folder + "/", StringComparison.Ordinal);
    }

    /// <summary>Reads an entry of <c>volumes</c>: <c>source:target:mode</c>, <c>target</c>, or the long form.</summary>
    /// <param name="setting">The entry.</param>
    /// <returns>The mount, or <see langword="null"/> for what is none.</returns>
    public static ComposeMount? TryParse(ComposeSetting setting)
    {
        ArgumentNullException.ThrowIfNull(setting);
        if (setting.Node is YamlMapping entry)
        {
            var part = setting.Part;
            return part.Expand(entry.Find("target")) is { } at
                ? new(part.Expand(entry.Find("type")) ?? "volume", part.Expand(entry.Find("source")), Clean(at), setting)
                : null;
        }

        if (setting.Value is not { Length: > 0 } text)
        {
            return null;
        }

        // A Windows path has a colon of its own behind the drive's letter.
        var colon = text.IndexOf(':', text.Length > 2 && char.IsAsciiLetter(text[0]) && text[1] == ':' && text[2] is '\\' or '/' ? 2 : 0);
        if (colon < 0)
        {
            return new("volume", null, Clean(text), setting);
        }

        // An empty source, as an unset variable leaves it, is refused by compose: it mounts nothing, and UnsetVariable says so.
        var source = text[..colon];
        var target = text[(colon + 1)..].Split(':')[0];
        return source.Length == 0 || target.Length == 0 ? null : new(source[0] is '.' or '/' or '~' or '\\' || source.Contains(':', StringComparison.Ordinal) ? "bind" : "volume", source, Clean(target), setting);
    }

    private static string Clean(string path) => path.Length > 1 ? path.TrimEnd('/') : path;
}

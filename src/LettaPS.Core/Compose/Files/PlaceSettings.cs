using LettaPS.Core.Compose.Model;
using LettaPS.Core.Compose.Yaml;
using LettaPS.Core.IO;

namespace LettaPS.Core.Compose.Files;

/// <summary>What a Kubernetes container or a Quadlet unit sets, as far as a V1 server is concerned.</summary>
/// <param name="Variables">Its variables; the value is <see langword="null"/> if it comes from elsewhere, such as a secret.</param>
/// <param name="Mounts">Where something is mounted in the container, and whether it outlives the container.</param>
/// <param name="Words">The words of its command; none if the image's own runs.</param>
/// <param name="Ports">The ports of the container that are published or declared.</param>
/// <param name="Replicas">How many run; 1 if nothing is said.</param>
internal sealed record PlaceSettings(
    IReadOnlyDictionary<string, string?> Variables,
    IReadOnlyList<(string Target, bool IsKept)> Mounts,
    IReadOnlyList<string> Words,
    IReadOnlyList<int> Ports,
    int Replicas)
{
    /// <summary>Reads what is set; <see langword="null"/> if the file does not describe what runs.</summary>
    /// <param name="place">The image.</param>
    public static PlaceSettings? Of(ImagePlace place) => place switch
    {
        { Format: LettaImageFormat.Kubernetes, Container: { } container } when container.Find("image") is YamlScalar && container.Find("name") is not null => Pod(place, container),
        { Format: LettaImageFormat.Quadlet } when Path.GetExtension(place.File.Path).Equals(".container", StringComparison.OrdinalIgnoreCase) => Unit(place.File),
        _ => null,
    };

    private static PlaceSettings Pod(ImagePlace place, YamlMapping container)
    {
        Dictionary<string, string?> variables = new(StringComparer.Ordinal);
        foreach (var entry in Mappings(container.Find("env")))
        {
            if (Text(entry, "name") is { } name)
            {
                variables[name] = Text(entry, "value");
            }
        }

        // What comes from a whole secret or config map is not known by name.
        if (container.Find("envFrom") is YamlSequence { Items.Count: > 0 })
        {
            variables.TryAdd("LETTA_PG_URI", null);
        }

        var spec = SpecOf(place.Document!, container);
        var lost = Mappings(spec?.Find("volumes")).Where(v => v.Find("emptyDir") is not null).Select(v => Text(v, "name")).ToHashSet();
        return new(
            variables,
            [.. Mappings(container.Find("volumeMounts")).Select(m => (Target: Text(m, "mountPath")?.TrimEnd('/'), IsKept: !lost.Contains(Text(m, "name")))).Where(m => m.Target is not null).Select(m => (m.Target!, m.IsKept))],
            [.. ServicePart.Scalars(container.Find("command")).Concat(ServicePart.Scalars(container.Find("args"))).Select(s => s.Value)],
            [.. Mappings(container.Find("ports")).Select(p => int.TryParse(Text(p, "containerPort"), out var port) ? port : 0)],
            place.Document!.Find("spec") is YamlMapping top && int.TryParse(Text(top, "replicas"), out var replicas) ? replicas : 1);
    }

    private static PlaceSettings Unit(TextFile source)
    {
        var settings = Quadlet.Settings(source).Where(s => s.Section == "Container").ToList();
        Dictionary<string, string?> variables = new(StringComparer.Ordinal);
        foreach (var pair in settings.Where(s => s.Key == "Environment").SelectMany(s => ShellScript.Split(s.Value)).Select(v => v.Split('=', 2)))
        {
            variables[pair[0]] = pair.Length > 1 ? pair[1] : null;
        }

        foreach (var secret in settings.Where(s => s.Key == "Secret").SelectMany(s => s.Value.Split(',')).Where(p => p.StartsWith("target=", StringComparison.Ordinal)))
        {
            variables.TryAdd(secret["target=".Length..], null);
        }

        if (settings.Any(s => s.Key is "EnvironmentFile" or "EnvironmentHost"))
        {
            variables.TryAdd("LETTA_PG_URI", null);
            variables.TryAdd("LETTA_SERVER_PASSWORD", null);
        }

        return new(
            variables,
            [
                .. settings.Where(s => s.Key == "Volume").Select(s => s.Value.Split(':')).Select(p => p.Length == 1 ? (p[0].TrimEnd('/'), false) : (p[1].TrimEnd('/'), true)),
                .. settings.Where(s => s.Key == "Mount").Select(s => s.Value.Split(',')).Select(p => (Target(p), p[0] != "type=tmpfs")),
            ],
            [.. settings.Where(s => s.Key is "Entrypoint" or "Exec").SelectMany(s => ShellScript.Split(s.Value))],
            [.. settings.Where(s => s.Key == "PublishPort").Select(s => int.TryParse(s.Value.Split('/')[0].Split(':')[^1], out var port) ? port : 0)],
            1);

        static string Target(string[] parts) =>
            parts.Select(p => p.Split('=', 2)).FirstOrDefault(p => p.Length == 2 && p[0] is "target" or "destination" or "dst")?[1].TrimEnd('/') ?? string.Empty;
    }

    /// <summary>The pod that a container is in: the innermost mapping whose <c>containers</c> hold it.</summary>
    private static YamlMapping? SpecOf(YamlMapping node, YamlMapping container)
    {
        if (Mappings(node.Find("containers")).Concat(Mappings(node.Find("initContainers"))).Any(c => ReferenceEquals(c, container)))
        {
            return node;
        }

        foreach (var child in node.Entries.Select(e => e.Value))
        {
            IEnumerable<YamlMapping> mappings = child is YamlMapping mapping ? [mapping] : Mappings(child);
            if (mappings.Select(m => SpecOf(m, container)).FirstOrDefault(s => s is not null) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    private static IEnumerable<YamlMapping> Mappings(YamlNode? node) => node is YamlSequence list ? list.Items.OfType<YamlMapping>() : [];

    private static string? Text(YamlMapping mapping, string key) => mapping.Find(key) is YamlScalar { IsNull: false } scalar ? scalar.Value : null;
}

using System.Globalization;
using LettaPS.Core.Compose.Model;
using LettaPS.Core.Compose.Yaml;

namespace LettaPS.Core.Compose.Rules;

/// <summary>Data directories on which more than one PostgreSQL would run, which destroys them.</summary>
internal static class DataVolumeRules
{
    public static IEnumerable<LettaComposeFinding> Examine(ComposeAudit audit)
    {
        List<(ComposeService Service, ComposeMount Mount, string Volume)> data =
        [
            .. audit.Databases.Concat(audit.Letta.Where(DatabaseRules.IsEmbedded)).Distinct()
                .Select(s => (Service: s, Mount: DatabaseRules.DataMount(audit, s)))
                .Where(d => d.Mount is { IsKept: true })
                .Select(d => (d.Service, d.Mount!, VolumeOf(audit, d.Mount!))),
        ];
        foreach (var (service, mount, volume) in data)
        {
            var first = data.First(d => d.Volume == volume);
            if (first.Service != service)
            {
                var apart = first.Service.Profiles.Count > 0 && service.Profiles.Count > 0 && !first.Service.Profiles.Intersect(service.Profiles).Any();
                yield return mount.Setting.Finding(
                    service,
                    apart ? LettaComposeSeverity.Warning : LettaComposeSeverity.Error,
                    "SharedDataVolume",
                    $"'{first.Service.Name}' and '{service.Name}' run a PostgreSQL each on the same data ('{mount.Source}'), which destroys them"
                        + (apart ? " if both profiles are ever started together." : "."),
                    "Give each server a volume of its own; servers that are to share a database use one PostgreSQL through LETTA_PG_URI.");
            }

            if (Replicas(service) is { } replicas)
            {
                yield return replicas.Finding(
                    service,
                    LettaComposeSeverity.Error,
                    "ReplicasOnOneVolume",
                    $"{replicas.Value} containers of '{service.Name}' would each run a PostgreSQL on the same data ('{mount.Source}'), which destroys them.",
                    "Run one container, or give Letta a database of its own through LETTA_PG_URI.");
            }
        }
    }

    private static ComposeSetting? Replicas(ComposeService service)
    {
        var deploy = service.Get("deploy");
        var replicas = deploy?.Node is YamlMapping mapping && mapping.Find("replicas") is { } node ? ComposeSetting.Of(deploy.Part, node) : service.Get("scale");
        return int.TryParse(replicas?.Value, NumberStyles.Integer, CultureInfo.InvariantCulture, out var count) && count > 1 ? replicas : null;
    }

    /// <summary>What is mounted, whatever it is called: two keys of <c>volumes</c> may name one volume.</summary>
    private static string VolumeOf(ComposeAudit audit, ComposeMount mount) => mount.HostPath is { } path ? path.TrimEnd('/', '\\')
        : audit.Project.Files.SelectMany(f => f.File.Documents.Select(d => ((d.Find("volumes") as YamlMapping)?.Find(mount.Source!) as YamlMapping)?.Find("name")).OfType<YamlScalar>()
            .Select(n => ServicePart.Expand(n.Value, f.Environment))).LastOrDefault() is { } name ? "name:" + name
        : "key:" + mount.Source;
}

using LettaPS.Adapters.Compose;
using LettaPS.Core.Compose.Model;
using LettaPS.Core.Compose.Pinning;
using LettaPS.Core.IO;

namespace LettaPS.Adapters.Tests.Compose;

/// <summary>Compose files in a folder, read without the variables of this process.</summary>
internal sealed class ComposeWorld(string folder, IReadOnlyDictionary<string, string>? process = null)
{
    public static YamlReader Yaml { get; } = new();

    public ComposeReader Reader { get; } = new(Yaml, name => process?.GetValueOrDefault(name), []);

    public ComposeProject Project(params string[] names) => Reader.Project([.. names.Select(n => Path.Join(folder, n))]);

    public IReadOnlyList<ImageUse> Pins(params string[] names) => [.. Project(names).Pins];

    /// <summary>Pins every Letta image of each file.</summary>
    public IReadOnlyList<FileChange> Plan(PinTarget target, bool force, params string[] names)
    {
        var planner = new PinPlanner(Yaml, Reader, force);
        foreach (var name in names)
        {
            var project = Project(name);
            planner.Add(project, project.Pins.Select(u => (u, target)), e => throw e);
        }

        return planner.Changes();
    }
}

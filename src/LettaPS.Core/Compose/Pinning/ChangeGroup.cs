using LettaPS.Core.IO;

namespace LettaPS.Core.Compose.Pinning;

/// <summary>Changes that are made together or not at all: those of one project, and of the projects that share a file with it.</summary>
internal sealed class ChangeGroup
{
    private readonly HashSet<string> _projects;

    private ChangeGroup(FileChange change, IEnumerable<string> projects) => (Changes, _projects) = ([change], projects.ToHashSet(StringComparer.Ordinal));

    /// <summary>The changes.</summary>
    public List<FileChange> Changes { get; }

    /// <summary>Puts changes into groups.</summary>
    /// <param name="changes">Each change with the projects that it is for.</param>
    /// <returns>The groups in the order of their first changes.</returns>
    public static IReadOnlyList<ChangeGroup> Of(IEnumerable<(FileChange Change, IEnumerable<string> Projects)> changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        var groups = new List<ChangeGroup>();
        foreach (var (change, projects) in changes)
        {
            var added = new ChangeGroup(change, projects);
            var joined = groups.FindAll(g => g._projects.Overlaps(added._projects));
            if (joined.Count == 0)
            {
                groups.Add(added);
                continue;
            }

            foreach (var group in joined.Skip(1).Append(added))
            {
                joined[0].Changes.AddRange(group.Changes);
                joined[0]._projects.UnionWith(group._projects);
                groups.Remove(group);
            }
        }

        return groups;
    }
}

namespace LettaPS.Core.Databases;

/// <summary>A PostgreSQL server and the databases on it.</summary>
/// <param name="VersionNumber">Version as PostgreSQL numbers it: 170012 is 17.12.</param>
/// <param name="SystemIdentifier">The number that tells this cluster from every other; <see langword="null"/> where the role may not ask for it.</param>
/// <param name="Databases">The databases, templates left out.</param>
/// <param name="Roles">The roles.</param>
/// <param name="AvailableExtensions">Names of the extensions whose files the server has.</param>
public sealed record ClusterState(
    int VersionNumber,
    string? SystemIdentifier,
    IReadOnlyList<ClusterDatabase> Databases,
    IReadOnlyList<string> Roles,
    IReadOnlyList<string> AvailableExtensions)
{
    /// <summary>Major version: 17.</summary>
    public int Major => VersionNumber / 10000;

    /// <summary>A database; <see langword="null"/> where there is none of that name.</summary>
    /// <param name="name">Its name.</param>
    public ClusterDatabase? Find(string name) => Databases.FirstOrDefault(d => d.Name == name);
}

/// <summary>A database among others.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Comment">Its comment, which is where LettaPS notes how far it got; <see langword="null"/> where it has none.</param>
public sealed record ClusterDatabase(string Name, string? Comment)
{
    /// <summary>Whether PostgreSQL marked it invalid: its removal was interrupted, and all that is left to do is to remove it.</summary>
    public bool IsInvalid { get; init; }
}

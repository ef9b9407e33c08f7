namespace LettaPS.Core.Databases;

/// <summary>A PostgreSQL server and the databases on it.</summary>
/// <param name="VersionNumber">Version as PostgreSQL numbers it: 170012 is 17.12.</param>
/// <param name="SystemIdentifier">The number that tells this cluster from every other; <see langword="null"/> where the role may not ask for it.</param>
/// <param name="Databases">The databases, templates left out.</param>
/// <param name="AvailableExtensions">Names of the extensions whose files the server has.</param>
internal sealed record ClusterState(
    int VersionNumber,
    string? SystemIdentifier,
    IReadOnlyList<ClusterDatabase> Databases,
    IReadOnlyList<string> Roles,
    IReadOnlyList<string> AvailableExtensions)
{
    /// <summary>The role that asked.</summary>
    public string Role { get; init; } = string.Empty;

    /// <summary>Those of the available extensions that only a superuser may create, if the role is none.</summary>
    public IReadOnlyList<string> DeniedExtensions { get; init; } = [];

    /// <summary>Major version: 17.</summary>
    public int Major => VersionNumber / 10000;

    /// <summary>A database; <see langword="null"/> where there is none of that name.</summary>
    public ClusterDatabase? Find(string name) => Databases.FirstOrDefault(d => d.Name == name);

    /// <summary>Refuses if a new database could not get the extensions that it needs.</summary>
    /// <param name="target">What the error is about.</param>
    /// <exception cref="LettaException"><c>ExtensionNotFound</c>, <c>ExtensionDenied</c>.</exception>
    public void RequireExtensions(IEnumerable<DatabaseExtension> extensions, string target)
    {
        var names = extensions.Select(e => e.Name).ToList();
        if (names.Except(AvailableExtensions).ToList() is { Count: > 0 } missing)
        {
            throw new LettaException(
                ErrorIds.ExtensionNotFound,
                LettaErrorKind.Refused,
                $"The PostgreSQL server lacks the files of these extensions, which the dump needs: {string.Join(", ", missing)}.",
                "Run PostgreSQL from an image with pgvector: image: pgvector/pgvector:pg15",
                target);
        }

        if (names.Intersect(DeniedExtensions).ToList() is { Count: > 0 } denied)
        {
            throw new LettaException(
                ErrorIds.ExtensionDenied,
                LettaErrorKind.Denied,
                $"The role '{Role}' has no permission to create the extension '{string.Join("', '", denied)}' in a new database. On this PostgreSQL server only a superuser has it.",
                $"Connect as a superuser with -DatabaseUri, or declare the extension trusted on the server: echo 'trusted = true' >> \"$(pg_config --sharedir)/extension/{denied[0]}.control\"",
                target);
        }
    }
}

/// <summary>A database among others.</summary>
/// <param name="Comment">Its comment, which is where LettaPS notes how far it got; <see langword="null"/> where it has none.</param>
internal sealed record ClusterDatabase(string Name, string? Comment)
{
    /// <summary>Whether PostgreSQL marked it invalid: its removal was interrupted, and all that is left to do is to remove it.</summary>
    public bool IsInvalid { get; init; }
}

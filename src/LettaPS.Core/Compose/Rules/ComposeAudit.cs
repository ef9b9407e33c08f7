using LettaPS.Core.Compose.Model;

namespace LettaPS.Core.Compose.Rules;

/// <summary>Looks through a compose project for what endangers a Letta server.</summary>
internal sealed class ComposeAudit
{
    private static readonly string[] s_databaseImages = ["postgres", "postgresql", "postgis", "timescaledb", "timescaledb-ha", "paradedb"];

    private ComposeAudit(ComposeProject project)
    {
        Project = project;
        Services = [.. project.ServiceNames.Where(n => project.Parts(n).Any()).Select(project.Service)];
        Letta = [.. Services.Where(s => s.Image is { IsLetta: true })];
        Databases = [.. Services.Where(s => s.Image is { } image && IsPostgres(image))];
    }

    /// <summary>The project.</summary>
    public ComposeProject Project { get; }

    /// <summary>All services.</summary>
    public IReadOnlyList<ComposeService> Services { get; }

    /// <summary>The services that are Letta servers.</summary>
    public IReadOnlyList<ComposeService> Letta { get; }

    /// <summary>The services that are PostgreSQL servers.</summary>
    public IReadOnlyList<ComposeService> Databases { get; }

    /// <summary>Looks through a project.</summary>
    /// <param name="project">The project.</param>
    /// <param name="reader">The reader that it was read with.</param>
    /// <returns>What was found, in the order of files and lines; nothing where no service is a Letta server.</returns>
    /// <exception cref="LettaException">A file that the project refers to cannot be used.</exception>
    public static IReadOnlyList<LettaComposeFinding> Examine(ComposeProject project, ComposeReader reader)
    {
        ArgumentNullException.ThrowIfNull(project);
        var audit = new ComposeAudit(project);
        IEnumerable<LettaComposeFinding> findings = audit.Letta.Count == 0 ? [] :
        [
            .. ImageRules.Examine(audit),
            .. StartRules.Examine(audit),
            .. DatabaseRules.Examine(audit),
            .. AccessRules.Examine(audit),
            .. PortRules.Examine(audit, reader),
        ];
        return [.. findings.Distinct().OrderBy(f => f.Path, StringComparer.Ordinal).ThenBy(f => f.Line)];
    }

    /// <summary>The service that a Letta server's <c>LETTA_PG_URI</c> leads to; <see langword="null"/> where there is none.</summary>
    /// <param name="letta">The server.</param>
    public ComposeService? DatabaseOf(ComposeService letta)
    {
        ArgumentNullException.ThrowIfNull(letta);
        var host = letta.Variable("LETTA_PG_URI") is { } uri ? DatabaseHost(uri) : null;
        return Databases.FirstOrDefault(d => d.HostNames.Contains(host));
    }

    private static bool IsPostgres(ImageReference image) =>
        s_databaseImages.Contains(image.Name) || image.Name.StartsWith("pgvector", StringComparison.Ordinal) || image.Name.StartsWith("pgvecto", StringComparison.Ordinal);

    /// <summary>The host in <c>scheme://user:password@host:port/database</c>, whatever characters the password has.</summary>
    private static string DatabaseHost(string uri)
    {
        var start = uri.IndexOf("://", StringComparison.Ordinal) is >= 0 and var scheme ? scheme + 3 : 0;
        var authority = uri[start..].Split('?')[0];
        authority = authority[(authority.LastIndexOf('@') + 1)..].Split('/')[0];
        return authority.Split(':')[0];
    }
}

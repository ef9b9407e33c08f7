using LettaPS.Core.Compose.Model;
using LettaPS.Core.Servers;

namespace LettaPS.Core.Compose.Rules;

/// <summary>Looks through a compose project for what endangers a Letta server.</summary>
internal sealed class ComposeAudit
{
    private static readonly string[] s_databaseImages = ["postgres", "postgresql", "postgis", "timescaledb", "timescaledb-ha", "paradedb"];

    private ComposeAudit(ComposeProject project)
    {
        Project = project;
        Services = [.. project.ServiceNames.Where(n => project.Parts(n).Any()).Select(project.Service)];
        Letta = [.. Services.Where(IsServer)];
        AppServers = [.. Services.Where(IsAppServer)];
        Databases = [.. Services.Where(s => s.Image is { } image && IsPostgres(image))];
    }

    /// <summary>The project.</summary>
    public ComposeProject Project { get; }

    /// <summary>All services.</summary>
    public IReadOnlyList<ComposeService> Services { get; }

    /// <summary>The services that are V1 servers, or were before their image became Letta Code.</summary>
    public IReadOnlyList<ComposeService> Letta { get; }

    /// <summary>The services that are App Servers of Letta Code, or other uses of it: nothing of V1 is said of them.</summary>
    public IReadOnlyList<ComposeService> AppServers { get; }

    /// <summary>The services that are PostgreSQL servers.</summary>
    public IReadOnlyList<ComposeService> Databases { get; }

    /// <summary>Whether a service is an App Server of Letta Code, or another use of it that no V1 server ever had.</summary>
    public static bool IsAppServer(ComposeService service)
    {
        ArgumentNullException.ThrowIfNull(service);
        return service.LettaImage is { Product: not (LettaImageProduct.V1 or LettaImageProduct.TooOld) } image
            && (LettaCodeSigns.StartAppServer(service.Start?.Words ?? [], service.Environment.Keys)
                || (image.Product == LettaImageProduct.LettaCode && !LettaCodeSigns.IsMeantAsV1(
                    service.Environment.Keys, service.Mounts.Select(m => m.Target), service.Start?.Words ?? [], service.Ports.Select(p => p.Port))));
    }

    /// <summary>Looks through a project.</summary>
    /// <param name="reader">The reader that it was read with.</param>
    /// <returns>What was found, in the order of files and lines; nothing where no service is a Letta server.</returns>
    /// <exception cref="LettaException">A file that the project refers to cannot be used.</exception>
    public static IReadOnlyList<LettaComposeFinding> Examine(ComposeProject project, ComposeReader reader) => ExamineServices(project, reader).Findings;

    /// <summary>Looks through a project, and tells which services it has.</summary>
    /// <param name="reader">The reader that it was read with.</param>
    /// <exception cref="LettaException">A file that the project refers to cannot be used.</exception>
    public static (IReadOnlyList<LettaComposeFinding> Findings, (bool IsAboutLetta, IReadOnlyList<string> Names) Services) ExamineServices(ComposeProject project, ComposeReader reader)
    {
        ArgumentNullException.ThrowIfNull(project);
        var audit = new ComposeAudit(project);
        IEnumerable<LettaComposeFinding> findings = audit.Letta.Count == 0 ? [.. VariableRules.Examine(audit), .. AppServerRules.Examine(audit)] :
        [
            .. VariableRules.Examine(audit),
            .. AppServerRules.Examine(audit),
            .. ImageRules.Examine(audit),
            .. StartRules.Examine(audit),
            .. DatabaseRules.Examine(audit),
            .. DatabaseUriRules.Examine(audit),
            .. DataVolumeRules.Examine(audit),
            .. EnvironmentRules.Examine(audit),
            .. AccessRules.Examine(audit),
            .. PortRules.Examine(audit, reader),
        ];
        return (
            [.. findings.Distinct().OrderBy(f => f.Path, StringComparer.Ordinal).ThenBy(f => f.Line)],
            (audit.Letta.Count + audit.AppServers.Count > 0, [.. audit.Services.Select(s => s.Name)]));
    }

    /// <summary>The service that a Letta server's <c>LETTA_PG_URI</c> leads to; <see langword="null"/> if there is none.</summary>
    /// <param name="letta">The server.</param>
    public ComposeService? DatabaseOf(ComposeService letta)
    {
        ArgumentNullException.ThrowIfNull(letta);
        var host = letta.Variable("LETTA_PG_URI") is { } uri ? PostgresUri.Parse(uri).Host : null;
        return Databases.FirstOrDefault(d => d.HostNames.Contains(host));
    }

    /// <summary>Whether a service is a V1 server: its image is Letta's, or is built on it, or comes from a variable that is not set and the rest looks like one.</summary>
    private static bool IsServer(ComposeService service) => !IsAppServer(service) && (service.LettaImage is not null
        || (service.UnsetImageVariable is { } variable
            && (variable.Contains("LETTA", StringComparison.OrdinalIgnoreCase)
                || service.Name.Contains("letta", StringComparison.OrdinalIgnoreCase)
                || service.ImageSetting?.Written?.Contains("letta", StringComparison.OrdinalIgnoreCase) == true
                || service.Environment.Keys.Any(k => k.StartsWith("LETTA_PG_", StringComparison.Ordinal) || k.StartsWith("LETTA_SERVER_", StringComparison.Ordinal))
                || service.Ports.Any(p => p.Port == ServerDiscovery.ApiPort))));

    private static bool IsPostgres(ImageReference image) =>
        s_databaseImages.Contains(image.Name) || image.Name.StartsWith("pgvector", StringComparison.Ordinal) || image.Name.StartsWith("pgvecto", StringComparison.Ordinal);
}

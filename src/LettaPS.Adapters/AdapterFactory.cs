using LettaPS.Adapters.Compose;
using LettaPS.Adapters.Docker;
using LettaPS.Adapters.Http;
using LettaPS.Adapters.LettaCode;
using LettaPS.Adapters.Postgres;
using LettaPS.Core;
using LettaPS.Core.Compose.Pinning;
using LettaPS.Core.Compose.Yaml;
using LettaPS.Core.Databases;
using LettaPS.Core.LettaCode;
using LettaPS.Core.Restores.Database;
using LettaPS.Core.Schemas.Model;
using LettaPS.Core.Servers;
using LettaPS.Core.Sources;

namespace LettaPS.Adapters;

/// <summary>The inside of the adapters. Each method stands alone, so that a library is loaded only when something that needs it is opened.</summary>
internal sealed class AdapterFactory : IAdapterFactory
{
    /// <inheritdoc/>
    public ILettaServer OpenServer(LettaConnection connection, Action<long>? received = null, Action<string>? warn = null, Func<ServerRetry, ValueTask>? retrying = null) =>
        new LettaServer(connection, received, warn, retrying);

    /// <inheritdoc/>
    public IServerProbe OpenProbe(LettaConnection connection) => new ServerProbe(connection);

    /// <inheritdoc/>
    public Task<string?> FindLettaCodeAsync(CancellationToken cancellationToken) => LettaCodeProgram.FindVersionAsync(cancellationToken);

    /// <inheritdoc/>
    public IReadOnlyList<LettaCodeProcess> FindLettaCodeProcesses(string root) => LettaCodeProcesses.Find(root);

    /// <inheritdoc/>
    public IMemoryRepositories OpenMemoryRepositories() => new GitRepositories();

    /// <inheritdoc/>
    public ISchemaDatabase OpenSchemaDatabase(DatabaseAddress address) => new SchemaDatabase(address);

    /// <inheritdoc/>
    public IAgentRowStore OpenAgentRowStore(DatabaseAddress address) => new AgentRowStore(address);

    /// <inheritdoc/>
    public IAgentSource OpenAgentDatabase(AgentDatabase from) => new DatabaseAgentSource(from);

    /// <inheritdoc/>
    public IContainerEngine OpenEngine() => DockerEngine.Open();

    /// <inheritdoc/>
    public IDatabaseCluster OpenCluster(DatabaseAddress address) => new DatabaseCluster(address);

    /// <inheritdoc/>
    public IPostgresTools OpenPrograms(DatabaseAddress address) => new LocalPostgresTools(address);

    /// <inheritdoc/>
    public IYamlReader OpenYaml() => new YamlReader();

    /// <inheritdoc/>
    public IRunningImages OpenRunningImages() => new RunningImages(DockerEngine.Open(), connection => OpenServer(connection));
}

using LettaPS.Adapters.Compose;
using LettaPS.Adapters.Docker;
using LettaPS.Adapters.Http;
using LettaPS.Adapters.Postgres;
using LettaPS.Adapters.Programs;
using LettaPS.Core;
using LettaPS.Core.Agents;
using LettaPS.Core.Compose;
using LettaPS.Core.Connections;
using LettaPS.Core.Databases;
using LettaPS.Core.Health;
using LettaPS.Core.Restores;
using LettaPS.Core.Schemas;
using LettaPS.Core.Servers;

namespace LettaPS.Adapters;

/// <summary>The inside of the door. Each method stands alone, so that a library is loaded only when something that needs it is opened.</summary>
public sealed class AdapterDoor : IAdapterDoor
{
    /// <inheritdoc/>
    public ILettaServer OpenServer(LettaConnection connection, Action<long>? received = null, Action<string>? warn = null) =>
        new LettaServer(connection, received, warn);

    /// <inheritdoc/>
    public IServerProbe OpenProbe(LettaConnection connection) => new ServerProbe(connection);

    /// <inheritdoc/>
    public Task<string?> FindLettaCodeAsync(CancellationToken cancel) => LettaCode.FindVersionAsync(cancel);

    /// <inheritdoc/>
    public ISchemaDatabase OpenSchemaDatabase(DatabaseAddress address) => new SchemaDatabase(address);

    /// <inheritdoc/>
    public IRestoreDatabase OpenRestoreDatabase(DatabaseAddress address) => new RestoreDatabase(address);

    /// <inheritdoc/>
    public IAgentSource OpenAgentDatabase(AgentDatabase from) => new DatabaseAgentSource(from);

    /// <inheritdoc/>
    public IContainerEngine OpenEngine() => DockerEngine.Open();

    /// <inheritdoc/>
    public IDatabaseCluster OpenCluster(DatabaseAddress address) => new DatabaseCluster(address);

    /// <inheritdoc/>
    public IPostgresPrograms OpenPrograms(DatabaseAddress address) => new LocalPrograms(address);

    /// <inheritdoc/>
    public IYamlReader OpenYaml() => new YamlReader();

    /// <inheritdoc/>
    public IRunningImages OpenRunningImages() => new RunningImages(DockerEngine.Open(), connection => OpenServer(connection));
}

using LettaPS.Core.Compose.Pinning;
using LettaPS.Core.Compose.Yaml;
using LettaPS.Core.Databases;
using LettaPS.Core.LettaCode;
using LettaPS.Core.Restores.Database;
using LettaPS.Core.Schemas.Model;
using LettaPS.Core.Servers;
using LettaPS.Core.Sources;

namespace LettaPS.Core;

/// <summary>
/// The one way from the cmdlets to the outside world. LettaPS.Adapters implements it in a load context of its own, so that no third-party
/// assembly of this module ever meets another module's copy of it. Only types of the framework and of LettaPS.Core cross this boundary.
/// </summary>
internal interface IAdapterFactory : IDatabaseAdapters
{
    /// <summary>Opens a client for a Letta server. Nothing is sent before the first request.</summary>
    /// <param name="connection">The server.</param>
    /// <param name="received">Told of bytes as they arrive, from any thread.</param>
    /// <param name="warn">Told what the user should know, from any thread.</param>
    /// <param name="retrying">Told of each request that is sent again, from any thread, before the wait.</param>
    ILettaServer OpenServer(LettaConnection connection, Action<long>? received = null, Action<string>? warn = null, Func<ServerRetry, ValueTask>? retrying = null);

    /// <summary>Opens a probe of what is at a server's address. Nothing is sent before the first step.</summary>
    /// <param name="connection">The server.</param>
    IServerProbe OpenProbe(LettaConnection connection);

    /// <summary>Asks Letta Code for its version, where this machine has it: <c>letta --version</c>.</summary>
    /// <returns>The version; <see langword="null"/> where there is no such program, or it does not say within five seconds.</returns>
    Task<string?> FindLettaCodeAsync(CancellationToken cancellationToken);

    /// <summary>Finds running clients of Letta Code that use a root of its local backend, as far as the operating system shows them.</summary>
    /// <param name="root">Full path of the root.</param>
    IReadOnlyList<LettaCodeProcess> FindLettaCodeProcesses(string root);

    /// <summary>Opens the repositories in which Letta Code keeps the memories of agents.</summary>
    IMemoryRepositories OpenMemoryRepositories();

    /// <summary>Opens a database for the schema doctor. Nothing is connected before the first reading.</summary>
    /// <param name="address">The database.</param>
    ISchemaDatabase OpenSchemaDatabase(DatabaseAddress address);

    /// <summary>Opens a database to write agents into it. Nothing is connected before the first reading.</summary>
    /// <param name="address">The database.</param>
    IAgentRowStore OpenAgentRowStore(DatabaseAddress address);

    /// <summary>Opens a database to read agents from. Nothing is connected before the first reading; all readings see it as it was at the first.</summary>
    /// <param name="from">The database.</param>
    IAgentSource OpenAgentDatabase(AgentDatabase from);

    /// <summary>Opens the container engine that the docker command would use. Nothing is sent before the first request.</summary>
    /// <exception cref="LettaException"><c>InvalidEngineConfiguration</c>.</exception>
    IContainerEngine OpenEngine();

    /// <summary>Opens a reader of YAML.</summary>
    IYamlReader OpenYaml();

    /// <summary>Opens the container engine, to ask what Letta servers run.</summary>
    IRunningImages OpenRunningImages();
}

using LettaPS.Core.Agents;
using LettaPS.Core.Compose;
using LettaPS.Core.Connections;

namespace LettaPS.Core;

/// <summary>
/// The one way from the cmdlets to the outside world. LettaPS.Adapters implements it in a load context of its own, so that no third-party
/// assembly of this module ever meets another module's copy of it. Only types of the framework and of LettaPS.Core cross this door.
/// </summary>
public interface IAdapterDoor
{
    /// <summary>Opens a client for a Letta server. Nothing is sent before the first request.</summary>
    /// <param name="connection">The server.</param>
    /// <param name="received">Told of bytes as they arrive, from any thread.</param>
    /// <param name="warn">Told what the user should know, from any thread.</param>
    ILettaServer OpenServer(LettaConnection connection, Action<long>? received = null, Action<string>? warn = null);

    /// <summary>Opens a reader of YAML.</summary>
    IYamlReader OpenYaml();

    /// <summary>Opens the container engine, to ask what Letta servers run.</summary>
    IRunningImages OpenRunningImages();
}

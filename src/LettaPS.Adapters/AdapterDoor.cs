using LettaPS.Adapters.Http;
using LettaPS.Core;
using LettaPS.Core.Agents;
using LettaPS.Core.Connections;

namespace LettaPS.Adapters;

/// <summary>The inside of the door. Each method stands alone, so that a library is loaded only when something that needs it is opened.</summary>
public sealed class AdapterDoor : IAdapterDoor
{
    /// <inheritdoc/>
    public ILettaServer OpenServer(LettaConnection connection, Action<long>? received = null, Action<string>? warn = null) =>
        new LettaServer(connection, received, warn);
}

using LettaPS.Core.Agents;
using LettaPS.Core.Connections;

namespace LettaPS.Core.Servers;

/// <summary>Asks servers for their version, which needs neither a password nor a sound database.</summary>
public static class ServerVersion
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(3);

    /// <summary>Asks a server.</summary>
    /// <param name="address">Its address.</param>
    /// <param name="connect">Opens a client for it.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>What it says; <see langword="null"/> where it does not answer within three seconds.</returns>
    public static async Task<string?> AskAsync(Uri address, Func<LettaConnection, ILettaServer> connect, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(connect);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(s_limit);
        using var client = connect(new LettaConnection(address, timeout: s_limit));
        try
        {
            await client.CheckAsync(limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is LettaException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            // It may have told its version before it asked for a password, and what does not answer has none to tell.
        }

        return client.Connection.ServerVersion;
    }
}

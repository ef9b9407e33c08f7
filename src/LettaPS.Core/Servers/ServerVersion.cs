using LettaPS.Core.Sources;

namespace LettaPS.Core.Servers;

/// <summary>Asks servers for their version, which needs neither a password nor a sound database.</summary>
internal static class ServerVersion
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(3);

    /// <summary>Asks a server.</summary>
    /// <param name="connect">Opens a client for it.</param>
    /// <returns>What it says; <see langword="null"/> where it does not answer within three seconds.</returns>
    public static async Task<string?> AskAsync(Uri address, Func<LettaConnection, ILettaServer> connect, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connect);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_limit);
        using var client = connect(new LettaConnection(address, timeout: s_limit));
        try
        {
            await client.CheckAsync(limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is LettaException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // It may have told its version before it asked for a password, and what does not answer has none to tell.
        }

        return client.Connection.ReportedVersion;
    }
}

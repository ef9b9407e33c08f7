using LettaPS.Parameters;

namespace LettaPS.Cmdlets.Base;

/// <summary>Base of the cmdlets that check a server before they keep its address.</summary>
public abstract class ServerCheckCmdlet : AsyncCmdlet
{
    /// <summary>Asks a server for its version and its agents with the password; what the user should know is a warning.</summary>
    /// <param name="connection">The server.</param>
    /// <returns>The connection with the server's version, and how many agents the server has, if it tells.</returns>
    /// <exception cref="LettaException">The server cannot be used; the identifier tells why.</exception>
    private protected async Task<(LettaConnection Connection, int? AgentCount)> CheckAsync(LettaConnection connection, CancellationToken cancellationToken)
    {
        var warnings = new List<string>();
        using var server = AdapterLoadContext.Factory.OpenServer(connection, warn: warnings.Add, retrying: WriteRetryAsync);
        var progress = NewProgress("Connecting to Letta");
        progress.SetStatus($"asking {connection.BaseUri}");
        LettaConnection? connected = null;
        int? agents = null;
        try
        {
            await ShowAsync(
                progress,
                async () =>
                {
                    connected = await server.CheckAsync(cancellationToken).ConfigureAwait(false);
                    agents = await server.CountAgentsAsync(cancellationToken).ConfigureAwait(false);
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch (LettaException e) when (e.ErrorId == ErrorIds.ApiKeyDenied && !connection.HasApiKey && EnvironmentConnection.HasKeyForAnother(connection.BaseUri))
        {
            throw new LettaException(e.ErrorId, e.Kind, e.Message, EnvironmentConnection.KeyAdvice(connection.BaseUri), e.Target, e);
        }

        foreach (var warning in warnings)
        {
            await WriteWarningAsync(warning).ConfigureAwait(false);
        }

        return (connected!, agents);
    }
}

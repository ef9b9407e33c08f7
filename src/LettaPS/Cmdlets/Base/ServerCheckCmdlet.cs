namespace LettaPS.Cmdlets.Base;

/// <summary>Base of the cmdlets that check a server before they keep its address.</summary>
public abstract class ServerCheckCmdlet : AsyncCmdlet
{
    /// <summary>Asks a server for its version and makes one read with the password; what the user should know is a warning.</summary>
    /// <param name="connection">The server.</param>
    /// <returns>The connection with the server's version.</returns>
    /// <exception cref="LettaException">The server cannot be used; the identifier tells why.</exception>
    private protected async Task<LettaConnection> CheckAsync(LettaConnection connection, CancellationToken cancellationToken)
    {
        var warnings = new List<string>();
        using var server = AdapterLoadContext.Factory.OpenServer(connection, warn: warnings.Add);
        var progress = NewProgress("Connecting to Letta");
        progress.SetStatus($"asking {connection.BaseUri}");
        LettaConnection? connected = null;
        await ShowAsync(progress, async () => connected = await server.CheckAsync(cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        foreach (var warning in warnings)
        {
            await WriteWarningAsync(warning).ConfigureAwait(false);
        }

        return connected!;
    }
}

using System.Net;
using LettaPS.Core.Connections;
using LettaPS.Core.Sources;

namespace LettaPS.Core.Servers;

/// <summary>Starts and stops servers and waits for them. Only the server's own container is touched, never its neighbours.</summary>
/// <param name="engine">The engine that runs them.</param>
/// <param name="connect">Opens a client for a server; what it wants to warn of goes to the second argument.</param>
/// <param name="time">The clock.</param>
internal sealed class ServerControl(IContainerEngine engine, Func<LettaConnection, Action<string>, ILettaServer> connect, TimeProvider time)
{
    private const int LogLines = 200;
    private const int ShownLines = 15;

    /// <summary>How long a server may take to end before it is killed: its own shutdown takes some seconds, and an embedded PostgreSQL wants to end in peace.</summary>
    public static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan s_pollInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_answerLimit = TimeSpan.FromSeconds(3);

    /// <summary>Starts a server's container; nothing happens to one that runs.</summary>
    /// <param name="container">Identifier or name of the container.</param>
    public Task StartAsync(string container, CancellationToken cancellationToken) => engine.StartAsync(container, cancellationToken);

    /// <summary>Stops a server's container; nothing happens to one that does not run.</summary>
    /// <param name="container">Identifier or name of the container.</param>
    public Task StopAsync(string container, CancellationToken cancellationToken) => engine.StopAsync(container, StopGrace, cancellationToken);

    /// <summary>Waits until a server answers <c>/v1/health/</c> and then a read that touches its database.</summary>
    /// <param name="container">Identifier or name of the container.</param>
    /// <param name="timeout">How long at most.</param>
    /// <param name="progress">Told in a few words what is waited for.</param>
    /// <returns>The version that the server gives itself.</returns>
    /// <exception cref="LettaException">
    /// The container ended or keeps ending: what its log means (<c>MigrationFailed</c>, <c>AddressInUse</c>, <c>DatabaseDenied</c>, …), else
    /// <c>ServerStartFailed</c>. Or it does not answer in time: <c>ServerStartTimeout</c>. The message ends with the last lines of the log.
    /// </exception>
    public async Task<string> WaitAsync(string container, TimeSpan timeout, Action<string>? progress, CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        var first = await engine.InspectAsync(container, cancellationToken).ConfigureAwait(false);
        IOpenTunnel? tunnel = null;
        try
        {
            var reason = "its API does not answer";
            while (true)
            {
                var now = await engine.InspectAsync(container, cancellationToken).ConfigureAwait(false);
                if (!now.IsRunning || now.RestartCount > first.RestartCount)
                {
                    throw await FailureAsync(now, first.StartedAt, ErrorIds.ServerStartFailed, StopReason(now), LettaErrorKind.ServerFault, cancellationToken).ConfigureAwait(false);
                }

                try
                {
                    var address = ServerDiscovery.BaseUri(now, engine.Endpoint);
                    if (address is null)
                    {
                        tunnel ??= await engine.OpenTunnelAsync(container, ServerDiscovery.PortOfApi(now), cancellationToken).ConfigureAwait(false);
                        address = new UriBuilder("http", tunnel.NearEnd.Address.ToString(), tunnel.NearEnd.Port).Uri;
                    }

                    var (version, problem) = await AskAsync(now, address, cancellationToken).ConfigureAwait(false);
                    if (problem is null)
                    {
                        return version;
                    }

                    reason = problem;
                }
                catch (LettaException e) when (e.Kind is LettaErrorKind.Connection or LettaErrorKind.Timeout or LettaErrorKind.ServerFault)
                {
                    reason = e.Message.TrimEnd('.');
                }
                catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
                {
                    // Asked again: while it starts, an answer may be long in coming.
                }

                if (time.GetElapsedTime(begun) > timeout)
                {
                    throw await FailureAsync(
                        now, first.StartedAt, ErrorIds.ServerStartTimeout, $"It was not ready within {timeout.TotalSeconds:0} seconds: {reason}", LettaErrorKind.Timeout, cancellationToken).ConfigureAwait(false);
                }

                progress?.Invoke(reason);
                await Task.Delay(s_pollInterval, time, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            if (tunnel is not null)
            {
                await tunnel.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private static string StopReason(ContainerFacts container) => container switch
    {
        { OutOfMemory: true } => "It was ended by the kernel for want of memory",
        { State: ContainerState.Paused } => "It is paused",
        { State: ContainerState.Restarting } => $"It ends and is started again and again (exit code {container.ExitCode})",
        // Just started once more: the engine has forgotten by then how it ended before.
        { RestartCount: > 0 } => "It ends and is started again and again",
        _ => $"It ended with exit code {container.ExitCode}",
    };

    private async Task<(string Version, string? Problem)> AskAsync(ContainerFacts container, Uri address, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_answerLimit);
        string? problem = null;
        using var server = connect(
            new LettaConnection(address, await PasswordAsync(container, limit.Token).ConfigureAwait(false), s_answerLimit),
            warning => problem = warning);
        var answered = await server.CheckAsync(limit.Token).ConfigureAwait(false);
        return (answered.ReportedVersion!, problem);
    }

    private async Task<System.Security.SecureString?> PasswordAsync(ContainerFacts container, CancellationToken cancellationToken)
    {
        var secure = container.Variable("LETTA_SERVER_SECURE") == "true" || container.Variable("SECURE") == "true" || container.Command.Contains("--secure");
        var password = !secure ? null
            : container.Variable("LETTA_SERVER_PASSWORD")
                ?? StartupLogAnalyzer.GeneratedPassword(await engine.ReadLogAsync(container.Id, int.MaxValue, container.StartedAt, cancellationToken).ConfigureAwait(false));
        return password is null ? null : new NetworkCredential(string.Empty, password).SecurePassword;
    }

    private async Task<LettaException> FailureAsync(ContainerFacts container, DateTimeOffset? since, string errorId, string reason, LettaErrorKind kind, CancellationToken cancellationToken)
    {
        // A container that is started again and again has nothing in the log of its last run yet; the one before tells why.
        var lines = await engine.ReadLogAsync(container.Id, LogLines, since, cancellationToken).ConfigureAwait(false);
        var meaning = StartupLogAnalyzer.Find(container, lines);
        var shown = string.Join('\n', lines.TakeLast(ShownLines).Select(ServerSettings.MaskText));
        return new LettaException(
            meaning?.ErrorId ?? errorId,
            kind,
            $"'{container.Name}' did not come up. {reason}.{(meaning is null ? string.Empty : $" {meaning.Meaning}.")} The end of its log:\n{shown}\n",
            meaning?.RecommendedAction ?? $"See the whole log: {container.EngineCommand} logs {container.Name}",
            container.Name);
    }
}

using LettaPS.Core.Servers;

namespace LettaPS.Core.Databases.Hosts;

/// <summary>PostgreSQL alone, in a temporary container on the data of a server that does not run.</summary>
internal static class PostgresAlone
{
    /// <summary>
    /// Starts PostgreSQL as the server's own image starts it. It ends when this process does, so that it can never be left behind to share its data with a server
    /// that somebody starts by hand.
    /// </summary>
    public const string Script =
        "exec 3<&0; /usr/local/bin/docker-entrypoint.sh postgres </dev/null 3<&- & p=$!; (read -r _ <&3; kill -INT $p) & wait $p; wait $p";

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_pollInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Starts it on the data of a server whose container has become Letta Code, which does not touch them.</summary>
    /// <param name="server">The server's container.</param>
    /// <exception cref="LettaException"><c>PostgresImageNotFound</c>, <c>DataDirectoryInUse</c>, <c>DataVolumeNotFound</c>.</exception>
    public static async Task<ITemporaryContainer> StartAsync(IContainerEngine engine, ContainerFacts server, CancellationToken cancellationToken)
    {
        if (ServerDiscovery.DataMount(server) is null)
        {
            throw DatabaseProblems.InContainerLayer(server);
        }

        var (image, environment) = await PostgresImages.ChooseAsync(engine, server, cancellationToken).ConfigureAwait(false);
        return await engine.RunTemporaryAsync(
            new TemporaryContainerSpecification(image, Script)
            {
                Name = DataDirectory.PostgresNameFor(server),
                Environment = environment,
                VolumesFrom = server.Id,
                BeforeStart = async token => DataDirectory.EnsureNoOtherWriter(server, await engine.ListAsync(token).ConfigureAwait(false), server.Id),
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Waits until PostgreSQL in a container takes connections.</summary>
    /// <param name="container">The container that runs it.</param>
    /// <param name="name">The server whose database it is, for the message.</param>
    /// <param name="port">The port that it listens on there.</param>
    /// <exception cref="LettaException"><c>DatabaseTimeout</c>.</exception>
    public static async Task WaitAsync(IContainerEngine engine, string container, string name, int port, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_limit);
        try
        {
            var ready = new ContainerProgram("pg_isready", "--quiet", "--host=127.0.0.1", $"--port={port}");
            while ((await engine.RunProgramAsync(container, ready, null, null, limit.Token).ConfigureAwait(false)).ExitCode != 0)
            {
                await Task.Delay(s_pollInterval, limit.Token).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is LettaException { ErrorId: ErrorIds.ContainerNotRunning or ErrorIds.ContainerNotFound } || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new LettaException(
                ErrorIds.DatabaseTimeout,
                LettaErrorKind.Connection,
                $"PostgreSQL of '{name}' accepts no connections.",
                $"Read its log: {engine.Command} logs {name}",
                name,
                e);
        }
    }
}

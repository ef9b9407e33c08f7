using Docker.DotNet;

namespace LettaPS.Adapters.Docker;

/// <summary>A program that runs in a container by <c>docker exec</c>. Disposing of it ends the program and waits for that.</summary>
internal sealed class ContainerExec(DockerClient client, string id, MultiplexedStream stream, Func<Task> kill) : IAsyncDisposable
{
    /// <summary>Larger than any frame that the engine sends (32 KiB) and than what is worth copying at once.</summary>
    private const int BufferSize = 128 * 1024;

    private static readonly TimeSpan s_pollInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_ownEndGrace = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_endGrace = TimeSpan.FromSeconds(10);

    private bool _ended;
    private Task _feeding = Task.CompletedTask;

    /// <summary>Feeds the program, reads what it writes, and waits until it has ended.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> CompleteAsync(Stream? input, Stream output, TailBuffer errors, CancellationToken cancellationToken)
    {
        _feeding = input is null ? Task.CompletedTask : FeedAsync(input, cancellationToken);
        try
        {
            await ReadAsync(output, errors, cancellationToken).ConfigureAwait(false);
        }
        catch when (_feeding.IsFaulted)
        {
            // The connection broke off because the input did: told below.
        }

        if (_feeding.IsFaulted)
        {
            await _feeding.ConfigureAwait(false);
        }

        return await WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Gives the program something to read, then the end of it.</summary>
    public Task FeedAsync(Stream input, CancellationToken cancellationToken) => StdinWriter.FeedAsync(
        input,
        (bytes, count, end) => stream.WriteAsync(bytes, 0, count, end),
        stream.CloseWrite,
        stream.Dispose,
        cancellationToken);

    /// <summary>Reads what the program writes, until it closes both streams.</summary>
    public async Task ReadAsync(Stream output, TailBuffer errors, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferSize];
        while (true)
        {
            var read = await stream.ReadOutputAsync(buffer, 0, buffer.Length, cancellationToken).ConfigureAwait(false);
            if (read.EOF)
            {
                return;
            }

            if (read.Target == MultiplexedStream.TargetStream.StandardError)
            {
                errors.Add(buffer.AsSpan(0, read.Count));
            }
            else
            {
                await output.WriteAsync(buffer.AsMemory(0, read.Count), cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Waits until the program has ended.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> WaitAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var state = await client.Exec.InspectContainerExecAsync(id, cancellationToken).ConfigureAwait(false);
            if (!state.Running)
            {
                _ended = true;
                return (int)(state.ExitCode ?? 0);
            }

            await Task.Delay(s_pollInterval, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        stream.Dispose();

        // What was wrong with it has been told by whoever waited for the program.
        await _feeding.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).ConfigureAwait(false);
        // The end of its input ends it, unless it waits for something else.
        if (!await HasEndedAsync(s_ownEndGrace).ConfigureAwait(false))
        {
            await kill().ConfigureAwait(false);
            await HasEndedAsync(s_endGrace).ConfigureAwait(false);
        }
    }

    private async Task<bool> HasEndedAsync(TimeSpan grace)
    {
        if (_ended)
        {
            return true;
        }

        using var limit = new CancellationTokenSource(grace);
        try
        {
            await WaitAsync(limit.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        catch (Exception e) when (e is DockerApiException or HttpRequestException)
        {
            // The container or the engine went away, and with it the program.
            return true;
        }
    }
}

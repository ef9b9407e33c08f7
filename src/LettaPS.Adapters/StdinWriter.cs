using System.Net.Sockets;

namespace LettaPS.Adapters;

/// <summary>What a program of this machine or of a container is given to read.</summary>
internal static class StdinWriter
{
    /// <summary>As much as is worth copying at once: more than a pipe of Linux holds (64 KiB).</summary>
    private const int BufferSize = 128 * 1024;

    /// <summary>
    /// Gives a program something to read, then the end of it. A program that does not want the rest is no failure, whether it has ended already or
    /// not: its exit code tells. An input that cannot be read is one.
    /// </summary>
    /// <param name="input">What it is given.</param>
    /// <param name="write">Writes the first bytes of a buffer to the program.</param>
    /// <param name="close">Tells the program that this was all.</param>
    /// <param name="abandon">Ends the program, or breaks with it: half of the input must not pass for the whole.</param>
    public static async Task FeedAsync(Stream input, Func<byte[], int, CancellationToken, Task> write, Action close, Action abandon, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferSize];
        while (true)
        {
            int count;
            try
            {
                count = await input.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            }
            catch
            {
                abandon();
                throw;
            }

            try
            {
                if (count == 0)
                {
                    close();
                    return;
                }

                await write(buffer, count, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}

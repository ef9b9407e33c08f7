using System.Globalization;
using LettaPS.Core.Servers;

namespace LettaPS.Core.Health;

/// <summary>Room on the disk that the database is on.</summary>
/// <param name="Free">Bytes that are free.</param>
/// <param name="Total">Bytes that it has.</param>
internal sealed record DiskSpace(long Free, long Total)
{
    /// <summary>Looks at the disk: in the container of the database, or on this machine where PostgreSQL runs here and says where its data is.</summary>
    /// <param name="context">The server.</param>
    /// <param name="address">The database.</param>
    /// <param name="dataDirectory">What PostgreSQL says of its data directory, which it says to superusers only.</param>
    /// <returns><see langword="null"/> where it cannot be seen from here.</returns>
    public static async Task<DiskSpace?> FindAsync(HealthContext context, DatabaseAddress address, string? dataDirectory, CancellationToken cancellationToken)
    {
        if (await context.Engine.ConfigureAwait(false) is { Engine: { } engine, Postgres: { IsRunning: true } postgres })
        {
            var df = new ContainerProgram("df", "-Pk", dataDirectory ?? postgres.Variable("PGDATA") ?? ServerDiscovery.DefaultDataDirectory);
            return Parse((await engine.RunProgramAsync(postgres.Id, df, null, null, cancellationToken).ConfigureAwait(false)).Output);
        }

        if (address.Tunnel is null && address.Host is "localhost" or "127.0.0.1" or "::1" && dataDirectory is not null && Directory.Exists(dataDirectory))
        {
            var drive = new DriveInfo(dataDirectory);
            return new DiskSpace(drive.AvailableFreeSpace, drive.TotalSize);
        }

        return null;
    }

    /// <summary>Reads what <c>df -Pk</c> writes: a heading, then device, kibibytes, used, available.</summary>
    internal static DiskSpace? Parse(string output)
    {
        var words = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).ElementAtOrDefault(1)?.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words is [_, var total, _, var free, ..] && long.TryParse(total, CultureInfo.InvariantCulture, out var all) && long.TryParse(free, CultureInfo.InvariantCulture, out var left)
            ? new DiskSpace(left << 10, all << 10)
            : null;
    }
}

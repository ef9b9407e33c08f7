using System.Security.Cryptography;
using System.Text;
using LettaPS.Core.Servers;

namespace LettaPS.Core.Databases.Hosts;

/// <summary>
/// The data directory of a PostgreSQL server in a container. Two servers on one directory destroy it, and in containers each takes the other's
/// <c>postmaster.pid</c> for a stale one: both have the same process number.
/// </summary>
internal static class DataDirectory
{
    /// <summary>
    /// A name made of the directory's, for the container that reserves it. Every run on the engine makes the same one, and the engine lets no two containers
    /// have it. Whatever else of LettaPS mounts the directory has a name that begins with it.
    /// </summary>
    /// <param name="server">The container whose PostgreSQL has the directory.</param>
    public static string NameFor(ContainerFacts server)
    {
        var data = ServerDiscovery.DataMount(server);
        var directory = data is null ? server.Id : data.Name ?? data.Source;
        return "lettaps-" + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(directory)))[..16].ToLowerInvariant();
    }

    /// <summary>The name of the container that runs PostgreSQL alone on the directory.</summary>
    /// <param name="server">The container whose PostgreSQL has the directory.</param>
    public static string PostgresNameFor(ContainerFacts server) => NameFor(server) + "-postgres";

    /// <summary>Verifies that no container but the named ones runs and can write to the directory.</summary>
    /// <param name="server">The container whose PostgreSQL has the directory.</param>
    /// <param name="all">All containers of the engine.</param>
    /// <param name="except">Identifiers of containers that may.</param>
    /// <exception cref="LettaException"><c>DataDirectoryInUse</c>.</exception>
    public static void EnsureNoOtherWriter(ContainerFacts server, IReadOnlyList<ContainerFacts> all, params string[] except)
    {
        var data = ServerDiscovery.DataMount(server)!;
        var other = all.FirstOrDefault(c => c.State is ContainerState.Running or ContainerState.Paused or ContainerState.Restarting
            && !except.Contains(c.Id)
            && c.Mounts.Any(m => !m.IsReadOnly && Overlaps(m, data)));
        if (other is not null)
        {
            throw new LettaException(
                ErrorIds.DataDirectoryInUse,
                LettaErrorKind.Conflict,
                $"The container '{other.Name}' runs and can write to '{data.Name ?? data.Source}', where the database of '{server.Name}' is. A second PostgreSQL there would destroy it.",
                $"Stop that container, then run the command again: {other.EngineCommand} stop {other.Name}",
                server.Name);
        }
    }

    /// <summary>Whether two mounts share files: the same volume, the same folder, or a folder within the other one.</summary>
    private static bool Overlaps(ContainerMount one, ContainerMount other) =>
        one.Name is not null && other.Name is not null ? one.Name == other.Name : IsWithin(one.Source, other.Source) || IsWithin(other.Source, one.Source);

    private static bool IsWithin(string path, string folder) => (path.TrimEnd('/') + '/').StartsWith(folder.TrimEnd('/') + '/', StringComparison.Ordinal);
}

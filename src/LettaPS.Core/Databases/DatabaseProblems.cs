using LettaPS.Core.Servers;

namespace LettaPS.Core.Databases;

/// <summary>Failures that more than one part tells of.</summary>
internal static class DatabaseProblems
{
    /// <summary>The container that runs a database does not run.</summary>
    /// <param name="container">The container.</param>
    public static LettaException ContainerStopped(ContainerFacts container) => new(
        "DatabaseContainerStopped",
        LettaErrorKind.Refused,
        $"The container '{container.Name}', which runs the database, is not running.",
        container.StartAdvice,
        container.Name);

    /// <summary>The data of a stopped server are in its container's own layer.</summary>
    /// <param name="server">The container.</param>
    public static LettaException InContainerLayer(ContainerFacts server) => new(
        "DatabaseInContainerLayer",
        LettaErrorKind.Refused,
        $"The database of '{server.Name}' is in the container's own layer, which nothing can reach while the server is stopped.",
        "Take a dump with Backup-LettaDatabase while the server runs, and make the container anew with a volume for its data.",
        server.Name);

    /// <summary>The container of a server that was found before is not there any more.</summary>
    /// <param name="container">Its identifier.</param>
    public static LettaException ContainerGone(string container) =>
        new("ContainerNotFound", LettaErrorKind.NotFound, $"There is no container '{container}' any more.", "Get-LettaServer shows which there are.", container);

    /// <summary>Others than Letta's servers are connected to a database that is to be replaced.</summary>
    /// <param name="database">Its name.</param>
    /// <param name="sessions">They, in words.</param>
    public static LettaException InUse(string database, IEnumerable<string> sessions) => new(
        "DatabaseInUse",
        LettaErrorKind.Refused,
        $"Somebody is connected to the database '{database}': {string.Join(", ", sessions)}. What they write now would be lost.",
        "Stop what uses it, or give -Force to throw them out.",
        database);

    /// <summary>A server's container, which runs the database too, does not run; perhaps it cannot, for what is to be mended in the database.</summary>
    /// <param name="server">The container.</param>
    /// <param name="address">Address of the database inside it.</param>
    public static LettaException EmbeddedContainerStopped(ContainerFacts server, DatabaseAddress address)
    {
        var data = server.OwnEnvironment.TryGetValue("PGDATA", out var folder) ? $" --env PGDATA={folder}" : string.Empty;
        var alone = server.State == ContainerState.Paused || ServerDiscovery.DataMount(server) is null
            ? string.Empty
            : $" If it ends by itself, run its PostgreSQL alone: docker stop {server.Name}; docker run --detach --rm --name {server.Name}-postgres --volumes-from {server.Name}{data}"
                + $" --publish 127.0.0.1:5433:5432 --entrypoint docker-entrypoint.sh {server.Image} postgres. It is then at -DatabaseUri postgresql://{address.User}:<password>@127.0.0.1:5433/{address.Database}"
                + $" until: docker stop {server.Name}-postgres";
        return new LettaException(
            "DatabaseContainerStopped",
            LettaErrorKind.Refused,
            $"The container '{server.Name}', which runs the database beside the server, is not running.",
            $"{server.StartAdvice}{(alone.Length > 0 ? "." : string.Empty)}{alone}",
            server.Name);
    }
}

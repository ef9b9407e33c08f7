using LettaPS.Core.Servers;

namespace LettaPS.Core.Databases;

/// <summary>Failures that more than one part tells of.</summary>
internal static class DatabaseProblems
{
    /// <summary>The container that runs a database does not run.</summary>
    public static LettaException ContainerStopped(ContainerFacts container) => new(
        ErrorIds.DatabaseContainerNotRunning,
        LettaErrorKind.Refused,
        $"The container '{container.Name}', which runs the database, is not running.",
        container.StartAdvice,
        container.Name);

    /// <summary>The data of a stopped server are in its container's own layer.</summary>
    /// <param name="server">The container.</param>
    public static LettaException InContainerLayer(ContainerFacts server) => new(
        ErrorIds.DataVolumeNotFound,
        LettaErrorKind.Refused,
        $"The database of '{server.Name}' is in the container's own layer and cannot be reached while the server is stopped.",
        "Start the server and take a dump, then recreate the container with a volume for its data: Backup-LettaDatabase -Path <folder>",
        server.Name);

    /// <summary>The container of a server that was found before is not there any more.</summary>
    /// <param name="container">Its identifier.</param>
    public static LettaException ContainerGone(string container) =>
        new(ErrorIds.ContainerNotFound, LettaErrorKind.NotFound, $"The container '{container}' no longer exists.", "List the containers: Get-LettaServer", container);

    /// <summary>Another run of LettaPS works on a database.</summary>
    /// <param name="database">Its name.</param>
    public static LettaException WorkRunning(string database) => new(
        ErrorIds.DatabaseWorkInUse,
        LettaErrorKind.Conflict,
        $"Another run of LettaPS works on the database '{database}'. This run changed nothing.",
        "Wait until it has ended, then run the command again.",
        database);

    /// <summary>A run found out that the database is not its own any more.</summary>
    /// <param name="database">Its name.</param>
    /// <param name="cause">What made it notice.</param>
    public static LettaException LockLost(string database, Exception? cause = null) => new(
        ErrorIds.DatabaseLockFailed,
        LettaErrorKind.Conflict,
        $"This run lost its lock on database '{database}', and another run of LettaPS took it. This run changed nothing afterwards.",
        "Wait until the other run has ended, then look at the result: Test-LettaHealth",
        database,
        cause);

    /// <summary>Others than Letta's servers are connected to a database that is to be replaced.</summary>
    /// <param name="database">Its name.</param>
    /// <param name="sessions">They, in words.</param>
    public static LettaException InUse(string database, IEnumerable<string> sessions) => new(
        ErrorIds.DatabaseInUse,
        LettaErrorKind.Refused,
        $"Other sessions are connected to the database '{database}': {string.Join(", ", sessions)}. What they write now would be lost.",
        "Stop the programs that use the database, or add -Force to terminate the sessions.",
        database);

    /// <summary>A database is none of those that replacements of another kept.</summary>
    /// <param name="database">Name of the other.</param>
    /// <param name="previous">Its name.</param>
    public static LettaException NotKept(string database, string previous) => new(
        ErrorIds.DatabaseNotFound,
        LettaErrorKind.NotFound,
        $"No replacement of the database '{database}' kept a database '{previous}'.",
        "List those that were kept: Get-LettaKeptDatabase",
        previous);

    /// <summary>A database that was kept is used again.</summary>
    /// <param name="previous">Its name.</param>
    /// <param name="users">By whom, in words.</param>
    public static LettaException KeptInUse(string previous, IEnumerable<string> users) => new(
        ErrorIds.DatabaseInUse,
        LettaErrorKind.Refused,
        $"The database '{previous}' is in use and was not removed: {string.Join(", ", users)}.",
        "Stop what uses it, then run the command again.",
        previous);

    /// <summary>A server's container, which runs the database too, does not run; perhaps it cannot, for what is to be mended in the database.</summary>
    /// <param name="server">The container.</param>
    /// <param name="address">Address of the database inside it.</param>
    public static LettaException EmbeddedContainerStopped(ContainerFacts server, DatabaseAddress address)
    {
        var data = server.OwnEnvironment.TryGetValue("PGDATA", out var folder) ? $" --env PGDATA={folder}" : string.Empty;
        var alone = server.State == ContainerState.Paused || ServerDiscovery.DataMount(server) is null
            ? string.Empty
            : $" If it ends by itself, run its PostgreSQL alone: {server.EngineCommand} stop {server.Name}; {server.EngineCommand} run --detach --rm --name {server.Name}-postgres --volumes-from {server.Name}{data}"
                + $" --publish 127.0.0.1:5433:5432 --entrypoint docker-entrypoint.sh {server.Image} postgres. It is then at -DatabaseUri postgresql://{address.User}:<password>@127.0.0.1:5433/{address.Database}"
                + $" until: {server.EngineCommand} stop {server.Name}-postgres";
        return new LettaException(
            ErrorIds.DatabaseContainerNotRunning,
            LettaErrorKind.Refused,
            $"The container '{server.Name}', which runs the database beside the server, is not running.",
            $"{server.StartAdvice}{(alone.Length > 0 ? "." : string.Empty)}{alone}",
            server.Name);
    }
}

namespace LettaPS.Core.Databases;

/// <summary>Failures that more than one part tells of.</summary>
internal static class DatabaseProblems
{
    /// <summary>The container that runs a database does not run.</summary>
    /// <param name="container">Its name.</param>
    public static LettaException ContainerStopped(string container) => new(
        "DatabaseContainerStopped",
        LettaErrorKind.Refused,
        $"The container '{container}', which runs the database, is not running.",
        $"Start it: docker start {container}",
        container);
}

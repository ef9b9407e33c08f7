namespace LettaPS.Core.Health;

/// <summary>The server to examine, as far as it is known where its parts are. What is not known is looked for.</summary>
/// <param name="Connection">Its API; <see langword="null"/> where its port is not published.</param>
/// <param name="Environment">Gives the value of a variable of this process's environment, or <see langword="null"/>.</param>
internal sealed record HealthTarget(LettaConnection? Connection, Func<string, string?> Environment)
{
    /// <summary>Identifier of its container; <see langword="null"/> for the one that serves <see cref="Connection"/>.</summary>
    public string? Container { get; init; }

    /// <summary>Its database, where the user named it.</summary>
    public DatabaseAddress? Database { get; init; }
}

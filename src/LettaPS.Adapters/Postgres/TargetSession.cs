namespace LettaPS.Adapters.Postgres;

/// <summary>What <c>target_session_attrs</c> asks of a server. Every session of LettaPS may write unless its server is a standby.</summary>
/// <param name="Name">The value.</param>
/// <param name="Choices">What is looked for, the most wanted first: each is asked whether the server is a standby.</param>
internal sealed record TargetSession(string Name, IReadOnlyList<Func<bool, bool>> Choices)
{
    /// <summary>Whether every server will do.</summary>
    public bool IsAny => Name == "any";

    /// <summary>Reads the value.</summary>
    /// <exception cref="FormatException">There is no such value.</exception>
    public static TargetSession Parse(string value) => new(value, value switch
    {
        "any" => [_ => true],
        "read-write" or "primary" => [isStandby => !isStandby],
        "read-only" or "standby" => [isStandby => isStandby],
        "prefer-standby" => [isStandby => isStandby, _ => true],
        _ => throw new FormatException($"'{value}'"),
    });
}

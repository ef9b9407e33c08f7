namespace LettaPS.Core.Sources;

/// <summary>The database that agents are read from.</summary>
/// <param name="Address">Where it is.</param>
/// <param name="Connection">The server that it belongs to, or stands for itself (<see cref="LettaConnection.OfDatabase"/>).</param>
internal sealed record AgentDatabase(DatabaseAddress Address, LettaConnection Connection)
{
    /// <summary>The <c>LETTA_ENCRYPTION_KEY</c> of the server, which opens its secrets and is never written anywhere; <see langword="null"/> where it is not known.</summary>
    public string? EncryptionKey { get; init; }

    /// <summary>The address and the server.</summary>
    public override string ToString() => $"{Address} of {Connection}";
}

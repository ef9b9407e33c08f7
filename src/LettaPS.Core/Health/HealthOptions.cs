namespace LettaPS.Core.Health;

/// <summary>How a server is examined.</summary>
/// <param name="Depth">How much of it.</param>
internal sealed record HealthOptions(HealthDepth Depth)
{
    /// <summary>Where its backups are; <see langword="null"/> where nobody said.</summary>
    public string? BackupPath { get; init; }

    /// <summary>Age from which the newest backup is too old.</summary>
    public TimeSpan MaximumBackupAge { get; init; } = TimeSpan.FromDays(1);
}

namespace LettaPS.Core.Sources;

/// <summary>What to read of an agent.</summary>
/// <param name="WorkFolder">Where long histories are kept until they are written; the folder of the backup set.</param>
/// <param name="IncludeHistory">The messages that are no longer in context.</param>
/// <param name="IncludeArchive">The archival passages.</param>
/// <param name="IncludeSecrets">The values of environment variables.</param>
/// <param name="IncludeExport">The server's own export, which has of messages what the lists round off. Verification does without.</param>
internal sealed record SnapshotOptions(
    string WorkFolder,
    bool IncludeHistory = true,
    bool IncludeArchive = true,
    bool IncludeSecrets = false,
    bool IncludeExport = true);

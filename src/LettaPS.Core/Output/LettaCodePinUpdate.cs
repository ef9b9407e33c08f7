namespace LettaPS;

/// <summary>A settings file of Letta Code that was brought up to date: what <c>Update-LettaCodePin -PassThru</c> gives.</summary>
public sealed class LettaCodePinUpdate
{
    /// <summary>The file.</summary>
    public required string Path { get; init; }

    /// <summary>The file as it was, kept beside it; <see langword="null"/> where nothing had to change.</summary>
    public string? BackupPath { get; init; }

    /// <summary>The identifiers that changed.</summary>
    public IReadOnlyList<LettaCodePinChange> Changes { get; init => field = new LettaList<LettaCodePinChange>(value); } = new LettaList<LettaCodePinChange>([]);

    /// <summary>The file.</summary>
    public override string ToString() => Path;
}

namespace LettaPS.Core.Compose;

/// <summary>A file and what it is to say instead.</summary>
/// <param name="Before">The file as it was read.</param>
/// <param name="After">The file as it is to be.</param>
public sealed record FileChange(TextSource Before, TextSource After)
{
    /// <summary>The difference as a unified diff.</summary>
    public string Diff => UnifiedDiff.Make(Before.Path, Before.Text, After.Text);
}

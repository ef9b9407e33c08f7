using LettaPS.Core.Secrets;
using LettaPS.Core.Text;

namespace LettaPS.Core.IO;

/// <summary>A file and what it is to say instead.</summary>
/// <param name="Before">The file as it was read.</param>
/// <param name="After">The file as it is to be.</param>
internal sealed record FileChange(TextFile Before, TextFile After)
{
    /// <summary>The difference as a unified diff.</summary>
    public string Diff => UnifiedDiff.Make(Before.Path, Before.Text, After.Text);

    /// <summary>The difference as it may be shown: lines around it without what looks like a secret, and none of an env file, which may be all secrets.</summary>
    public string Preview => Path.GetExtension(Before.Path) is ".yml" or ".yaml"
        ? string.Join('\n', Diff.Split('\n').Select(SecretText.Mask))
        : UnifiedDiff.Make(Before.Path, Before.Text, After.Text, context: 0);
}

using System.Globalization;

namespace LettaPS.Core.Restores;

/// <summary>The words for what a replaced agent would lose.</summary>
internal static class LossText
{
    /// <summary>The words for messages that would be lost.</summary>
    /// <param name="count">How many.</param>
    public static string Messages(long count) => string.Create(CultureInfo.InvariantCulture, $"{count} messages of the agent that would be replaced: the file was written without the history.");

    /// <summary>The words for passages that would be lost.</summary>
    /// <param name="count">How many.</param>
    /// <param name="noArchive">Whether the restore leaves them out.</param>
    public static string Passages(long count, bool noArchive) => string.Create(
        CultureInfo.InvariantCulture, $"{count} archival passages of the agent that would be replaced: {(noArchive ? "-NoArchive leaves the passages of the file out" : "the file was written without archival passages")}.");
}

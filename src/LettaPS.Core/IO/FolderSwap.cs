namespace LettaPS.Core.IO;

/// <summary>Puts a finished folder in the place of an old one.</summary>
internal static class FolderSwap
{
    /// <summary>Moves the old folder aside and the new one into its place. If the new one cannot be moved, the old one is back in its place.</summary>
    /// <param name="place">The old folder.</param>
    /// <param name="by">The new folder, on the same file system.</param>
    /// <param name="aside">Where the old folder is moved to.</param>
    public static void Replace(string place, string by, string aside)
    {
        Directory.Move(place, aside);
        try
        {
            Directory.Move(by, place);
        }
        catch
        {
            Directory.Move(aside, place);
            throw;
        }
    }
}

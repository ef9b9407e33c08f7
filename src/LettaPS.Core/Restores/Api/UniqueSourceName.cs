namespace LettaPS.Core.Restores.Api;

/// <summary>The name that a source gets where its own is taken: followed by an underscore and eight digits, as newer imports do it by themselves.</summary>
internal static class UniqueSourceName
{
    private const int DigitCount = 8;

    /// <summary>Another name for a source.</summary>
    /// <param name="name">The one that is taken.</param>
    public static string Another(string? name) => $"{name}_{Guid.NewGuid().ToString("N")[..DigitCount]}";

    /// <summary>The name without what was put behind it.</summary>
    /// <param name="name">The name on a server.</param>
    public static string Own(string name) =>
        name.Length > DigitCount + 1 && name[^(DigitCount + 1)] == '_' && name[^DigitCount..].All(char.IsAsciiHexDigitLower) ? name[..^(DigitCount + 1)] : name;

    /// <summary>Whether a source on a server may be the one of a file.</summary>
    /// <param name="shown">Its name on the server.</param>
    /// <param name="name">The name in the file.</param>
    public static bool IsOf(string shown, string name) => shown == name || Own(shown) == name;
}

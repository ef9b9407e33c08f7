using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using LettaPS.Core.Markdown;

namespace LettaPS.Core.LettaCode;

/// <summary>
/// Names of the files of a memory. They are ASCII, since git shows others in quotation marks and the client then takes them for no Markdown; no two of a folder
/// differ in case alone, and none is reserved by Windows or means something to the script that renders the prompt.
/// </summary>
internal sealed class MemoryPaths
{
    /// <summary>Names that every JavaScript object has: the client takes a file of that name for something else and leaves its text out of the prompt.</summary>
    private static readonly HashSet<string> s_taken = new(StringComparer.OrdinalIgnoreCase)
    {
        "__proto__", "constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString", "valueOf",
        "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__", "__value__", "__description__",
    };

    private readonly Dictionary<string, HashSet<string>> _folders = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, string> _given = new(StringComparer.Ordinal);

    /// <summary>The path of a block.</summary>
    /// <param name="label">Its label. Slashes make folders, and <c>system/</c>, which Letta's own memory uses in labels, is not doubled.</param>
    public string OfBlock(string label)
    {
        var path = label.Replace('\\', '/');
        path = path.StartsWith("system/", StringComparison.Ordinal) ? path["system/".Length..] : path;
        path = path.EndsWith(".md", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path;
        var segments = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (segments.Length == 0)
        {
            segments = [string.Empty];
        }

        var folder = "system";
        foreach (var segment in segments[..^1])
        {
            folder = Folder(folder, segment);
        }

        return $"{folder}/{File(folder, segments[^1], ".md")}";
    }

    /// <summary>A folder in another, the same for the same name.</summary>
    /// <param name="parent">The other.</param>
    /// <param name="name">Its true name.</param>
    public string Folder(string parent, string name)
    {
        var key = $"{parent}\0{name}";
        if (!_given.TryGetValue(key, out var folder))
        {
            folder = $"{parent}/{File(parent, name, string.Empty)}";
            _given.Add(key, folder);
        }

        return folder;
    }

    /// <summary>A new name in a folder.</summary>
    /// <param name="name">The true name.</param>
    /// <param name="extension">What follows it.</param>
    public string File(string folder, string name, string extension)
    {
        if (!_folders.TryGetValue(folder, out var taken))
        {
            taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
            _folders.Add(folder, taken);
        }

        return MarkdownText.FileName(Ascii(name), extension, taken);
    }

    /// <summary>A name in ASCII: letters keep their base, everything else becomes a hyphen. Where nothing readable is left, a hash of the name stands for it.</summary>
    /// <param name="name">The true name.</param>
    public static string Ascii(string name)
    {
        var text = new StringBuilder();
        var lost = false;
        foreach (var c in name.Normalize(NormalizationForm.FormD))
        {
            if (char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or ' ')
            {
                text.Append(c);
            }
            else if (CharUnicodeInfo.GetUnicodeCategory(c) is not UnicodeCategory.NonSpacingMark)
            {
                text.Append('-');
                lost |= c > 0x7F;
            }
        }

        var ascii = text.ToString().Trim('-', '.', ' ');
        if (lost || ascii.Length == 0)
        {
            ascii = $"{(ascii.Length == 0 ? "name" : ascii)}-{Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, 3)).ToLowerInvariant()}";
        }

        return s_taken.Contains(ascii) ? ascii + "_" : ascii;
    }
}

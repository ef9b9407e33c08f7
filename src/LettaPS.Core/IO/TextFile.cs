using System.Text;

namespace LettaPS.Core.IO;

/// <summary>A text file as it was read: what it says, and its bytes, by which a later change by someone else is noticed.</summary>
internal sealed class TextFile
{
    /// <summary>Longest file that is read, in bytes: 4 MiB, a hundred times any compose file ever seen.</summary>
    public const long MaxLength = 4 * 1024 * 1024;

    // UTF-32 first: its little-endian mark begins with that of UTF-16.
    private static readonly Encoding[] s_marked =
    [
        new UTF32Encoding(bigEndian: false, byteOrderMark: true, throwOnInvalidCharacters: true),
        new UTF32Encoding(bigEndian: true, byteOrderMark: true, throwOnInvalidCharacters: true),
        new UTF8Encoding(encoderShouldEmitUTF8Identifier: true, throwOnInvalidBytes: true),
        new UnicodeEncoding(bigEndian: false, byteOrderMark: true, throwOnInvalidBytes: true),
        new UnicodeEncoding(bigEndian: true, byteOrderMark: true, throwOnInvalidBytes: true),
    ];

    private static readonly UTF8Encoding s_unmarked = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly byte[] _bytes;
    private readonly Encoding _encoding;

    private TextFile(string path, string realPath, byte[] bytes, Encoding encoding, string text)
    {
        Path = path;
        RealPath = realPath;
        Text = text;
        _bytes = bytes;
        _encoding = encoding;
    }

    /// <summary>Full path, as the user named it.</summary>
    public string Path { get; }

    /// <summary>Where the file really is: the end of the chain where <see cref="Path"/> is a symbolic link.</summary>
    public string RealPath { get; }

    /// <summary>What the file says, without byte order mark; line ends as they are.</summary>
    public string Text { get; }

    /// <summary>The bytes as they were read.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>Reads a file.</summary>
    /// <param name="path">Full path.</param>
    /// <exception cref="LettaException"><c>PathNotFound</c>, <c>InvalidFilePath</c>, <c>FileTooLarge</c>, <c>InvalidTextFile</c>.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static TextFile Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (Directory.Exists(path))
        {
            throw new LettaException(ErrorIds.InvalidFilePath, LettaErrorKind.InvalidInput, $"'{path}' is a folder.", $"Give the path of a file: Get-ChildItem -LiteralPath '{path}'", path);
        }

        var file = new FileInfo(path);
        if (!file.Exists)
        {
            throw new LettaException(ErrorIds.PathNotFound, LettaErrorKind.NotFound, $"The file '{path}' does not exist.", $"Check the path: Get-ChildItem -LiteralPath '{System.IO.Path.GetDirectoryName(path)}'", path);
        }

        var realPath = file.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? file.FullName;
        using var stream = new FileStream(realPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (stream.Length > MaxLength)
        {
            throw new LettaException(
                ErrorIds.FileTooLarge,
                LettaErrorKind.InvalidInput,
                $"'{path}' has {stream.Length:N0} bytes. LettaPS reads files of up to {MaxLength:N0} bytes.",
                "Give the compose file itself: Get-LettaImagePin -Path <file>",
                path);
        }

        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return Decode(path, realPath, bytes);
    }

    /// <summary>The file as it would be with another text: the same encoding, the same byte order mark.</summary>
    public TextFile WithText(string text) => new(Path, RealPath, [.. _encoding.Preamble, .. _encoding.GetBytes(text)], _encoding, text);

    /// <summary>The 1-based line that a position of <see cref="Text"/> is in.</summary>
    /// <param name="position">Offset in UTF-16 units.</param>
    public int LineAt(int position) => Text.AsSpan(0, position).Count('\n') + 1;

    private static TextFile Decode(string path, string realPath, byte[] bytes)
    {
        var encoding = s_marked.FirstOrDefault(e => bytes.AsSpan().StartsWith(e.Preamble)) ?? s_unmarked;
        try
        {
            var text = encoding.GetString(bytes, encoding.Preamble.Length, bytes.Length - encoding.Preamble.Length);
            if (!text.Contains('\0', StringComparison.Ordinal))
            {
                return new(path, realPath, bytes, encoding, text);
            }
        }
        catch (ArgumentException)
        {
            // Invalid bytes: the same failure as a zero character.
        }

        throw new LettaException(ErrorIds.InvalidTextFile, LettaErrorKind.InvalidData, $"'{path}' is not a text file.", "Give a file of UTF-8 text, or save this one as UTF-8.", path);
    }
}

using System.Text;
using LettaPS.Core.IO;

namespace LettaPS.Core.Markdown;

/// <summary>A text file that only its owner may read, on the disk when it is closed.</summary>
/// <param name="path">The file.</param>
internal sealed class MarkdownPage(string path) : IDisposable
{
    private static readonly UTF8Encoding s_encoding = new(encoderShouldEmitUTF8Identifier: false);

    private readonly FileStream _file = Create(path);

    /// <summary>Makes the file, and its folder if it is the first one there: no folder is empty.</summary>
    private static FileStream Create(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return new FileStream(path, PrivateFile.Options(FileMode.CreateNew, FileAccess.Write));
    }

    /// <summary>Appends text.</summary>
    /// <param name="text">The text, with line feeds.</param>
    public void Write(string text) => _file.Write(s_encoding.GetBytes(text));

    /// <inheritdoc/>
    public void Dispose()
    {
        _file.Flush(flushToDisk: true);
        _file.Dispose();
    }
}

using System.Text;
using LettaPS.Core.AgentFiles.Reading;
using LettaPS.Core.IO;

namespace LettaPS.Core.Markdown;

/// <summary>
/// A folder of Markdown that is whole or absent: written beside its final name, flushed to the disk, then renamed. Disposed without <see cref="Commit"/>, it
/// leaves nothing behind.
/// </summary>
internal sealed class MarkdownFolder : IDisposable
{
    private const string Index = "README.md";
    private const string List = ".lettaps-files";

    // What tells a folder of ours, which may be replaced, from any other.
    private const string Mark = "<!-- Made by ConvertTo-LettaMarkdown of LettaPS. -->";

    private readonly string _path;
    private readonly string _temporary;
    private readonly bool _replace;
    private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase) { Index, List };
    private readonly List<LettaMarkdown> _agents = [];

    private MarkdownFolder(string path, string temporary, bool replace) => (_path, _temporary, _replace) = (path, temporary, replace);

    /// <summary>Begins the folder.</summary>
    /// <param name="path">Its final name.</param>
    /// <param name="force">Replace a folder that this class has made.</param>
    /// <exception cref="LettaException"><c>MarkdownFolderExists</c>; <c>MarkdownFolderMismatch</c>: what is there was not made by this class; <c>MarkdownWriteFailed</c>.</exception>
    public static MarkdownFolder Open(string path, bool force)
    {
        path = Path.TrimEndingDirectorySeparator(path);
        var empty = Directory.Exists(path) && !Directory.EnumerateFileSystemEntries(path).Any();
        var there = File.Exists(path) || (Directory.Exists(path) && !empty);
        if (there && !force)
        {
            throw new LettaException(ErrorIds.MarkdownFolderExists, LettaErrorKind.Conflict, $"'{path}' exists.", "Give another folder, or add -Force to replace what ConvertTo-LettaMarkdown wrote: ConvertTo-LettaMarkdown <path> -DestinationPath <folder>", path);
        }

        if (there && !IsOurs(path))
        {
            throw new LettaException(ErrorIds.MarkdownFolderMismatch, LettaErrorKind.Refused, $"ConvertTo-LettaMarkdown did not write '{path}' and does not replace it.", "Give another folder: ConvertTo-LettaMarkdown <path> -DestinationPath <folder>", path);
        }

        return Guarded(path, () =>
        {
            var temporary = $"{path}.{Guid.NewGuid():N}.partial";
            PrivateFile.CreateFolder(temporary);
            return new MarkdownFolder(path, temporary, there || empty);
        });
    }

    /// <summary>Writes the agents of a file.</summary>
    /// <param name="path">The file, of any form that <c>Restore-LettaAgent</c> reads.</param>
    /// <exception cref="LettaException"><c>InvalidAgentFile</c>, <c>AgentFileReadFailed</c>: nothing of the file is in the folder; <c>MarkdownWriteFailed</c>.</exception>
    public async Task AddAsync(string path, CancellationToken cancellationToken)
    {
        using var document = await AgentFileReader.ReadAsync(path, _temporary, outline: false, cancellationToken).ConfigureAwait(false);
        foreach (var agent in document.Agents)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var name = MarkdownText.FileName(agent.Name, string.Empty, _names);
            var folder = Path.Combine(_temporary, name);
            try
            {
                Guarded(_path, () =>
                {
                    var writer = new AgentMarkdown(document, agent, folder);
                    writer.Write(cancellationToken);
                    _agents.Add(writer.Describe(Path.Combine(_path, name)));
                    return true;
                });
            }
            catch when (Directory.Exists(folder))
            {
                // An agent that cannot be written leaves nothing behind; the others stay.
                Directory.Delete(folder, recursive: true);
                throw;
            }
        }
    }

    /// <summary>Writes the index and gives the folder its name.</summary>
    /// <returns>The agents, in their order; none, and no folder, where none was added.</returns>
    /// <exception cref="LettaException"><c>MarkdownWriteFailed</c>.</exception>
    public IReadOnlyList<LettaMarkdown> Commit() => Guarded(_path, () =>
    {
        if (_agents.Count == 0)
        {
            return _agents;
        }

        using (var index = new MarkdownPage(Path.Combine(_temporary, Index)))
        {
            index.Write(
                $"""
                {Mark}

                # Letta agents

                Each folder is an agent, readable without Letta. Values of environment variables and other secrets are left out.

                | Agent | Identifier | Messages | Passages | Blocks | Tools | Files | From |
                |---|---|---|---|---|---|---|---|

                """.ReplaceLineEndings("\n"));
            foreach (var agent in _agents)
            {
                index.Write($"| {MarkdownText.Link(agent.AgentName.Length == 0 ? "(no name)" : agent.AgentName, $"{Path.GetFileName(agent.Path)}/{Index}")} | {MarkdownText.Inline(agent.AgentId)} | {agent.MessageCount} | {agent.PassageCount} | {agent.BlockCount} | {agent.ToolCount} | {agent.FileCount} | {MarkdownText.Inline(Path.GetFileName(agent.SourcePath))} |\n");
            }
        }

        WriteList();
        if (_replace)
        {
            ReplaceOld();
        }
        else
        {
            Directory.Move(_temporary, _path);
        }

        return _agents;
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Directory.Exists(_temporary))
        {
            Directory.Delete(_temporary, recursive: true);
        }
    }

    /// <summary>Puts the new folder in the place of the old one; if that fails, the old one is back in its place.</summary>
    private void ReplaceOld()
    {
        var replaced = $"{_temporary}.replaced";
        FolderSwap.Replace(_path, _temporary, replaced);

        // Only what this class has written goes: what somebody put into the folder moves over.
        var ours = ReadList(replaced);
        foreach (var file in Files(replaced).Where(f => !ours.Contains(f)).ToList())
        {
            var target = FreeName(Path.Combine(_path, file));
            PrivateFile.CreateFolder(Path.GetDirectoryName(target)!);
            File.Move(Path.Combine(replaced, file), target);
        }

        Directory.Delete(replaced, recursive: true);
    }

    /// <summary>Writes down which files the folder has, by which a later run tells them from others.</summary>
    private void WriteList()
    {
        using var list = new StreamWriter(new FileStream(Path.Combine(_temporary, List), PrivateFile.Options(FileMode.CreateNew, FileAccess.Write)));
        foreach (var file in Files(_temporary).Order(StringComparer.Ordinal))
        {
            list.Write(file + "\n");
        }
    }

    /// <summary>The files that the folder was made with. A folder of a version that kept no list is taken to be all of its pages.</summary>
    private static HashSet<string> ReadList(string folder)
    {
        var list = Path.Combine(folder, List);
        return File.Exists(list) ? [.. File.ReadLines(list), List] : [.. Files(folder).Where(f => f.EndsWith(".md", StringComparison.Ordinal))];
    }

    private static IEnumerable<string> Files(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder, f).Replace('\\', '/'));

    private static string FreeName(string path)
    {
        var free = path;
        for (var i = 2; File.Exists(free) || Directory.Exists(free); i++)
        {
            free = $"{path}.{i}";
        }

        return free;
    }

    private static bool IsOurs(string path)
    {
        var index = Path.Combine(path, Index);
        return File.Exists(index) && File.ReadLines(index, Encoding.UTF8).FirstOrDefault() == Mark;
    }

    private static T Guarded<T>(string path, Func<T> write)
    {
        try
        {
            return write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LettaException(ErrorIds.MarkdownWriteFailed, LettaErrorKind.Storage, $"'{path}' cannot be written: {e.Message}", "Check the free space and the permissions of the folder, or give another: ConvertTo-LettaMarkdown <path> -DestinationPath <folder>", path, e);
        }
    }
}

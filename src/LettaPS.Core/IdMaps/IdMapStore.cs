using LettaPS.Core.IO;

namespace LettaPS.Core.IdMaps;

/// <summary>The map of identifiers as a run keeps it: guarded by the map, and no other run writes it meanwhile.</summary>
internal sealed class IdMapStore : IDisposable
{
    private readonly byte[]? _asRead;
    private FileLock? _lock;

    /// <summary>Reads the map of a backup.</summary>
    /// <param name="path">The file; it need not be there.</param>
    public IdMapStore(string path)
    {
        Path = path;
        _asRead = IdMap.Contents(path);
        Map = IdMap.Parse(_asRead, path);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The map.</summary>
    public IdMap Map { get; }

    /// <summary>Keeps other runs out until this one ends.</summary>
    /// <exception cref="LettaException"><c>IdMapInUse</c>; <c>IdMapWriteFailed</c>.</exception>
    public void Hold()
    {
        try
        {
            _lock = FileLock.TryTake(Path + ".lock") ?? throw new LettaException(
                ErrorIds.IdMapInUse, LettaErrorKind.Conflict, $"Another run restores the backup in '{System.IO.Path.GetDirectoryName(Path)}'.", "Wait until the other run has ended, then run the command again.", Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw WriteFailed(e);
        }

        if (!IdMap.Contents(Path).AsSpan().SequenceEqual(_asRead))
        {
            // What it noted would be lost.
            Dispose();
            throw new LettaException(ErrorIds.IdMapInUse, LettaErrorKind.Conflict, $"Another run changed '{Path}'. This run restored nothing.", "Wait until the other run has ended, then run the command again.", Path);
        }
    }

    /// <summary>Writes the map.</summary>
    /// <exception cref="LettaException"><c>IdMapWriteFailed</c>.</exception>
    public void Save()
    {
        try
        {
            Map.Write(Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw WriteFailed(e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _lock?.Dispose();

    private LettaException WriteFailed(Exception e) => new(
        ErrorIds.IdMapWriteFailed, LettaErrorKind.Storage, $"The ID map '{Path}' cannot be written: {e.Message}", "Give another path: Restore-LettaAgent <path> -IdMapPath <file>", Path, e);
}

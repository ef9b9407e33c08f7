using System.Text.Json;
using LettaPS.Core.IO;

namespace LettaPS.Core.Backups;

/// <summary>
/// What is finished of a set that has no manifest yet: one line a file, appended when the file has its final name. A run that was broken off
/// is resumed from it; the manifest replaces it.
/// </summary>
internal sealed class BackupJournal : IDisposable
{
    /// <summary>Name of the journal in a set that is not finished.</summary>
    public const string FileName = "manifest.journal";

    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly FileStream _file;

    /// <summary>Opens or begins the journal of a set and keeps other runs out of the set.</summary>
    /// <exception cref="LettaException"><c>BackupSetInUse</c>: another run writes this set.</exception>
    public BackupJournal(string folder, Uri server, DateTimeOffset startedAt)
    {
        try
        {
            _file = new FileStream(Path.Combine(folder, FileName), PrivateFile.Options(FileMode.Append, FileAccess.Write));
        }
        catch (IOException e) when (e.GetType() == typeof(IOException))
        {
            throw new LettaException(
                "BackupSetInUse", LettaErrorKind.Conflict, $"Another export is writing the set '{folder}'.", "Wait until it is finished.", folder, e);
        }

        if (_file.Length == 0)
        {
            Append(new Header(server, startedAt));
        }
        else
        {
            // Ends a line that was torn when the earlier run was killed; an empty line means nothing.
            _file.WriteByte((byte)'\n');
        }
    }

    /// <summary>Notes a finished file.</summary>
    public void Add(BackupEntry entry) => Append(entry);

    public void Dispose() => _file.Dispose();

    /// <summary>Removes the journal of a set that has a manifest now.</summary>
    public static void Remove(string folder) => File.Delete(Path.Combine(folder, FileName));

    /// <summary>Which server an unfinished set is of and when it was begun; <see langword="null"/> where there is no journal.</summary>
    public static (Uri Server, DateTimeOffset StartedAt)? ReadHeader(string folder)
    {
        var path = Path.Combine(folder, FileName);
        return File.Exists(path) && File.ReadLines(path).FirstOrDefault() is { } line && Parse<Header>(line) is { Server: not null } header
            ? (header.Server, header.StartedAt)
            : null;
    }

    /// <summary>Reads what an earlier run noted. A last line that was torn when that run was killed counts as not written.</summary>
    public static IEnumerable<BackupEntry> Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            yield break;
        }

        foreach (var line in File.ReadLines(path).Skip(1))
        {
            if (Parse<BackupEntry>(line) is { } entry)
            {
                yield return entry;
            }
        }
    }

    private static T? Parse<T>(string line)
        where T : class
    {
        try
        {
            return line.Length == 0 ? null : JsonSerializer.Deserialize<T>(line, s_json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private void Append<T>(T line)
    {
        _file.Write(JsonSerializer.SerializeToUtf8Bytes(line, s_json));
        _file.WriteByte((byte)'\n');
        _file.Flush();
    }

    private sealed record Header(Uri Server, DateTimeOffset StartedAt);
}

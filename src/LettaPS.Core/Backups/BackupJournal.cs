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
        // Nobody else may have it open: that is what keeps two runs apart.
        _file = Open(folder, PrivateFile.Options(FileMode.Append, FileAccess.Write, share: FileShare.None));
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
    /// <exception cref="LettaException"><c>BackupSetInUse</c>: another run writes this set.</exception>
    public static (Uri Server, DateTimeOffset StartedAt)? ReadHeader(string folder) =>
        ReadLines(folder).FirstOrDefault() is { } line && Parse<Header>(line) is { Server: not null } header ? (header.Server, header.StartedAt) : null;

    /// <summary>Reads what an earlier run noted. A last line that was torn when that run was killed counts as not written.</summary>
    public static IEnumerable<BackupEntry> Read(string folder) => ReadLines(folder).Skip(1).Select(Parse<BackupEntry>).OfType<BackupEntry>();

    private static IEnumerable<string> ReadLines(string folder)
    {
        if (!File.Exists(Path.Combine(folder, FileName)))
        {
            yield break;
        }

        using var reader = new StreamReader(Open(folder, PrivateFile.Options(FileMode.Open, FileAccess.Read)));
        while (reader.ReadLine() is { } line)
        {
            yield return line;
        }
    }

    private static FileStream Open(string folder, FileStreamOptions options)
    {
        try
        {
            return new FileStream(Path.Combine(folder, FileName), options);
        }
        catch (IOException e) when (e.GetType() == typeof(IOException))
        {
            throw new LettaException(
                "BackupSetInUse", LettaErrorKind.Conflict, $"Another export is writing the set '{folder}'.", "Wait until it is finished.", folder, e);
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

using System.Text.Json;
using System.Text.Json.Serialization;
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

    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private readonly FileStream _file;

    /// <summary>Opens or begins the journal of a set and keeps other runs out of the set.</summary>
    /// <exception cref="LettaException"><c>BackupSetInUse</c>: another run writes this set.</exception>
    public BackupJournal(string folder, JournalHeader header)
    {
        // Nobody else may have it open: that is what keeps two runs apart.
        _file = Open(folder, PrivateFile.Options(FileMode.Append, FileAccess.Write, share: FileShare.None));
        if (_file.Length == 0)
        {
            Append(header);
        }
        else
        {
            // Ends a line that was torn when the earlier run was killed; an empty line means nothing.
            _file.WriteByte((byte)'\n');
        }
    }

    /// <summary>Records a finished file.</summary>
    public void Add(BackupEntry entry) => Append(entry);

    /// <summary>Records that an agent is to be in the set.</summary>
    public void Add(WantedAgent agent) => Append(agent);

    public void Dispose() => _file.Dispose();

    /// <summary>Removes the journal of a set that has a manifest now.</summary>
    public static void Remove(string folder) => File.Delete(Path.Combine(folder, FileName));

    /// <summary>Reads the header of an unfinished set; <see langword="null"/> if there is no journal.</summary>
    /// <exception cref="LettaException"><c>BackupSetInUse</c>: another run writes this set.</exception>
    public static JournalHeader? ReadHeader(string folder) =>
        ReadLines(folder).FirstOrDefault() is { } line && Parse<JournalHeader>(line) is { Server: not null } header ? header : null;

    /// <summary>Reads the files that an earlier run finished. A last line that was torn when that run was killed counts as not written.</summary>
    public static IEnumerable<BackupEntry> Read(string folder) => ReadLines(folder).Skip(1).Select(Parse<BackupEntry>).OfType<BackupEntry>();

    /// <summary>Reads the agents that an earlier run was to export.</summary>
    public static IEnumerable<WantedAgent> ReadWanted(string folder) => ReadLines(folder).Skip(1).Select(Parse<WantedAgent>).OfType<WantedAgent>().Where(w => w.WantedId is not null);

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
                ErrorIds.BackupSetInUse, LettaErrorKind.Conflict, $"Another export is writing the set '{folder}'.", "Wait until the other export has ended, then run the command again.", folder, e);
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
}

/// <summary>What an unfinished set is.</summary>
/// <param name="Server">Address of the server.</param>
/// <param name="StartedAt">When the set was begun (UTC).</param>
/// <param name="Scope">Which agents are to be in it; <see langword="null"/> in a journal of a version that did not note it.</param>
internal sealed record JournalHeader(Uri Server, DateTimeOffset StartedAt, BackupScope? Scope);

/// <summary>An agent that is to be in a set.</summary>
/// <param name="WantedId">Its identifier.</param>
/// <param name="WantedName">Its name, if known.</param>
internal sealed record WantedAgent(string? WantedId, string? WantedName);

using System.Text.Json;
using LettaPS.Core.IO;
using LettaPS.Core.Json;

namespace LettaPS.Core.LettaCode;

/// <summary>
/// Moves finished agents into a root, so that a client can start whatever happens in between: the agent's file comes last and goes first, and a journal tells the next
/// run what an interrupted one has moved. One installation at a time works on a root.
/// </summary>
internal sealed class LettaCodeInstallation : IDisposable
{
    private const string Journal = "journal.json";
    private const string New = "new";
    private const string Old = "old";
    private const string Moving = "moving";
    private const string Installed = "installed";

    private readonly LettaCodeRoot _root;
    private readonly FileLock _lock;

    private LettaCodeInstallation(LettaCodeRoot root, FileLock @lock) => (_root, _lock) = (root, @lock);

    /// <summary>Called before each step of an installation, by tests that interrupt it.</summary>
    internal Action<string>? OnStep { get; init; }

    /// <summary>Opens a root, creates it where it is not there, and undoes or finishes what an interrupted run left.</summary>
    /// <param name="onStep">Called before each step.</param>
    /// <exception cref="LettaException"><c>LettaCodeConversionInUse</c>: another run works on it; <c>LettaCodeWriteFailed</c>.</exception>
    public static LettaCodeInstallation Open(LettaCodeRoot root, Action<string>? onStep = null)
    {
        FileLock locked;
        try
        {
            if (!Directory.Exists(root.Path))
            {
                PrivateFile.CreateFolder(root.Path);
            }

            locked = Take(root) ?? throw new LettaException(ErrorIds.LettaCodeConversionInUse, LettaErrorKind.Conflict, $"Another conversion is writing to '{root.Path}'.", $"Wait until it has finished, then run the command again: Get-ChildItem -LiteralPath '{root.WorkFolder}'", root.Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(root.Path, e);
        }

        var installation = new LettaCodeInstallation(root, locked) { OnStep = onStep };
        try
        {
            installation.Recover();
            return installation;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            installation.Dispose();
            throw Failed(root.Path, e);
        }
    }

    /// <summary>The error that the file system failed.</summary>
    /// <param name="path">The root.</param>
    /// <param name="cause">The failure.</param>
    public static LettaException Failed(string path, Exception cause) => new(
        ErrorIds.LettaCodeWriteFailed, LettaErrorKind.Storage, $"The folder '{path}' could not be written: {cause.Message}", $"Check free space and permissions, or choose another folder: ConvertTo-LettaCodeAgent -DestinationPath <folder>", path, cause);

    /// <summary>What of an agent is at the root: its file or folders; <see langword="null"/> where nothing is.</summary>
    /// <param name="agentId">The agent.</param>
    public string? Find(string agentId) => new[] { _root.AgentFile(agentId), _root.AgentMemoryFolder(agentId), _root.ConversationFolder(LettaCodeFormat.ConversationKey(LettaCodeFormat.DefaultConversation, agentId)) }
        .FirstOrDefault(p => File.Exists(p) || Directory.Exists(p));

    /// <summary>An empty folder to prepare an agent in.</summary>
    /// <param name="agentId">The agent.</param>
    public string Prepare(string agentId)
    {
        var folder = WorkFolder(agentId);
        if (Directory.Exists(folder))
        {
            Delete(folder);
        }

        PrivateFile.CreateFolder(folder);
        PrivateFile.CreateFolder(Path.Combine(folder, New));
        OnStep?.Invoke("prepare");
        return Path.Combine(folder, New);
    }

    /// <summary>Discards what was prepared of an agent. If the agent could not be rolled back, its old files stay aside until the next run rolls it back.</summary>
    /// <param name="agentId">The agent.</param>
    public void Discard(string agentId)
    {
        var work = WorkFolder(agentId);
        if (Directory.Exists(work) && Interrupted(work) is null)
        {
            Delete(work);
        }
    }

    /// <summary>Moves an agent that was prepared to its place, and what was there aside until the new one has been read.</summary>
    /// <param name="agentId">The agent.</param>
    /// <param name="keys">Its conversations.</param>
    public void Install(string agentId, IReadOnlyList<string> keys)
    {
        var work = WorkFolder(agentId);
        var parts = Parts(work, agentId, keys.Select(LettaCodeFormat.Segment));
        OnStep?.Invoke("journal");
        WriteJournal(work, agentId, keys, Moving);
        try
        {
            PrivateFile.CreateFolder(Path.Combine(work, Old));
            PrivateFile.CreateFolder(Path.Combine(work, Old, "conversations"));
            Directory.CreateDirectory(_root.AgentsFolder);
            Directory.CreateDirectory(_root.ConversationsFolder);
            Directory.CreateDirectory(_root.MemoryFolder);

            // Last in, first out: without its file an agent is not there for the client.
            foreach (var part in Enumerable.Reverse(parts))
            {
                OnStep?.Invoke($"aside {part.Name}");
                Move(part.Target, part.Aside);
            }

            foreach (var part in parts)
            {
                OnStep?.Invoke($"in {part.Name}");
                Move(part.Prepared, part.Target);
            }

            Check(agentId, keys);
            OnStep?.Invoke("installed");
            WriteJournal(work, agentId, keys, Installed);
        }
        catch
        {
            RollBack(parts);
            DiscardRolledBack(work);
            throw;
        }

        OnStep?.Invoke("clean up");
        Delete(work);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // The work folder goes while the lock, which is next to it, keeps others out.
        if (!Directory.EnumerateFileSystemEntries(_root.WorkFolder).Any())
        {
            Directory.Delete(_root.WorkFolder);
        }

        _lock.Dispose();
    }

    private static FileLock? Take(LettaCodeRoot root)
    {
        var locked = FileLock.TryTake(root.WorkFolder + ".lock");
        try
        {
            if (locked is not null)
            {
                PrivateFile.CreateFolder(root.WorkFolder);
            }

            return locked;
        }
        catch
        {
            locked?.Dispose();
            throw;
        }
    }

    private string WorkFolder(string agentId) => Path.Combine(_root.WorkFolder, agentId);

    /// <summary>The parts of an agent, the last of which makes it visible.</summary>
    private List<Part> Parts(string work, string agentId, IEnumerable<string> conversations) =>
    [
        new("memory", Path.Combine(work, New, "memfs"), _root.AgentMemoryFolder(agentId), Path.Combine(work, Old, "memfs")),
        .. conversations.Select(c => new Part("conversation", Path.Combine(work, New, "conversations", c), Path.Combine(_root.ConversationsFolder, c), Path.Combine(work, Old, "conversations", c))),
        new("agent", Path.Combine(work, New, "agent.json"), _root.AgentFile(agentId), Path.Combine(work, Old, "agent.json")),
    ];

    private static void Move(string from, string to)
    {
        if (File.Exists(from))
        {
            File.Move(from, to);
        }
        else if (Directory.Exists(from))
        {
            Directory.Move(from, to);
        }
    }

    private static void WriteJournal(string work, string agentId, IEnumerable<string> keys, string state)
    {
        using var file = new AtomicFile(Path.Combine(work, Journal));
        LettaCodeFormat.WriteFile(file.Stream, json =>
        {
            json.WriteString("state"u8, state);
            json.WriteString("agent_id"u8, agentId);
            json.WriteStartArray("conversations"u8);
            foreach (var key in keys)
            {
                json.WriteStringValue(LettaCodeFormat.Segment(key));
            }

            json.WriteEndArray();
        });
        file.Commit();
    }

    private void Check(string agentId, IEnumerable<string> keys)
    {
        if (LettaCodeRoot.Read(_root.AgentFile(agentId))?.StringOrNull("id") != agentId || !File.Exists(Path.Combine(_root.AgentMemoryFolder(agentId), "memory", ".git", "HEAD"))
            || keys.Any(k => LettaCodeRoot.Read(Path.Combine(_root.ConversationFolder(k), "conversation.json")) is null))
        {
            throw new IOException($"The agent '{agentId}' is not as it was written.");
        }
    }

    private void Recover()
    {
        foreach (var work in LettaCodeRoot.Folders(_root.WorkFolder).ToList())
        {
            if (Interrupted(work) is { } journal)
            {
                RollBack(Parts(work, journal.StringOrNull("agent_id")!, journal.Strings("conversations")));
                DiscardRolledBack(work);
            }
            else
            {
                Delete(work);
            }
        }
    }

    /// <summary>The journal of a run that was interrupted while it moved an agent; <see langword="null"/> if nothing is to be rolled back.</summary>
    private static JsonElement? Interrupted(string work)
    {
        var file = Path.Combine(work, Journal);
        return File.Exists(file) && LettaCodeRoot.Read(file) is { } journal && journal.StringOrNull("state") == Moving ? journal : null;
    }

    /// <summary>
    /// Deletes what is left after a rollback, the journal first: without the prepared files, a second rollback would take the restored agent for the new one.
    /// </summary>
    private void DiscardRolledBack(string work)
    {
        File.Delete(Path.Combine(work, Journal));
        OnStep?.Invoke("rolled back");
        Delete(work);
    }

    /// <summary>Puts back what was there. What has left the folder of the prepared is in its place; the agent's file goes first and comes last.</summary>
    private static void RollBack(IReadOnlyList<Part> parts)
    {
        foreach (var part in Enumerable.Reverse(parts))
        {
            if (!Exists(part.Prepared) && Exists(part.Target))
            {
                Move(part.Target, part.Prepared);
            }
        }

        foreach (var part in parts)
        {
            if (Exists(part.Aside))
            {
                Move(part.Aside, part.Target);
            }
        }
    }

    private static bool Exists(string path) => File.Exists(path) || Directory.Exists(path);

    /// <summary>Deletes a folder. Git marks its objects as read-only, which Windows does not delete.</summary>
    private static void Delete(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Where(f => f.IsReadOnly))
            {
                file.IsReadOnly = false;
            }
        }

        Directory.Delete(folder, recursive: true);
    }

    private sealed record Part(string Name, string Prepared, string Target, string Aside);
}

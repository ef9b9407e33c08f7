using LettaPS.Core.Backups;

namespace LettaPS;

/// <summary>The backup of one agent: what <c>Export-LettaAgent</c> gives for each.</summary>
public sealed class LettaAgentBackup
{
    internal LettaAgentBackup(BackupEntry entry, string folder, TimeSpan duration, bool reused)
    {
        AgentId = entry.AgentId;
        AgentName = entry.AgentName;
        Path = System.IO.Path.Combine(folder, entry.Name);
        Length = entry.Length;
        Sha256 = entry.Sha256;
        MessageCount = entry.Messages;
        RebuiltMessageCount = entry.Rebuilt;
        PassageCount = entry.Passages;
        BlockCount = entry.Blocks;
        ToolCount = entry.Tools;
        FileCount = entry.Files;
        Source = entry.Source;
        Missing = new LettaList<string>(entry.Missing);
        Duration = duration;
        IsReused = reused;
    }

    /// <summary>Identifier of the agent.</summary>
    public string AgentId { get; }

    /// <summary>Name of the agent.</summary>
    public string AgentName { get; }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Its size in bytes.</summary>
    public long Length { get; }

    /// <summary>Its SHA-256 in lower-case hexadecimal digits.</summary>
    public string Sha256 { get; }

    /// <summary>How many messages it holds.</summary>
    public int MessageCount { get; }

    /// <summary>How many of them were rebuilt from what the API shows instead of copied as the database has them; the page of Export-LettaAgent says when.</summary>
    public int RebuiltMessageCount { get; }

    /// <summary>How many archival passages it holds.</summary>
    public int PassageCount { get; }

    /// <summary>How many memory blocks it holds.</summary>
    public int BlockCount { get; }

    /// <summary>How many tools it holds.</summary>
    public int ToolCount { get; }

    /// <summary>How many files of attached sources it holds.</summary>
    public int FileCount { get; }

    /// <summary>Where the agent was read: <c>Api</c> or <c>Database</c>.</summary>
    public string Source { get; }

    /// <summary>Whether nothing is missing.</summary>
    public bool IsComplete => Missing.Count == 0;

    /// <summary>What could not be had, in words.</summary>
    public IReadOnlyList<string> Missing { get; }

    /// <summary>Whether the file was already there, whole and unchanged, from an earlier run (<c>-Resume</c>).</summary>
    public bool IsReused { get; }

    /// <summary>How long it took.</summary>
    public TimeSpan Duration { get; }
}

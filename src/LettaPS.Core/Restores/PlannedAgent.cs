using LettaPS.Core.AgentFiles;

namespace LettaPS.Core.Restores;

/// <summary>An agent that is to be restored, before its file is read whole.</summary>
internal sealed class PlannedAgent
{
    /// <summary>The file.</summary>
    public required string Path { get; init; }

    /// <summary>Identifier of the agent in the file.</summary>
    public required string FileId { get; init; }

    /// <summary>Identifier that it had where it was backed up.</summary>
    public required string SourceId { get; init; }

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>The agent without its messages.</summary>
    public required AgentRecord Outline { get; init; }

    /// <summary>SHA-256 of the file in lower-case hexadecimal digits.</summary>
    public required string Sha256 { get; init; }

    /// <summary>The rows of the database that it was read from; <see langword="null"/> where the file has none.</summary>
    public DatabaseSection? Database { get; init; }

    /// <summary>Handle of its language model.</summary>
    public string? ModelHandle => ModelMapper.Model(Outline);

    /// <summary>Handle of its embedding model.</summary>
    public string? EmbeddingHandle => ModelMapper.Embedding(Outline);

    /// <summary>Keys of its blocks, sources and archives by which other agents of the run refer to the same.</summary>
    public required IReadOnlyList<string> Keys { get; init; }

    /// <summary>What of the file no restore can bring back, in words.</summary>
    public IReadOnlyList<string> Unrestored { get; init; } = [];

    /// <summary>Parts of an agent that the file is without: names of <c>lettaps.left_out</c>.</summary>
    public IReadOnlySet<string> LeftOut { get; init; } = new HashSet<string>();

    /// <summary>When the file was written; <see langword="null"/> where it does not tell.</summary>
    public DateTimeOffset? ExportedAt { get; init; }

    /// <summary>Groups that it belongs to, as the file has them.</summary>
    public required IReadOnlyList<PlannedGroup> Groups { get; init; }

    /// <summary>What became of it.</summary>
    /// <param name="newId">Its identifier on the target.</param>
    /// <param name="status">How it went.</param>
    /// <param name="server">The target.</param>
    /// <param name="begun">When it was begun.</param>
    public LettaRestoreResult Result(string? newId, LettaRestoreStatus status, Uri server, long begun) => new()
    {
        SourceAgentId = SourceId,
        AgentId = newId,
        AgentName = Name,
        Status = status,
        Path = Path,
        Server = server,
        Duration = TimeProvider.System.GetElapsedTime(begun),
    };

    /// <summary>What became of it where the agent that it would have replaced is to stay.</summary>
    /// <param name="oldId">Identifier of the other.</param>
    /// <param name="server">The target.</param>
    public LettaRestoreResult Kept(string? oldId, Uri server) => Result(oldId, LettaRestoreStatus.Skipped, server, TimeProvider.System.GetTimestamp()) with
    {
        Warnings = [$"The old agent {oldId} was kept, as you wished."],
    };

    /// <summary>Name and file.</summary>
    public override string ToString() => $"{Name} ({SourceId})";
}

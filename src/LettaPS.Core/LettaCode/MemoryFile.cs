namespace LettaPS.Core.LettaCode;

/// <summary>A file of an agent's memory.</summary>
/// <param name="Path">Its path in the repository, with slashes: <c>system/persona.md</c>.</param>
/// <param name="Content">Its bytes; <see langword="null"/> removes the file.</param>
internal sealed record MemoryFile(string Path, ReadOnlyMemory<byte>? Content);

/// <summary>A commit of an agent's memory.</summary>
/// <param name="Message">What it says.</param>
/// <param name="AuthorName">Who made the change.</param>
/// <param name="AuthorEmail">Their address.</param>
/// <param name="Time">When.</param>
/// <param name="Files">What changes.</param>
internal sealed record MemoryCommit(string Message, string AuthorName, string AuthorEmail, DateTimeOffset Time, IEnumerable<MemoryFile> Files);

/// <summary>Writes and reads the git repositories that hold the memories of agents.</summary>
internal interface IMemoryRepositories
{
    /// <summary>Makes sure that repositories can be written.</summary>
    /// <exception cref="LettaException"><c>GitNotFound</c>.</exception>
    Task CheckAsync(CancellationToken cancellationToken);

    /// <summary>Makes a repository with a branch <c>main</c>, an index and a work tree.</summary>
    /// <param name="folder">The folder, which is created.</param>
    /// <param name="commits">The history, oldest first; read while it is written.</param>
    /// <exception cref="LettaException"><c>GitFailed</c>.</exception>
    Task WriteAsync(string folder, IEnumerable<MemoryCommit> commits, CancellationToken cancellationToken);

    /// <summary>Reads what is committed on <c>main</c>, and makes sure that index and work tree are the same.</summary>
    /// <param name="onFile">Told of each file: its path, and its bytes.</param>
    /// <returns>How many commits there are.</returns>
    /// <exception cref="LettaException"><c>GitFailed</c>.</exception>
    Task<int> ReadAsync(string folder, Action<string, ReadOnlyMemory<byte>> onFile, CancellationToken cancellationToken);
}

/// <summary>A process of Letta Code that uses a root folder.</summary>
/// <param name="ProcessId">The process.</param>
/// <param name="CommandLine">How it was started.</param>
/// <param name="IsServer">Whether it is the App Server.</param>
internal sealed record LettaCodeProcess(int ProcessId, string CommandLine, bool IsServer);

using LettaPS.Core.AgentFiles.Reading;
using LettaPS.Core.AgentFiles.Writing;
using LettaPS.Core.IO;

namespace LettaPS.Core.AgentFiles;

/// <summary>Makes an AgentFile v2 of a file of any form, without a server.</summary>
public static class AgentFileConverter
{
    /// <summary>Converts a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="outPath">The new file; one that is there is replaced.</param>
    /// <exception cref="LettaException"><c>AgentFileInvalid</c>: the file is damaged or not an agent.</exception>
    public static async Task<LettaAgentFile> ConvertAsync(string path, string outPath, CancellationToken cancellationToken)
    {
        using var document = await AgentFileReader.ReadAsync(path, Path.GetDirectoryName(outPath)!, outline: false, cancellationToken).ConfigureAwait(false);
        using var file = new AtomicFile(outPath);
        AgentFileWriter.Write(document, new FileSelection { Agents = document.Agents, WithExtension = true }, file.Stream, DateTimeOffset.UtcNow, cancellationToken);
        var (length, _) = file.Commit();
        return new LettaAgentFile
        {
            Path = outPath,
            SourcePath = path,
            SourceFormat = document.Format,
            AgentName = document.Agents[0].Name,
            Agents = document.Agents.Count,
            Messages = document.Agents.Sum(a => a.Messages.Entries.Count),
            InContext = document.Agents.Sum(a => a.InContext.Count),
            Blocks = document.Blocks.Count,
            Tools = document.Tools.Count,
            Passages = document.Passages.Count,
            Length = length,
            Gaps = document.Gaps,
            Warnings = document.Mended,
        };
    }
}

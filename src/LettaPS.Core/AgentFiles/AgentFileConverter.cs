using LettaPS.Core.AgentFiles.Reading;
using LettaPS.Core.AgentFiles.Writing;
using LettaPS.Core.IO;

namespace LettaPS.Core.AgentFiles;

/// <summary>Makes an AgentFile v2 of a file of any form, without a server.</summary>
internal static class AgentFileConverter
{
    /// <summary>Converts a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="outPath">The new file; one that is there is replaced.</param>
    /// <exception cref="LettaException"><c>InvalidAgentFile</c>: the file is damaged or not an agent.</exception>
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
            AgentCount = document.Agents.Count,
            MessageCount = document.Agents.Sum(a => a.Messages.Entries.Count),
            InContextMessageCount = document.Agents.Sum(a => a.InContext.Count),
            BlockCount = document.Blocks.Count,
            ToolCount = document.Tools.Count,
            PassageCount = document.Passages.Count,
            Length = length,
            Missing = document.Gaps,
            Warnings = [.. document.Mended, .. document.Database is null ? (IEnumerable<string>)[] : ["The rows of the database are not in the new file. To write them into a database, restore the original file."]],
        };
    }
}

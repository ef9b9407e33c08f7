using System.Security.Cryptography;
using LettaPS.Core.AgentFiles.Reading;
using LettaPS.Core.Agents;
using LettaPS.Core.IO;

namespace LettaPS.Core.AgentFiles;

/// <summary>
/// Reads an agent file of any origin once from beginning to end, in little memory, and says what it is, what it holds and what in it does not fit together. It
/// reads with <see cref="AgentFileReader"/>, as every restore and conversion does: what it can read, they can.
/// </summary>
internal static class AgentFileInspector
{
    /// <summary>Examines a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="read">Told of bytes as they are read.</param>
    /// <returns>What it is and holds; where it cannot be read, that is its one problem.</returns>
    public static async Task<AgentFileInfo> InspectAsync(string path, Action<long>? read, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long length = 0;
        try
        {
            using var text = AgentFileReader.OpenText(path, bytes =>
            {
                hash.AppendData(bytes);
                length += bytes.Length;
                read?.Invoke(bytes.Length);
            });
            var info = await InspectAsync(text, hash, cancellationToken).ConfigureAwait(false);

            // Reading stops at the first fault; length and hash are of the whole file.
            await text.CopyToAsync(Stream.Null, cancellationToken).ConfigureAwait(false);
            return info with { Length = length, Sha256 = Convert.ToHexString(hash.GetCurrentHash()).ToLowerInvariant() };
        }
        catch (Exception e) when (!ItemBoundary.EndsRun(e))
        {
            return Nothing(e.Message) with { Length = length };
        }
    }

    private static async Task<AgentFileInfo> InspectAsync(Stream text, IncrementalHash hash, CancellationToken cancellationToken)
    {
        try
        {
            using var document = await AgentFileReader.ReadAsync(text, hash, path: string.Empty, Path.GetTempPath(), outline: true, cancellationToken).ConfigureAwait(false);
            return Describe(document);
        }
        catch (Exception e) when (!ItemBoundary.EndsRun(e))
        {
            return Nothing(e.Message);
        }
    }

    private static AgentFileInfo Nothing(string problem) => new() { Format = AgentFileFormat.Unknown, Problems = [problem] };

    private static AgentFileInfo Describe(AgentDocument document) => new()
    {
        Format = document.Format,
        Agents = document.Agents.Count,
        AgentId = EntityId.TryParse(document.Agents[0].SourceId, "agent", out _) ? document.Agents[0].SourceId : null,
        AgentName = document.Agents[0].Name,
        HasExtension = document.HasExtension,
        Messages = document.MessageCount,
        InContext = document.Agents.Sum(a => a.InContext.Count),
        Passages = document.PassageCount,
        Blocks = document.Blocks.Count,
        Tools = document.Tools.Count,
        Files = document.FileCount,
        Missing = document.Gaps,
        LeftOut = [.. document.LeftOut.Order(StringComparer.Ordinal)],
        Problems = document.Problems,
    };
}

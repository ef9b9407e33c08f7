using LettaPS.Core.AgentFiles;
using LettaPS.Core.Json;
using LettaPS.Core.Text;

namespace LettaPS.Core.Restores;

/// <summary>Content of an agent file that no restore can bring back: each is a gap, so that nothing is dropped in silence.</summary>
internal static class UnrestoredContent
{
    /// <summary>How many skills a gap names.</summary>
    private const int MostNames = 10;

    /// <summary>Names it.</summary>
    /// <param name="document">The file.</param>
    public static IEnumerable<string> Of(AgentDocument document, AgentRecord agent)
    {
        if (document.Skills.Count > 0)
        {
            var names = document.Skills.Take(MostNames).Select(s => UntrustedText.Shorten(s.StringOrNull("name") ?? "?"));
            yield return $"{document.Skills.Count} skills ({string.Join(", ", names)}{(document.Skills.Count > MostNames ? ", …" : string.Empty)}): no release of the Letta server keeps skills. They remain in the file, and ConvertTo-LettaMarkdown writes them out.";
        }

        foreach (var name in document.OtherParts.Keys.Order(StringComparer.Ordinal))
        {
            yield return $"The part '{UntrustedText.Shorten(name)}' of the file: LettaPS does not know it, so it is not restored. It remains in the file.";
        }

        foreach (var (name, _) in AgentFields.Unknown(agent))
        {
            yield return $"The property '{UntrustedText.Shorten(name)}' of '{agent.Name}': LettaPS does not know it, so it is not restored. It remains in the file.";
        }

        foreach (var name in document.OtherExtensions.Keys.Where(n => n != AgentFiles.Writing.SnapshotFileWriter.UnreadMessages).Order(StringComparer.Ordinal))
        {
            yield return $"The part 'lettaps.{UntrustedText.Shorten(name)}' of the file: a newer version of LettaPS wrote it, so it is not restored.";
        }
    }
}

using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.AgentFiles.Reading;
using LettaPS.Core.Json;

namespace LettaPS.Core.Search;

/// <summary>Searches agent files of any form for a text, in the memory that one file takes. A text that several files have is found once, in the first of them.</summary>
/// <param name="pattern">What to look for.</param>
/// <param name="kinds">Where to look.</param>
/// <param name="isWanted">Decides by its name whether an agent is searched.</param>
internal sealed class BackupSearch(Regex pattern, IReadOnlyCollection<LettaSearchKind> kinds, Func<string, bool> isWanted)
{
    /// <summary>Characters of an excerpt on each side of the match.</summary>
    private const int Around = 60;

    private readonly HashSet<(string, LettaSearchKind, string?, DateTimeOffset?, string)> _found = [];

    /// <summary>Searches a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="workFolder">Where long histories are kept while they are read.</param>
    /// <exception cref="LettaException"><c>InvalidAgentFile</c>, <c>AgentFileReadFailed</c>; <c>SearchTimeout</c>: the pattern takes too long on a text.</exception>
    public async IAsyncEnumerable<LettaSearchResult> SearchAsync(string path, string workFolder, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var document = await AgentFileReader.ReadAsync(path, workFolder, outline: false, cancellationToken).ConfigureAwait(false);
        foreach (var agent in document.Agents.Where(a => isWanted(a.Name)))
        {
            foreach (var (kind, title, time, text) in Texts(document, agent))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (FindMatches(text, path) is { Count: > 0 } matches && _found.Add((agent.SourceId, kind, title, time, text)))
                {
                    yield return new LettaSearchResult
                    {
                        AgentName = agent.Name,
                        AgentId = agent.SourceId,
                        Kind = kind,
                        Title = title,
                        CreatedAt = time,
                        Excerpt = Excerpt(text, matches[0]),
                        MatchCount = matches.Count,
                        Path = path,
                    };
                }
            }
        }
    }

    private IEnumerable<(LettaSearchKind Kind, string? Title, DateTimeOffset? Time, string Text)> Texts(AgentDocument document, AgentRecord agent)
    {
        if (kinds.Contains(LettaSearchKind.Block))
        {
            foreach (var block in document.Blocks.Where(b => agent.BlockIds.Contains(b.FileId)))
            {
                yield return (LettaSearchKind.Block, block.Value.StringOrNull("label"), null, $"{block.Value.StringOrNull("description")}\n{block.Value.StringOrNull("value")}");
            }
        }

        if (kinds.Contains(LettaSearchKind.Message))
        {
            foreach (var entry in agent.Messages.Entries)
            {
                var row = JsonSerializer.Deserialize<JsonElement>(agent.Messages.Row(entry));
                yield return (LettaSearchKind.Message, row.StringOrNull("role"), row.TimeOrNull("created_at"), MessageText.Everything(row));
            }
        }

        // A document with several agents does not say whose the passages are: only files of one agent have any.
        if (kinds.Contains(LettaSearchKind.Passage) && document.Agents[0] == agent)
        {
            foreach (var passage in document.Passages.Read())
            {
                yield return (LettaSearchKind.Passage, null, passage.TimeOrNull("created_at"), passage.StringOrNull("text") ?? string.Empty);
            }
        }

        if (kinds.Contains(LettaSearchKind.File))
        {
            foreach (var file in document.Files.Read().Where(f => agent.SourceIds.Contains(f.StringOrNull("source_id") ?? string.Empty)))
            {
                yield return (LettaSearchKind.File, file.StringOrNull("original_file_name") ?? file.StringOrNull("file_name"), file.TimeOrNull("created_at"), file.StringOrNull("content") ?? string.Empty);
            }
        }
    }

    private List<Match> FindMatches(string text, string path)
    {
        try
        {
            return pattern.Matches(text).ToList();
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new LettaException(
                ErrorIds.SearchTimeout,
                LettaErrorKind.Timeout,
                $"The pattern '{pattern}' took longer than {pattern.MatchTimeout.TotalSeconds:0} seconds on a text of '{path}'.",
                $"Search for the text itself: Search-LettaBackup '{path}' '<text>' -SimpleMatch",
                path,
                e);
        }
    }

    private static string Excerpt(string text, Match match)
    {
        var begin = Math.Max(0, match.Index - Around);
        var end = Math.Min(text.Length, match.Index + Math.Min(match.Length, 2 * Around) + Around);

        // Half a surrogate pair is no character.
        begin -= begin > 0 && char.IsLowSurrogate(text[begin]) ? 1 : 0;
        end += end < text.Length && char.IsLowSurrogate(text[end]) ? 1 : 0;
        var excerpt = string.Join(' ', text[begin..end].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return $"{(begin > 0 ? "…" : "")}{excerpt}{(end < text.Length ? "…" : "")}";
    }
}

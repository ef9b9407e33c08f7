using System.Management.Automation;
using System.Text.RegularExpressions;
using LettaPS.Cmdlets.Base;
using LettaPS.Core.IO;
using LettaPS.Core.Search;
using LettaPS.Parameters;

namespace LettaPS.Cmdlets;

/// <summary>
/// Searches backups for a text: memory blocks, messages, passages and files of the agents in sets and agent files of any form. A text that several backups have
/// is given once, from the newest. No server is needed.
/// </summary>
[Cmdlet(VerbsCommon.Search, "LettaBackup", DefaultParameterSetName = "Path")]
[OutputType(typeof(LettaSearchResult))]
public sealed class SearchLettaBackupCommand : BackupPathCmdlet
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly List<LettaBackup> _backups = [];
    private Regex _pattern = null!;

    /// <summary>What to look for: a regular expression, in any case.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Pattern { get; set; } = null!;

    /// <summary>Take the pattern for a text and not for a regular expression.</summary>
    [Parameter]
    public SwitchParameter SimpleMatch { get; set; }

    /// <summary>Tell upper from lower case.</summary>
    [Parameter]
    public SwitchParameter CaseSensitive { get; set; }

    /// <summary>Names of the agents to search, with wildcards; all if not given.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ValidateWildcards]
    public string[]? Name { get; set; }

    /// <summary>What to search; everything if not given.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public LettaSearchKind[] Kind { get; set; } = Enum.GetValues<LettaSearchKind>();

    /// <inheritdoc/>
    private protected override string Activity => "Searching backups";

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        try
        {
            _pattern = new Regex(SimpleMatch ? Regex.Escape(Pattern) : Pattern, CaseSensitive ? RegexOptions.None : RegexOptions.IgnoreCase, s_patience);
        }
        catch (ArgumentException e)
        {
            ThrowTerminatingError(new LettaException(
                ErrorIds.InvalidPattern,
                LettaErrorKind.InvalidInput,
                $"'{Pattern}' is not a regular expression: {e.Message}",
                $"Search for the text itself: Search-LettaBackup <path> '{Pattern.Replace("'", "''", StringComparison.Ordinal)}' -SimpleMatch",
                Pattern,
                e).ToErrorRecord());
        }
    }

    /// <inheritdoc/>
    private protected override async Task ProcessPathAsync(string path, CancellationToken cancellationToken)
    {
        await foreach (var backup in ReadBackupsAsync(path, cancellationToken).ConfigureAwait(false))
        {
            _backups.Add(backup);
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_backups.Count > 0)
        {
            Progress.Total = _backups.Sum(b => b.Files.Count);
            RunToEnd(Progress, SearchAsync);
        }
    }

    private async Task SearchAsync(CancellationToken cancellationToken)
    {
        var work = Directory.CreateTempSubdirectory("lettaps-search-").FullName;
        try
        {
            var search = new BackupSearch(_pattern, Kind, name => Name.IsMatchedBy(name));
            foreach (var file in _backups.OrderByDescending(b => b.CreatedAt).SelectMany(b => b.Files))
            {
                try
                {
                    await foreach (var result in search.SearchAsync(file.Path, work, cancellationToken).ConfigureAwait(false))
                    {
                        await WriteObjectAsync(result).ConfigureAwait(false);
                    }
                }
                catch (Exception e) when (!ItemBoundary.EndsRun(e))
                {
                    await WriteErrorAsync(ItemBoundary.Error(e, $"'{file.Path}' cannot be searched", file.Path), file.Path).ConfigureAwait(false);
                }

                Progress.AddDone();
            }
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }
}

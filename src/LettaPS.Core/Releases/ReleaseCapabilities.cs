using System.Text;

namespace LettaPS.Core.Releases;

/// <summary>
/// What each release of the V1 server takes, knows and does: the only source of "since which release" beside the catalogue.
/// Facts from the sources of each tag from 0.11.3 to 0.16.8 and from recordings of 0.11.3, 0.16.2 and 0.16.8.
/// </summary>
internal sealed class ReleaseCapabilities
{
    private readonly Version _version;

    /// <summary>Knows a release.</summary>
    /// <param name="serverVersion">What the server says; where it is not a release's number, the server is taken for the newest.</param>
    public ReleaseCapabilities(string? serverVersion)
        : this(ReleaseCatalogue.TryVersion(serverVersion) ?? ReleaseCatalogue.All[^1].Version)
    {
    }

    /// <summary>Knows a release.</summary>
    public ReleaseCapabilities(Version version) => _version = version;

    /// <summary>What the newest release can.</summary>
    public static ReleaseCapabilities Newest { get; } = new(ReleaseCatalogue.All[^1].Version);

    /// <summary>What a release can.</summary>
    /// <param name="release">Its number, such as <c>0.16.2</c>.</param>
    /// <returns><see langword="null"/> where it is no release of the catalogue.</returns>
    public static ReleaseCapabilities? Of(string? release) => ReleaseCatalogue.Find(release) is { } known ? new ReleaseCapabilities(known.Version) : null;

    /// <summary>Imports the legacy file only, or better than v2 (0.11.4 to 0.11.7 read both).</summary>
    public bool ImportsLegacy => _version < new Version(0, 12, 0);

    /// <summary>Takes letters of every script and the apostrophe in the name of an imported agent.</summary>
    public bool TakesUnicodeNames => _version >= new Version(0, 13, 0);

    /// <summary>Has messages of the role <c>approval</c>, tool rules that ask for approval, tags and times of passages.</summary>
    public bool HasApprovals => _version >= new Version(0, 11, 7);

    /// <summary>Has agents of the type <c>letta_v1_agent</c>, and reasoning that is a summary.</summary>
    public bool HasV1Agents => _version >= new Version(0, 12, 0);

    /// <summary>Has archives with addresses of their own that agents share.</summary>
    public bool SharesArchives => _version >= new Version(0, 13, 0);

    /// <summary>Has settings of the model apart from its configuration.</summary>
    public bool HasModelSettings => _version >= new Version(0, 14, 0);

    /// <summary>Has settings of compaction.</summary>
    public bool HasCompactionSettings => _version >= new Version(0, 16, 0);

    /// <summary>Has messages of the role <c>summary</c>.</summary>
    public bool HasSummaries => _version >= new Version(0, 16, 5);

    /// <summary>Adds passages with tags and times, each text as one passage.</summary>
    public bool KeepsPassagesWhole => _version >= new Version(0, 11, 7);

    /// <summary>Message lists take <c>order</c>; before 0.12.0 a page is always the newest before a cursor.</summary>
    public bool OrdersMessages => _version >= new Version(0, 12, 0);

    /// <summary>Reading tool messages that 0.11 wrote changes them in the database (letta-facts.md 10.1).</summary>
    public bool DamagesOldToolMessages => _version >= new Version(0, 13, 0);

    /// <summary>Archives have addresses of their own.</summary>
    public bool HasArchives => _version >= new Version(0, 12, 0);

    /// <summary>Runs can be listed.</summary>
    public bool ListsRuns => _version >= new Version(0, 12, 0);

    /// <summary>Agents have conversations.</summary>
    public bool HasConversations => _version >= new Version(0, 16, 2);

    /// <summary>The files that an agent sees can be listed.</summary>
    public bool ListsFileViews => _version >= new Version(0, 11, 7);

    /// <summary>The export that gives the rows of messages as they are: up to 0.11.7 only the legacy one does (v2 fails above 50 messages there).</summary>
    public bool ExportsLegacy => _version < new Version(0, 12, 0);

    /// <summary>The one release whose own export is broken by default: the new format came to be its default, and fails (mended in c33c7a98a, 0.12.0).</summary>
    public bool FailsToExportLongHistory => _version == new Version(0, 11, 7);

    /// <summary>The state of an agent takes <c>include</c>, by names that begin with <c>agent.</c>; before, <c>include_relationships</c>.</summary>
    public bool IncludesByPath => _version >= new Version(0, 13, 0);

    /// <summary>Refuses imports and shows errors for agents whose name or identifiers it does not accept (letta-facts.md 10.2).</summary>
    public bool ChecksNamesAndIds => _version >= new Version(0, 13, 0);

    /// <summary>Answers 409 for a row that the database refuses; before, 500.</summary>
    public bool AnswersConflicts => _version >= new Version(0, 12, 0);

    /// <summary>Reads secrets from the <c>*_enc</c> columns only.</summary>
    public bool ReadsEncryptedOnly => _version >= new Version(0, 16, 0);

    /// <summary>Hides subagents: migration 9fa274fb0b83 does it for those that are there.</summary>
    public bool HidesSubagents => _version >= new Version(0, 16, 7);

    /// <summary>Refuses blocks whose value is longer than their limit.</summary>
    public bool ChecksBlockLimits => _version < new Version(0, 16, 8);

    /// <summary>The release.</summary>
    public override string ToString() => $"Letta {_version}";

    /// <summary>A name that the import of this release takes and that is as near to the true one as may be.</summary>
    /// <param name="name">The true name.</param>
    /// <returns>The name itself where the release takes it.</returns>
    /// <remarks>The rule differs by release and holds for imports only, not for PATCH (letta-facts.md 10.2): the true name is set afterwards.</remarks>
    public string SafeName(string name)
    {
        if (name.Length == 0)
        {
            return name;
        }

        var safe = new StringBuilder(name.Length);
        foreach (var rune in name.EnumerateRunes())
        {
            if (IsTaken(rune))
            {
                safe.Append(rune);
            }
            else
            {
                safe.Append('_');
            }
        }

        return safe.ToString();
    }

    private bool IsTaken(Rune rune) => rune.Value switch
    {
        ' ' or '_' or '-' => true,
        '\'' => TakesUnicodeNames,
        < 128 => Rune.IsLetterOrDigit(rune),

        // Python's \w is narrower than Rune's categories in a few scripts; letters and decimal digits are in both.
        _ => TakesUnicodeNames && (Rune.IsLetter(rune) || Rune.IsDigit(rune)),
    };
}

using System.Text;

namespace LettaPS.Core.Releases;

/// <summary>What the release of a target server takes and knows. Facts from the sources of each tag from 0.11.3 to 0.16.8.</summary>
internal sealed class ReleaseCapabilities
{
    private readonly Version _version;

    /// <summary>Knows a release.</summary>
    /// <param name="serverVersion">What the server says; where it is not a release's number, the server is taken for the newest.</param>
    public ReleaseCapabilities(string? serverVersion) =>
        _version = ReleaseCatalogue.TryVersion(serverVersion) ?? ReleaseCatalogue.All[^1].Version;

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

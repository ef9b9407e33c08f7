namespace LettaPS.Sandbox;

/// <summary>The server release that is played. Where releases differ, code asks <c>release &gt;= Release.V0162</c> and the like.</summary>
public sealed record Release : IComparable<Release>
{
    /// <summary>The last release with the legacy format only.</summary>
    public static readonly Release V0113 = new(new Version(0, 11, 3), "5fb8bba2c373");

    /// <summary>The release of the seed story, the first with conversations.</summary>
    public static readonly Release V0162 = new(new Version(0, 16, 2), "27de0f58e076");

    /// <summary>The last release.</summary>
    public static readonly Release V0168 = new(new Version(0, 16, 8), "1c28e167b74f");

    private static readonly Release[] s_all = [V0113, V0162, V0168];

    private readonly Version _version;

    private Release(Version version, string revision)
    {
        _version = version;
        Revision = revision;
    }

    /// <summary>The head revision of the release's migrations, which exports name.</summary>
    public string Revision { get; }

    public static bool operator <(Release left, Release right) => left.CompareTo(right) < 0;

    public static bool operator >(Release left, Release right) => left.CompareTo(right) > 0;

    public static bool operator <=(Release left, Release right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Release left, Release right) => left.CompareTo(right) >= 0;

    public static Release Parse(string name) => Array.Find(s_all, r => r.ToString() == name)
        ?? throw new ArgumentException($"The sandbox plays {string.Join(", ", s_all.Select(r => r.ToString()))}, not '{name}'.", nameof(name));

    public int CompareTo(Release? other) => _version.CompareTo(other?._version);

    public override string ToString() => _version.ToString();
}

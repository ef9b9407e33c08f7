using LettaPS.Core.Releases;

namespace LettaPS.Core.Compose.Model;

/// <summary>Which tags of Letta's image mean one release for ever, and which are traps.</summary>
/// <param name="releases">The releases, oldest first.</param>
internal sealed class LettaImageTags(IReadOnlyList<LettaRelease> releases)
{
    private const int NearestCount = 3;

    // Images are tagged with the version in pyproject.toml at the time of the push, and only releases with a git tag are pushed
    // (letta .github/workflows/docker-image.yml). Where the two differ follows from the tags of letta-ai/letta.
    private static readonly Dictionary<string, string> s_traps = new(StringComparer.Ordinal)
    {
        ["0.10.0"] = "the image 0.10.0 was pushed again by release 0.11.5, whose package called itself 0.10.0, so that it may hold either",
        ["0.10.1"] = "release 0.10.1 was pushed under the tag 0.10.0, which release 0.11.5 took in turn",
        ["0.11.1"] = "release 0.11.1 was pushed under the tag 0.11.0, since its package called itself 0.11.0",
        ["0.11.5"] = "release 0.11.5 was pushed under the tag 0.10.0, since its package called itself 0.10.0",
        ["0.16.9"] = "0.16.9 was prepared on a branch and never released",
    };

    /// <summary>Releases whose image is likely but not proven to exist: accepted, but never advised.</summary>
    private static readonly string[] s_unproven = ["0.16.3"];

    /// <summary>The tags of the releases that LettaPS knows.</summary>
    public static LettaImageTags Known { get; } = new(ReleaseCatalogue.All);

    /// <summary>The newest release that has an image of its own.</summary>
    public string Newest => Good.Last();

    private IEnumerable<string> Tags => releases.Select(r => r.ToString()).Where(v => !s_traps.ContainsKey(v));

    private IEnumerable<string> Good => Tags.Where(v => !s_unproven.Contains(v));

    /// <summary>The product behind a reference, as far as the reference tells.</summary>
    /// <param name="image">The reference.</param>
    public static LettaImageProduct ProductOf(ImageReference image)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (LettaRepository.Find(image) is not { } repository)
        {
            return LettaImageProduct.None;
        }

        if (image.IsFloating)
        {
            return repository.Abandoned is null ? LettaImageProduct.Floating : LettaImageProduct.TooOld;
        }

        // 'v0.16.8' and '0.16' are no tags of any release.
        if (image.Tag is not { } tag || VersionOf(tag) is not { } version)
        {
            return LettaImageProduct.Unknown;
        }

        if (version < ReleaseCatalogue.All[0].Version)
        {
            return LettaImageProduct.TooOld;
        }

        if (repository.Abandoned is not null)
        {
            return LettaImageProduct.Unknown;
        }

        return IsLettaCode(version) ? repository.HasLettaCode ? LettaImageProduct.LettaCode : LettaImageProduct.Unknown
            : version == ReleaseCatalogue.LastPossible || ReleaseCatalogue.Find(tag) is not null ? LettaImageProduct.V1 : LettaImageProduct.Unknown;
    }

    /// <summary>What a floating reference brings today, as a sentence.</summary>
    /// <param name="image">The reference.</param>
    public static string TodaysMeaning(ImageReference image)
    {
        ArgumentNullException.ThrowIfNull(image);
        return LettaRepository.Find(image) switch
        {
            { Abandoned: { } abandoned } => $"The repository '{image.Repository}' is {abandoned}, so that the image is older than 0.11.3.",
            { HasLettaCode: true } when image.IsOnDockerHub && image.Tag is null or "" or "latest" =>
                "Today it is Letta Code, which is another product than the V1 server: the next pull replaces the server, and the container then ends with exit code 64.",
            { HasLettaCode: true } =>
                "Since about September 2026 Letta Code, another product, is published under this name: the next pull may replace the V1 server, and the container then ends with exit code 64.",
            _ => "The next pull may bring another release, whose database schema need not fit.",
        };
    }

    /// <summary>Refuses a tag that does not mean one release for ever.</summary>
    /// <param name="force">Accept a tag that is unknown or a trap; never one that is floating or above the V1 server's last version.</param>
    /// <exception cref="LettaException"><c>FloatingTagNotSupported</c>, <c>LettaCodeNotSupported</c>, <c>TagMismatch</c>, <c>TagNotFound</c>.</exception>
    public void Check(string tag, bool force)
    {
        ArgumentNullException.ThrowIfNull(tag);
        if (tag.Length == 0 || ImageReference.IsMovingTag(tag))
        {
            throw new LettaException(
                ErrorIds.FloatingTagNotSupported,
                LettaErrorKind.Refused,
                $"'{tag}' means another image with every {(tag == "nightly" ? "night" : "release")}, so that nothing would be pinned."
                    + (tag.Equals("latest", StringComparison.OrdinalIgnoreCase) ? " Today it is Letta Code, which is another product than the V1 server." : string.Empty),
                $"Name a release: Set-LettaImagePin -Version {Newest}",
                tag);
        }

        if (ReleaseCatalogue.TryVersion(tag) is { } version && IsLettaCode(version))
        {
            throw new LettaException(
                ErrorIds.LettaCodeNotSupported,
                LettaErrorKind.Refused,
                $"'{tag}' is a version of Letta Code, which is another product than the V1 server. It cannot use the server's PostgreSQL data and ends with exit code 64. The last release of the V1 server is {ReleaseCatalogue.All[^1].Version}.",
                $"Pin a release of the V1 server: Set-LettaImagePin -Version {Newest}",
                tag);
        }

        var above = ReleaseCatalogue.TryVersion(tag) is { } number && IsAboveServer(number);
        if (force && !above)
        {
            return;
        }

        if (s_traps.TryGetValue(tag, out var trap))
        {
            throw new LettaException(
                ErrorIds.TagMismatch,
                LettaErrorKind.Refused,
                $"The tag '{tag}' cannot be trusted: {trap}.",
                $"Use {string.Join(" or ", Nearest(tag))}, or -Force if you know the image.",
                tag);
        }

        if (!Tags.Contains(tag))
        {
            var why = above ? $" The last release of the V1 server is {ReleaseCatalogue.All[^1].Version}; whatever is published above it is Letta Code, which is another product." : string.Empty;
            throw new LettaException(
                ErrorIds.TagNotFound,
                LettaErrorKind.InvalidInput,
                $"No release of the V1 server from {Good.First()} to {Newest} has the tag '{tag}'.{why}",
                $"Did you mean {string.Join(", ", Nearest(tag))}?" + (above ? string.Empty : " Use -Force for a tag of your own."),
                tag);
        }
    }

    /// <summary>What is wrong with a tag.</summary>
    /// <returns>A clause, or <see langword="null"/> if nothing is known to be wrong.</returns>
    public static string? Trap(string tag) => s_traps.GetValueOrDefault(tag);

    /// <summary>Whether an image with the tag is advised: one that is proven to exist, and means one release.</summary>
    public static bool IsAdvised(string tag) => !s_traps.ContainsKey(tag) && !s_unproven.Contains(tag);

    /// <summary>Whether a version is above all that the V1 server can ever have.</summary>
    public static bool IsAboveServer(Version version) => version > ReleaseCatalogue.LastPossible;

    /// <summary>The image of a release; <see langword="null"/> if none can be trusted to be it.</summary>
    public static string? ImageOf(Version release) => s_traps.ContainsKey($"{release}") ? null : $"letta/letta:{release}";

    private static bool IsLettaCode(Version version) => version.Major == 0 && version >= ReleaseCatalogue.FirstLettaCode;

    /// <summary>The version that a tag is: two numbers for Letta Code, else three; nothing before or after them.</summary>
    private static Version? VersionOf(string tag) =>
        Version.TryParse(tag, out var version) && version.ToString() == tag && version.Revision < 0 && (version.Build >= 0 || IsLettaCode(version)) ? version : null;

    /// <summary>
    /// Whether the migrations of an image end before a release's, so that it does not start on that release's database
    /// (<c>Can't locate revision identified by …</c>).
    /// </summary>
    /// <param name="tag">The image's tag.</param>
    /// <returns><see langword="false"/> also where one of them is unknown.</returns>
    public bool IsOlder(string tag, string release)
    {
        var (image, schema) = (IndexOf(tag), IndexOf(release));
        return image >= 0 && image < schema && releases[image].AlembicHead != releases[schema].AlembicHead;

        int IndexOf(string version) => releases.Select(r => r.ToString()).ToList().IndexOf(version);
    }

    /// <summary>The tags that are written most like another, the nearest versions first.</summary>
    /// <param name="tag">The other.</param>
    public IReadOnlyList<string> Nearest(string tag) =>
        [.. Good.OrderBy(v => Distance(v, tag)).ThenBy(v => Gap(v, tag)).ThenByDescending(v => Number(v)).Take(NearestCount)];

    /// <summary>How far two versions are apart; as far as can be where one is no version.</summary>
    private static long Gap(string left, string right) => (Number(left), Number(right)) is (long l, long r) ? Math.Abs(l - r) : long.MaxValue;

    private static long? Number(string version) =>
        Version.TryParse(version, out var v) ? (((v.Major * 1000L) + v.Minor) * 1000L) + Math.Max(0, v.Build) : null;

    /// <summary>Levenshtein's distance: how many characters have to be put in, taken out or replaced.</summary>
    private static int Distance(string left, string right)
    {
        var previous = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 0; i < left.Length; i++)
        {
            var current = new int[right.Length + 1];
            current[0] = i + 1;
            for (var j = 0; j < right.Length; j++)
            {
                current[j + 1] = Math.Min(Math.Min(current[j], previous[j + 1]) + 1, previous[j] + (left[i] == right[j] ? 0 : 1));
            }

            previous = current;
        }

        return previous[^1];
    }
}

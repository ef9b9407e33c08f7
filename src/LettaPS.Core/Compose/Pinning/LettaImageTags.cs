using LettaPS.Core.Compose.Model;
using LettaPS.Core.Releases;

namespace LettaPS.Core.Compose.Pinning;

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
        ["0.16.3"] = "0.16.3 was never tagged as a release, so that no image was published for it",
        ["0.16.9"] = "0.16.9 was prepared on a branch and never released",
    };

    /// <summary>The tags of the releases that LettaPS knows.</summary>
    public static LettaImageTags Known { get; } = new(ReleaseCatalogue.All);

    /// <summary>The newest release that has an image of its own.</summary>
    public string Newest => Good.Last();

    private IEnumerable<string> Good => releases.Select(r => r.ToString()).Where(v => !s_traps.ContainsKey(v));

    /// <summary>Refuses a tag that does not mean one release for ever.</summary>
    /// <param name="tag">The tag.</param>
    /// <param name="force">Accept a tag that is unknown or a trap; never one that moves.</param>
    /// <exception cref="LettaException"><c>TagMoves</c>, <c>TagMislabelled</c>, <c>TagUnknown</c>.</exception>
    public void Check(string tag, bool force)
    {
        ArgumentNullException.ThrowIfNull(tag);
        if (tag.Length == 0 || ImageReference.IsMovingTag(tag))
        {
            throw new LettaException(
                "TagMoves",
                LettaErrorKind.Refused,
                $"'{tag}' means another image with every {(tag == "nightly" ? "night" : "release")}, so that nothing would be pinned.",
                $"Name a release, such as {Newest}.",
                tag);
        }

        if (force)
        {
            return;
        }

        if (s_traps.TryGetValue(tag, out var trap))
        {
            throw new LettaException(
                "TagMislabelled",
                LettaErrorKind.Refused,
                $"The tag {tag} cannot be trusted: {trap}.",
                $"Use {string.Join(" or ", Nearest(tag))}, or -Force if you know the image.",
                tag);
        }

        if (!Good.Contains(tag))
        {
            throw new LettaException(
                "TagUnknown",
                LettaErrorKind.InvalidInput,
                $"No release from {Good.First()} to {Newest} has the tag '{tag}'.",
                $"Did you mean {string.Join(", ", Nearest(tag))}? Use -Force for a tag that is newer or your own.",
                tag);
        }
    }

    /// <summary>What is wrong with a tag.</summary>
    /// <param name="tag">The tag.</param>
    /// <returns>A clause, or <see langword="null"/> where nothing is known to be wrong.</returns>
    public static string? Trap(string tag) => s_traps.GetValueOrDefault(tag);

    /// <summary>
    /// Whether the migrations of an image end before a release's, so that it does not start on that release's database
    /// (<c>Can't locate revision identified by …</c>).
    /// </summary>
    /// <param name="tag">The image's tag.</param>
    /// <param name="release">The release.</param>
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

namespace LettaPS.Core.Compose.Model;

/// <summary>The parts of an image reference, <c>[registry/]path[:tag][@digest]</c>, each as it is written.</summary>
/// <param name="Text">The whole reference.</param>
/// <param name="Repository">Registry and path: <c>letta/letta</c>, <c>registry:5000/letta/letta</c>.</param>
/// <param name="Tag">The tag; empty if nothing follows the colon, <see langword="null"/> if there is no colon.</param>
/// <param name="Digest">The digest with its algorithm, <c>sha256:…</c>; <see langword="null"/> if there is none.</param>
internal sealed record ImageReference(string Text, string Repository, string? Tag, string? Digest)
{
    /// <summary>Tags that mean another image with every release, or with every night.</summary>
    private static readonly string[] s_movingTags = ["latest", "nightly", "main", "master", "dev", "edge", "stable"];

    /// <summary>Whether this is an image of Letta's, by any of the names that it has or had, from any registry or mirror.</summary>
    public bool IsLetta => LettaRepository.Find(this) is not null;

    /// <summary>The product behind the reference, as far as the reference tells.</summary>
    public LettaImageProduct Product => LettaImageTags.ProductOf(this);

    /// <summary>Whether what the reference means can change from one pull to the next: no digest, and no tag or a moving one.</summary>
    public bool IsFloating => Digest is null && (string.IsNullOrEmpty(Tag) || IsMovingTag(Tag));

    /// <summary>The last part of the path: <c>postgres</c> of <c>docker.io/library/postgres</c>.</summary>
    public string Name => Repository[(Repository.LastIndexOf('/') + 1)..];

    /// <summary>Whether Docker Hub is where the image comes from, by its name or because no registry is named.</summary>
    public bool IsOnDockerHub => Registry is "" or "docker.io" or "index.docker.io" or "registry-1.docker.io" or "registry.hub.docker.com";

    /// <summary>The registry's host and port; empty if none is named.</summary>
    public string Registry => Repository.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash && Repository[..slash] is var first
        && (first.Contains('.', StringComparison.Ordinal) || first.Contains(':', StringComparison.Ordinal) || first == "localhost") ? first : string.Empty;

    /// <summary>The repository without its registry.</summary>
    public string Path => Registry.Length == 0 ? Repository : Repository[(Registry.Length + 1)..];

    /// <summary>Where the tag begins in <see cref="Text"/>; after the repository if there is no colon.</summary>
    public int TagStart => Tag is null ? Repository.Length : Repository.Length + 1;

    /// <summary>Where the tag ends in <see cref="Text"/>, which is where a digest begins.</summary>
    public int TagEnd => TagStart + (Tag?.Length ?? 0);

    /// <summary>Takes a reference apart. Nothing is checked: an image that Docker refuses still has its parts.</summary>
    /// <param name="text">The reference; white space around it does not count.</param>
    public static ImageReference Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        text = text.Trim();
        var at = text.IndexOf('@', StringComparison.Ordinal);
        var digest = at < 0 ? null : text[(at + 1)..];
        var name = at < 0 ? text : text[..at];

        // The colon of a registry's port is before the last slash.
        var colon = name.LastIndexOf(':');
        return colon > name.LastIndexOf('/')
            ? new ImageReference(text, name[..colon], name[(colon + 1)..], digest)
            : new ImageReference(text, name, null, digest);
    }

    /// <summary>Whether a tag is floating: <c>latest</c>, <c>nightly</c> and the like, also with a platform behind them (<c>latest-arm64</c>).</summary>
    public static bool IsMovingTag(string tag)
    {
        ArgumentNullException.ThrowIfNull(tag);
        return s_movingTags.Any(m => tag.Equals(m, StringComparison.OrdinalIgnoreCase) || tag.StartsWith(m + "-", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The reference.</summary>
    public override string ToString() => Text;
}

namespace LettaPS.Core.Compose.Model;

/// <summary>An image reference taken apart: <c>[registry/]path[:tag][@digest]</c>, each part as it is written.</summary>
/// <param name="Text">The whole reference.</param>
/// <param name="Repository">Registry and path: <c>letta/letta</c>, <c>registry:5000/letta/letta</c>.</param>
/// <param name="Tag">The tag; empty where a colon is followed by none, <see langword="null"/> where there is no colon.</param>
/// <param name="Digest">The digest with its algorithm, <c>sha256:…</c>; <see langword="null"/> where there is none.</param>
internal sealed record ImageReference(string Text, string Repository, string? Tag, string? Digest)
{
    /// <summary>Tags that mean another image with every release, or with every night.</summary>
    private static readonly string[] s_movingTags = ["latest", "nightly", "main", "master", "dev", "edge", "stable"];

    /// <summary>Whether this is Letta's server: <c>letta/letta</c> or its older name <c>memgpt/letta</c>, from any registry or mirror.</summary>
    /// <remarks>Both names are pushed by the same workflow of every release (letta <c>.github/workflows/docker-image.yml</c>, 0.11.3 and 0.16.8).</remarks>
    public bool IsLetta => EndsWithPath("letta/letta") || EndsWithPath("memgpt/letta");

    /// <summary>Whether what the reference means can change from one pull to the next: no digest, and no tag or a moving one.</summary>
    public bool IsFloating => Digest is null && (string.IsNullOrEmpty(Tag) || IsMovingTag(Tag));

    /// <summary>The last part of the path: <c>postgres</c> of <c>docker.io/library/postgres</c>.</summary>
    public string Name => Repository[(Repository.LastIndexOf('/') + 1)..];

    /// <summary>Where the tag begins in <see cref="Text"/>; behind the repository where there is no colon.</summary>
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

    /// <summary>Whether a tag moves: <c>latest</c>, <c>nightly</c> and their kin.</summary>
    /// <param name="tag">The tag.</param>
    public static bool IsMovingTag(string tag) => s_movingTags.Contains(tag, StringComparer.OrdinalIgnoreCase);

    /// <summary>The reference.</summary>
    public override string ToString() => Text;

    private bool EndsWithPath(string path) =>
        Repository.EndsWith(path, StringComparison.Ordinal) && (Repository.Length == path.Length || Repository[^(path.Length + 1)] == '/');
}

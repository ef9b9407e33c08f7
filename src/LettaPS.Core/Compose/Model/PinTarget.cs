namespace LettaPS.Core.Compose.Model;

/// <summary>What an image reference is to be pinned to.</summary>
/// <param name="Tag">The tag; <see langword="null"/> for none, where the digest alone is to count.</param>
/// <param name="Digest">The digest with its algorithm; <see langword="null"/> for none.</param>
internal sealed record PinTarget(string? Tag, string? Digest)
{
    /// <summary>The reference that results from an older one.</summary>
    /// <param name="reference">The older one.</param>
    public string Apply(ImageReference reference)
    {
        ArgumentNullException.ThrowIfNull(reference);
        return reference.Repository + (Tag is null ? string.Empty : ":" + Tag) + (Digest is null ? string.Empty : "@" + Digest);
    }
}

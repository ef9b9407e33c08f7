using LettaPS.Core.Compose.Model;

namespace LettaPS.Core.Compose.Pinning;

/// <summary>What a container runs.</summary>
/// <param name="Container">Name of the container.</param>
/// <param name="Service">Compose service that it was made for; <see langword="null"/> where compose did not make it.</param>
/// <param name="ComposeFiles">Full paths of the compose files that it was made from.</param>
/// <param name="EnvFiles">Full paths of the env files that compose was given; none where it used its own.</param>
/// <param name="Image">The reference that it was made with: <c>letta/letta:latest</c>.</param>
/// <param name="Digest">Digest under which the registry of that reference knows the image; <see langword="null"/> for one that was built here.</param>
/// <param name="Version">What the server in it says of its version; <see langword="null"/> where it does not answer.</param>
internal sealed record RunningImage(
    string Container,
    string? Service,
    IReadOnlyList<string> ComposeFiles,
    IReadOnlyList<string> EnvFiles,
    string Image,
    string? Digest,
    string? Version)
{
    /// <summary>The product that the container runs, whatever the tag of its image.</summary>
    public LettaServerProduct Product { get; init; }

    /// <summary>The tag that means what is running: that of the reference where it means one release, else the server's own version.</summary>
    /// <remarks>Letta Code tells no version of the V1 server, and its own tag is none.</remarks>
    public string? ExactTag => ImageReference.Parse(Image) is { Tag: { Length: > 0 } tag } && !ImageReference.IsMovingTag(tag) ? tag : Version;

    /// <summary>The most exact reference to what is running.</summary>
    public string ExactReference => ImageReference.Parse(Image) is var image && (ExactTag ?? Digest) is null
        ? Image
        : new PinTarget(ExactTag, ExactTag is null ? Digest : null).Apply(image);
}

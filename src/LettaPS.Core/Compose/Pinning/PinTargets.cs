using LettaPS.Core.Compose.Model;

namespace LettaPS.Core.Compose.Pinning;

/// <summary>Decides what a service's image is to be pinned to.</summary>
/// <param name="tags">The tags of Letta's image.</param>
/// <param name="findDigest">Gives the digest of an image by its reference, as the container engine knows it, or <see langword="null"/>.</param>
/// <param name="engineCommand">The command that a user of the engine types, asked for after the digest.</param>
internal sealed class PinTargets(LettaImageTags tags, Func<string, string?> findDigest, Func<string> engineCommand)
{
    /// <summary>A release.</summary>
    /// <param name="use">The service's image.</param>
    /// <param name="version">Tag of the release.</param>
    /// <param name="digest">Whether the digest is to be pinned too.</param>
    /// <param name="running">What the service's container runs; <see langword="null"/> where none runs or nobody knows.</param>
    /// <param name="force">Take a release whose migrations end before those of the running one.</param>
    /// <exception cref="LettaException"><c>TagTooOld</c>, <c>DatabaseTooOld</c>, <c>DigestNotFound</c>.</exception>
    public PinTarget ToVersion(ImageUse use, string version, bool digest, RunningImage? running, bool force)
    {
        ArgumentNullException.ThrowIfNull(use);
        CheckUpgrade(use.Reference, version, force, $"of service '{use.Part.Service}'", use.Part.Service);
        if (running?.ExactTag is { } now && tags.IsOlder(version, now) && !force)
        {
            throw new LettaException(
                ErrorIds.TagTooOld,
                LettaErrorKind.Refused,
                $"Service '{use.Part.Service}' runs {now}, whose migrations have changed the database: {version} cannot start on it (Can't locate revision).",
                "Restore a dump that is as old as that release first, or use -Force if it is to have another database.",
                use.Part.Service);
        }

        var image = new PinTarget(version, null);
        return digest ? image with { Digest = Digest(use, image.Apply(use.Reference), running?.ExactTag == version ? running : null) } : image;
    }

    /// <summary>Refuses to move an image to a release that its repository does not have, or that its database cannot follow to in one step.</summary>
    /// <param name="image">The image as it is.</param>
    /// <param name="version">Tag of the release.</param>
    /// <param name="force">Move it all the same.</param>
    /// <param name="of">Whose image it is, in words.</param>
    /// <param name="target">What is worked on.</param>
    /// <exception cref="LettaException"><c>RepositoryNotSupported</c>, <c>DatabaseTooOld</c>.</exception>
    public static void CheckUpgrade(ImageReference image, string version, bool force, string of, object target)
    {
        ArgumentNullException.ThrowIfNull(image);
        var toSupported = ImageReference.Parse($"letta/letta:{version}").Product == LettaImageProduct.V1;
        if (LettaRepository.Find(image)?.Abandoned is { } abandoned && toSupported)
        {
            throw new LettaException(
                ErrorIds.RepositoryNotSupported,
                LettaErrorKind.Refused,
                $"The image '{image}' {of} is from '{image.Repository}', {abandoned}, which has no {version}. Its database is older than 0.11.3 and cannot follow to {version} in one step.",
                $"Back up the database first (Backup-LettaDatabase), then write the other repository by hand: image: letta/letta:{version}",
                target);
        }

        if (image.Product == LettaImageProduct.TooOld && toSupported && !force)
        {
            throw new LettaException(
                ErrorIds.DatabaseTooOld,
                LettaErrorKind.Refused,
                $"The image '{image}' {of} is older than 0.11.3, the oldest release that LettaPS supports: its database cannot follow to {version} in one step.",
                "Back up the database first (Backup-LettaDatabase) and try the upgrade on a copy; to pin all the same: Set-LettaImagePin -Force",
                target);
        }
    }

    /// <summary>What is running.</summary>
    /// <param name="use">The service's image.</param>
    /// <param name="running">What the service's container runs; <see langword="null"/> where none runs.</param>
    /// <param name="digest">Whether the digest is to be pinned too.</param>
    /// <exception cref="LettaException"><c>ServiceNotRunning</c>, <c>RunningProductMismatch</c>, <c>RunningVersionNotFound</c>, <c>DigestNotFound</c>.</exception>
    public PinTarget ToRunning(ImageUse use, RunningImage? running, bool digest)
    {
        ArgumentNullException.ThrowIfNull(use);
        if (running is null)
        {
            throw new LettaException(
                ErrorIds.ServiceNotRunning,
                LettaErrorKind.NotFound,
                $"No container of service '{use.Part.Service}' of '{use.Part.File.Path}' is running.",
                "Start it, or use -Version.",
                use.Part.Service);
        }

        if (running.Product == LettaServerProduct.LettaCode)
        {
            throw new LettaException(
                ErrorIds.RunningProductMismatch,
                LettaErrorKind.Refused,
                $"Container '{running.Container}' runs Letta Code in the place of the V1 server, since '{running.Image}' has become that.",
                "Let the database say which release it is of: ./Repair-Letta.ps1 -BackupPath ~/letta-backup. If you know it: Set-LettaImagePin -Version …",
                running.Container);
        }

        var reference = ImageReference.Parse(running.Image);
        if (reference.Repository != use.Reference.Repository)
        {
            throw new LettaException(
                ErrorIds.RunningImageMismatch,
                LettaErrorKind.Refused,
                $"Container '{running.Container}' runs '{running.Image}', which is not from '{use.Reference.Repository}' as the file says.",
                "Start it anew from the file, or use -Version.",
                running.Container);
        }

        if (running.ExactTag is null && !digest)
        {
            throw new LettaException(
                ErrorIds.RunningVersionNotFound,
                LettaErrorKind.NotFound,
                $"Container '{running.Container}' runs '{running.Image}', and the server in it does not tell its version.",
                "Use -Digest to pin it to the image as it is, or -Version if you know the release.",
                running.Container);
        }

        if (reference.IsFloating && running.ExactTag is { } told)
        {
            // What the server says of itself became no tag of its own: only a release has one.
            tags.Check(told, force: false);
        }

        return new(running.ExactTag, digest ? Digest(use, running.Image, running) : null);
    }

    /// <summary>The digest of what is pinned to or running already.</summary>
    /// <param name="use">The service's image.</param>
    /// <param name="running">What the service's container runs; <see langword="null"/> where none runs.</param>
    /// <returns>The tag that is there with the digest; a tag that moves gives way to that of the running release, or goes.</returns>
    /// <exception cref="LettaException"><c>DigestNotFound</c>.</exception>
    public PinTarget ToDigest(ImageUse use, RunningImage? running)
    {
        ArgumentNullException.ThrowIfNull(use);
        var floats = use.Reference.IsFloating;
        var tag = floats ? running?.ExactTag : use.Reference.Tag;
        return new(tag, Digest(use, use.Reference.Text, floats || running?.ExactTag == tag ? running : null));
    }

    private string Digest(ImageUse use, string reference, RunningImage? running)
    {
        // Another repository may know the same image by another digest.
        var known = running is not null && ImageReference.Parse(running.Image).Repository == use.Reference.Repository ? running.Digest : null;
        return known ?? findDigest(reference) ?? throw new LettaException(
            ErrorIds.DigestNotFound,
            LettaErrorKind.NotFound,
            $"The container engine knows no digest of '{reference}' for service '{use.Part.Service}': it does not have the image, or the image was built or loaded there.",
            $"Pull it first, or pin by -Version alone: {engineCommand()} pull {reference}",
            reference);
    }
}

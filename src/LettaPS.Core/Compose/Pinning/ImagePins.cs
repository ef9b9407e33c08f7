using LettaPS.Core.Compose.Model;

namespace LettaPS.Core.Compose.Pinning;

/// <summary>Says what there is to know about references to Letta's image.</summary>
internal static class ImagePins
{
    /// <summary>The container that runs a service.</summary>
    /// <param name="use">The service's image.</param>
    /// <param name="running">All that runs.</param>
    public static RunningImage? Running(ImageUse use, ComposeProject project, IEnumerable<RunningImage> running)
    {
        ArgumentNullException.ThrowIfNull(use);
        ArgumentNullException.ThrowIfNull(project);
        return running.FirstOrDefault(r => r.Service == use.Part.Service && r.ComposeFiles.Any(f => f == use.Part.File.Path || project.Roots.Contains(f)));
    }

    /// <summary>A later document or override file that sets another image for the same service.</summary>
    /// <param name="use">The service's image.</param>
    /// <returns>What wins in the end, or <see langword="null"/> where that is <paramref name="use"/> itself.</returns>
    public static ImageUse? Overriding(ImageUse use, ComposeProject project)
    {
        ArgumentNullException.ThrowIfNull(use);
        ArgumentNullException.ThrowIfNull(project);
        return project.WithDefaultOverride.Images.LastOrDefault(i => i.Part.Service == use.Part.Service) is { } last && !last.SharesTextWith(use) ? last : null;
    }

    /// <summary>What there is to know about a reference.</summary>
    /// <param name="use">The reference.</param>
    /// <param name="running">All that runs.</param>
    public static LettaImagePin Describe(ImageUse use, ComposeProject project, IEnumerable<RunningImage> running)
    {
        ArgumentNullException.ThrowIfNull(use);
        ArgumentNullException.ThrowIfNull(project);
        return new()
        {
            Path = use.Source.File.Path,
            Line = use.Line,
            Service = use.Part.Service,
            Image = use.Node.Value.Trim(),
            Product = use.Reference.Product,
            Tag = use.Reference.Tag is { Length: > 0 } tag ? tag : null,
            Digest = use.Reference.Digest,
            IsFloating = use.Reference.IsFloating,
            Resolved = use.ExpandedTemplate is { MissingVariable: null } ? use.Reference.Text : null,
            Running = Running(use, project, running)?.ExactReference,
            Comment = string.Join("; ", Clauses(use, project)),
            ComposeFile = project.Roots[0],
        };
    }

    /// <summary>What there is to know about a reference in a file that is no compose file, or in the Dockerfile of a service.</summary>
    /// <param name="place">The reference.</param>
    /// <param name="service">The compose service that is built from it; <see langword="null"/> if none is known.</param>
    /// <param name="composeFile">The file by which it was found; <see langword="null"/> for the file itself.</param>
    public static LettaImagePin Describe(ImagePlace place, string? service = null, string? composeFile = null)
    {
        ArgumentNullException.ThrowIfNull(place);
        return new()
        {
            Path = place.File.Path,
            Line = place.Line,
            Format = place.Format,
            Service = service ?? place.Name,
            Image = place.Written,
            Product = place.Reference.Product,
            IsEditable = place.Change is not null,
            Tag = place.Reference.Tag is { Length: > 0 } tag ? tag : null,
            Digest = place.Reference.Digest,
            IsFloating = place.Reference.IsFloating,
            Resolved = place.Reference.Text,
            Comment = string.Join("; ", new[] { Meaning(place.Reference), place.Note }.OfType<string>()),
            ComposeFile = composeFile ?? place.File.Path,
        };
    }

    private static string Meaning(ImageReference reference) => reference switch
    {
        { Product: LettaImageProduct.TooOld, Tag: { } old } when LettaImageTags.Trap(old) is { } trap => trap,
        { Product: LettaImageProduct.TooOld } => "older than 0.11.3, the oldest release that LettaPS supports",
        { Product: LettaImageProduct.LettaCode } => "Letta Code, which is another product than the V1 server",
        { Digest: not null } => "pinned by digest",
        { Tag: null or "" } when reference.IsOnDockerHub && reference.Path == "letta/letta" => "no tag, which means latest: today Letta Code",
        { Tag: null or "" } => "no tag, which means latest",
        { IsFloating: true } when reference.IsOnDockerHub && reference.Path == "letta/letta" && reference.Tag == "latest" => "'latest' is floating: today it is Letta Code",
        { IsFloating: true } => $"'{reference.Tag}' is floating",
        { Product: LettaImageProduct.Unknown } => $"no release is known to have the tag '{reference.Tag}'",
        _ => LettaImageTags.Trap(reference.Tag) ?? "pinned",
    };

    private static IEnumerable<string> Clauses(ImageUse use, ComposeProject project)
    {
        var reference = use.Reference;
        if (use.ExpandedTemplate is null)
        {
            yield return "compose refuses the '$', which begins no variable";
        }
        else if (use.ExpandedTemplate.MissingVariable is { } missing)
        {
            yield return $"compose refuses to run without the variable {missing}";
        }

        yield return Meaning(reference);

        foreach (var variable in Deciders(use))
        {
            yield return variable;
        }

        if (reference.Repository.EndsWith("memgpt/letta", StringComparison.Ordinal))
        {
            yield return "memgpt/letta is the older name of letta/letta";
        }

        if (use.Part.Body.Find("build") is not null)
        {
            yield return "the name of an image of your own: it is built from the build section rather than pulled";
        }

        if (use.Source != use.Part)
        {
            yield return $"inherited from service '{use.Source.Service}'";
        }

        string[] sharing = [.. project.Images.Where(i => i.SharesTextWith(use) && i.Part.Service != use.Part.Service).Select(i => i.Part.Service).Distinct()];
        if (sharing.Length > 0)
        {
            yield return $"the same text serves {string.Join(", ", sharing)}";
        }

        if (Overriding(use, project) is { } other)
        {
            yield return $"line {other.Line} of {Path.GetFileName(other.Source.File.Path)} sets another image for the service and wins";
        }
    }

    private static IEnumerable<string> Deciders(ImageUse use)
    {
        foreach (var piece in use.ExpandedTemplate?.Pieces.Where(p => p.Variable is not null).DistinctBy(p => p.Variable) ?? [])
        {
            yield return piece switch
            {
                { Assignment: { } assignment } => $"{assignment.Name} in line {assignment.Line} of {Path.GetFileName(assignment.File.Path)} decides",
                { Kind: TemplateSegmentKind.Environment } => $"{piece.Variable} of this session decides",
                { Kind: TemplateSegmentKind.Text or TemplateSegmentKind.Escape } => $"{piece.Variable} is not set, so that its default decides",
                _ => $"{piece.Variable} is not set",
            };
        }

        var defaults = ComposeTemplate.TryParse(use.Node.Value)?.WithoutVariables();
        if (!use.Reference.IsFloating && defaults is not null && ImageReference.Parse(defaults) is { IsLetta: true, IsFloating: true, Tag: { Length: > 0 } tag })
        {
            yield return $"without that it would be '{tag}'";
        }
    }
}

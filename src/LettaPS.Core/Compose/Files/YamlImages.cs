using LettaPS.Core.Compose.Model;
using LettaPS.Core.Compose.Yaml;
using LettaPS.Core.IO;

namespace LettaPS.Core.Compose.Files;

/// <summary>Reads the images that Kubernetes manifests, kustomizations and values of Helm charts name.</summary>
/// <param name="yaml">Reads YAML.</param>
internal sealed class YamlImages(IYamlReader yaml)
{
    private static readonly string[] s_tagKeys = ["tag", "imageTag", "newTag", "version"];

    /// <summary>The images of Letta's that a file names.</summary>
    /// <param name="source">The file.</param>
    /// <exception cref="LettaException"><c>InvalidYaml</c>.</exception>
    public IReadOnlyList<ImagePlace> Read(TextFile source)
    {
        var text = yaml.Read(source.Text, source.Path);
        List<ImagePlace> places = [];
        foreach (var document in text.Documents.OfType<YamlMapping>())
        {
            HashSet<YamlNode> seen = new(ReferenceEqualityComparer.Instance);
            Walk(document, null, new(source, text, document, places), seen);
        }

        return places;
    }

    private void Walk(YamlNode node, string? key, Reading reading, HashSet<YamlNode> seen)
    {
        if (!seen.Add(node))
        {
            return;
        }

        if (node is YamlSequence list)
        {
            foreach (var item in list.Items)
            {
                Walk(item, key, reading, seen);
            }
        }
        else if (node is YamlMapping mapping)
        {
            Examine(mapping, key, reading);
            foreach (var (name, value) in mapping.Flatten())
            {
                Walk(value, name, reading, seen);
            }
        }
    }

    private void Examine(YamlMapping mapping, string? key, Reading reading)
    {
        var isKustomization = key == "images" && mapping.Find("name") is YamlScalar;
        if (isKustomization)
        {
            var name = Scalar(mapping, "newName") ?? Scalar(mapping, "name");
            if (Tag(mapping) is not null || Scalar(mapping, "digest") is not null)
            {
                Add(name!, mapping, key, reading);
            }
        }
        else if (Scalar(mapping, "repository") is { } repository)
        {
            Add(repository, mapping, key, reading);
        }
        else if (Scalar(mapping, "image") is { } image)
        {
            Add(image, mapping, key, reading);
        }
    }

    private void Add(YamlScalar image, YamlMapping mapping, string? key, Reading reading)
    {
        var written = image.Value.Trim();
        var own = ImageReference.Parse(written);
        if (!own.IsLetta)
        {
            return;
        }

        var isWhole = mapping.Find("image") == image && (own.Tag is not null || own.Digest is not null || Tag(mapping) is null);
        var tag = isWhole ? null : Tag(mapping);
        var digest = isWhole ? null : Scalar(mapping, "digest") is { Value.Length: > 0 } said ? said : null;
        var registry = Scalar(mapping, "registry") is { Value.Length: > 0 } host ? host.Value.TrimEnd('/') + "/" : string.Empty;
        var reference = isWhole ? own : ImageReference.Parse(
            registry + written + (tag is { IsNull: false, Value: { Length: > 0 } value } ? ":" + value : string.Empty) + (digest is null ? string.Empty : "@" + digest.Value));
        var at = tag ?? image;
        var format = reading.Document.Find("apiVersion") is not null && reading.Document.Find("kind") is not null || key == "images" ? LettaImageFormat.Kubernetes : LettaImageFormat.Helm;
        var name = Scalar(mapping, "name")?.Value ?? (key is null or "image" or "images" ? string.Empty : key);
        reading.Places.Add(new(format, key == "images" ? string.Empty : name, reading.Source, LineOf(at, reading.Source), isWhole ? written : reference.Text, reference)
        {
            Container = mapping,
            Document = reading.Document,
            Note = !isWhole && tag is null && digest is null ? "there is no tag here, so that the chart's own counts" : null,
            Change = target => isWhole ? Change(reading, image, target.Apply(reference)) : ChangeTag(reading, tag, digest, mapping, target),
        });
    }

    private TextFile ChangeTag(Reading reading, YamlScalar? tag, YamlScalar? digest, YamlMapping mapping, PinTarget target)
    {
        if (digest is not null && digest.Value != target.Digest)
        {
            if (target.Digest is null)
            {
                throw Refuse(reading, digest, "has a digest, which wins over the tag", "Remove the digest by hand, or pin by -Digest too.");
            }

            var pinned = Change(reading, digest, target.Digest);
            return target.Tag is null || tag is null || tag.Value == target.Tag ? pinned
                : throw Refuse(reading, digest, "has a tag and a digest, which both have to change", "Change them by hand.");
        }

        if (tag is null)
        {
            throw Refuse(reading, mapping, "has no tag", $"Add it: tag: \"{target.Tag}\"");
        }

        var value = target.Tag + (digest is null && target.Digest is not null ? "@" + target.Digest : string.Empty);
        if (!tag.IsNull || tag.Value.Length > 0)
        {
            return Change(reading, tag, value);
        }

        // 'tag:' without a value: put there.
        var text = reading.Source.Text;
        var colon = text.LastIndexOf(':', Math.Min(tag.Start, text.Length - 1));
        return reading.Source.WithText(string.Concat(text.AsSpan(0, colon + 1), " ", value, text.AsSpan(colon + 1))) is var changed
            && yaml.Read(changed.Text, changed.Path).DiffersOnlyIn(reading.Text, tag.Token, value)
                ? changed
                : throw Refuse(reading, tag, "is written in a way in which its tag cannot be changed safely", "Write the tag in quotes, and try again.");
    }

    private TextFile Change(Reading reading, YamlScalar scalar, string value) => YamlScalarEditor.Change(reading.Source, reading.Text, scalar, value, yaml);

    private static LettaException Refuse(Reading reading, YamlNode at, string what, string advice) =>
        new(ErrorIds.PinNotSupported, LettaErrorKind.Refused, $"The image in line {at.Line} of '{reading.Source.Path}' {what}.", advice, reading.Source.Path);

    private static YamlScalar? Tag(YamlMapping mapping) => s_tagKeys.Select(k => mapping.Find(k)).OfType<YamlScalar>().FirstOrDefault();

    private static YamlScalar? Scalar(YamlMapping mapping, string key) => mapping.Find(key) is YamlScalar { IsNull: false } scalar ? scalar : null;

    private static int LineOf(YamlScalar scalar, TextFile source)
    {
        var value = scalar.Value.Trim();
        var at = value.Length == 0 ? -1 : source.Text.IndexOf(value, scalar.Start, scalar.End - scalar.Start, StringComparison.Ordinal);
        return at < 0 ? scalar.Line : source.LineAt(at);
    }

    private sealed record Reading(TextFile Source, YamlText Text, YamlMapping Document, List<ImagePlace> Places);
}

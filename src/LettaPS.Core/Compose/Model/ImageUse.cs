using LettaPS.Core.Compose.Yaml;

namespace LettaPS.Core.Compose.Model;

/// <summary>A service and the text that says which image it runs.</summary>
internal sealed class ImageUse
{
    /// <summary>Takes the text apart.</summary>
    /// <param name="part">The service.</param>
    /// <param name="source">The service whose text counts: the same, or one that it extends.</param>
    /// <param name="node">The text.</param>
    public ImageUse(ServicePart part, ServicePart source, YamlScalar node)
    {
        ArgumentNullException.ThrowIfNull(part);
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(node);
        Part = part;
        Source = source;
        Node = node;
        ExpandedTemplate = ComposeTemplate.TryParse(node.Value)?.Expand(part.Environment);
        Reference = ImageReference.Parse(ExpandedTemplate?.Text ?? node.Value);
    }

    /// <summary>The service.</summary>
    public ServicePart Part { get; }

    /// <summary>The service whose text counts.</summary>
    public ServicePart Source { get; }

    /// <summary>The text.</summary>
    public YamlScalar Node { get; }

    /// <summary>The text with its variables put in; <see langword="null"/> where compose refuses it.</summary>
    public ExpandedTemplate? ExpandedTemplate { get; }

    /// <summary>The reference that results.</summary>
    public ImageReference Reference { get; }

    /// <summary>Characters of <see cref="ExpandedTemplate"/> before the reference: white space, as a literal block may have.</summary>
    public int Lead => ExpandedTemplate is null ? 0 : ExpandedTemplate.Text.Length - ExpandedTemplate.Text.TrimStart().Length;

    /// <summary>The 1-based line that the text is in.</summary>
    public int Line
    {
        get
        {
            // Behind an anchor, a tag or the sign of a block the text itself may be some lines further down.
            var text = Source.File.Source;
            var value = Node.Value.Trim();
            var at = value.Length == 0 ? -1 : text.Text.IndexOf(value, Node.Start, Node.End - Node.Start, StringComparison.Ordinal);
            return text.LineAt(at < 0 ? Node.Start : at);
        }
    }

    /// <summary>Whether two services say it with the same text, as by an anchor or by extending the same service.</summary>
    public bool SharesTextWith(ImageUse other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Node.Token == other.Node.Token && Source.File.Source.RealPath == other.Source.File.Source.RealPath;
    }

    /// <summary>Whether another is the same service with the same text.</summary>
    public bool IsSameAs(ImageUse other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Part.Service == other.Part.Service && Part.File.Path == other.Part.File.Path && SharesTextWith(other);
    }
}

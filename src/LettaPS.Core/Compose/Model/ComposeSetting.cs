using LettaPS.Core.Compose.Yaml;

namespace LettaPS.Core.Compose.Model;

/// <summary>Something that a compose file, or an env file that it names, says of a service.</summary>
/// <param name="Part">The document that says it.</param>
/// <param name="Node">The node that says it.</param>
/// <param name="Written">What a scalar, or its part behind the equals sign, says before variables are put in; <see langword="null"/> for none.</param>
/// <param name="Value">The same with variables put in; <see langword="null"/> where there is none or compose refuses it.</param>
internal sealed record ComposeSetting(ServicePart Part, YamlNode Node, string? Written, string? Value)
{
    /// <summary>Full path of the file that says it.</summary>
    public string Path { get; init; } = Part.File.Path;

    /// <summary>1-based line.</summary>
    public int Line { get; init; } = Node.Line;

    /// <summary>A setting that is a whole node.</summary>
    /// <param name="part">The document.</param>
    public static ComposeSetting Of(ServicePart part, YamlNode node)
    {
        ArgumentNullException.ThrowIfNull(part);
        return new(part, node, node is YamlScalar { IsNull: false } scalar ? scalar.Value : null, part.Expand(node));
    }
}

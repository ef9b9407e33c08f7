using LettaPS.Core.Compose.Yaml;

namespace LettaPS.Core.Compose.Model;

/// <summary>The build arguments that a compose file gives a service. They win over the defaults of the Dockerfile.</summary>
/// <param name="part">The part of the service that has them.</param>
/// <param name="node">The <c>args</c>, a mapping or a list.</param>
internal sealed class BuildArguments(ServicePart part, YamlNode? node) : IVariableResolver
{
    /// <inheritdoc/>
    public IReadOnlyList<TemplateSegment>? Find(string name) =>
        part.Expand(ScalarOf(name)) is not { } value ? null
        : [new(TemplateSegmentKind.Environment, node is YamlSequence ? value[(name.Length + 1)..] : value, 0, 0, null, name)];

    /// <summary>Where an argument is given: its value, or the item of a list that has it.</summary>
    /// <param name="name">Name of the argument.</param>
    public YamlScalar? ScalarOf(string name) => node switch
    {
        YamlMapping mapping => mapping.Find(name) as YamlScalar,
        YamlSequence list => list.Items.OfType<YamlScalar>().LastOrDefault(i => i.Value.StartsWith(name + "=", StringComparison.Ordinal)),
        _ => null,
    };

    /// <summary>The place in the compose file that decides an image of a Dockerfile.</summary>
    /// <param name="name">Name of the argument.</param>
    /// <param name="stage">The stage of the build; empty for none.</param>
    /// <param name="reference">The image that results.</param>
    /// <returns><see langword="null"/> if the argument is not given.</returns>
    public ImagePlace? PlaceOf(string name, string stage, ImageReference reference) => ScalarOf(name) is not { } scalar ? null
        : new ImagePlace(LettaImageFormat.Dockerfile, stage, part.File.Source, scalar.Line, scalar.Value, reference) { Note = $"the build argument '{name}' there decides which image the Dockerfile builds on" };
}

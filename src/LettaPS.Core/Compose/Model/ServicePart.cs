using LettaPS.Core.Compose.Yaml;

namespace LettaPS.Core.Compose.Model;

/// <summary>What one document of a compose file says of a service.</summary>
/// <param name="Service">Name of the service there.</param>
/// <param name="Body">What it says.</param>
/// <param name="Environment">The variables that count.</param>
internal sealed record ServicePart(string Service, ComposeFile File, YamlMapping Body, ComposeEnvironment Environment)
{
    /// <summary>A scalar with its variables put in; <see langword="null"/> where it is none, is null, or is refused by compose.</summary>
    /// <param name="node">The scalar.</param>
    public string? Expand(YamlNode? node) => node is YamlScalar { IsNull: false } scalar ? Expand(scalar.Value, Environment) : null;

    /// <summary>A text with its variables put in; <see langword="null"/> where compose refuses it.</summary>
    /// <param name="environment">The variables.</param>
    public static string? Expand(string text, IVariableResolver environment) => ComposeTemplate.TryParse(text)?.Expand(environment).Text;

    /// <summary>The scalars of a node that may be one scalar or a list of them.</summary>
    public static IEnumerable<YamlScalar> Scalars(YamlNode? node) => node switch
    {
        YamlScalar { IsNull: false } scalar => [scalar],
        YamlSequence list => list.Items.OfType<YamlScalar>(),
        _ => [],
    };
}

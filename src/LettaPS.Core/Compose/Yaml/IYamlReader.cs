namespace LettaPS.Core.Compose.Yaml;

/// <summary>Reads YAML for its structure and positions. It never writes any: text is spliced, not serialised again.</summary>
internal interface IYamlReader
{
    /// <summary>Reads all documents of a text.</summary>
    /// <param name="text">The text, without byte order mark.</param>
    /// <param name="path">The file it comes from, for messages.</param>
    /// <exception cref="LettaException"><c>InvalidYaml</c>: the text is not YAML; the message names line and column.</exception>
    YamlText Read(string text, string path);
}

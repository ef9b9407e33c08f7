using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace LettaPS.HelpBuilder;

/// <summary>Writes MAML, the form in which Get-Help reads the help of binary modules.</summary>
internal static class Maml
{
    private static readonly XNamespace s_help = "http://msh";
    private static readonly XNamespace s_maml = "http://schemas.microsoft.com/maml/2004/10";
    private static readonly XNamespace s_command = "http://schemas.microsoft.com/maml/dev/command/2004/10";
    private static readonly XNamespace s_dev = "http://schemas.microsoft.com/maml/dev/2004/10";

    /// <summary>Where the pages are on the web.</summary>
    private const string OnlinePages = "https://github.com/LettaPS/LettaPS/blob/main/docs/cmdlets";

    public static void Write(string path, IEnumerable<(CmdletDescription Cmdlet, CmdletPage Page)> cmdlets)
    {
        var root = new XElement(s_help + "helpItems", new XAttribute("schema", "maml"), cmdlets.Select(c => Command(c.Cmdlet, c.Page)));
        using var writer = XmlWriter.Create(path, new XmlWriterSettings { Indent = true, NewLineChars = "\n", Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false) });
        root.Save(writer);
    }

    private static XElement Command(CmdletDescription cmdlet, CmdletPage page)
    {
        var verbAndNoun = cmdlet.Name.Split('-');
        return new XElement(
            s_command + "command",
            new XAttribute(XNamespace.Xmlns + "maml", s_maml),
            new XAttribute(XNamespace.Xmlns + "command", s_command),
            new XAttribute(XNamespace.Xmlns + "dev", s_dev),
            new XElement(
                s_command + "details",
                new XElement(s_command + "name", cmdlet.Name),
                new XElement(s_command + "verb", verbAndNoun[0]),
                new XElement(s_command + "noun", verbAndNoun[1]),
                Description([page.Synopsis])),
            Description(page.Description.Paragraphs),
            new XElement(s_command + "syntax", cmdlet.Sets.Select(set => new XElement(s_command + "syntaxItem", new XElement(s_maml + "name", cmdlet.Name), set.Select(p => Parameter(p, null))))),
            new XElement(s_command + "parameters", cmdlet.Parameters.Select(p => Parameter(p, page.Parameters[p.Parameter.Name]))),
            new XElement(s_command + "inputTypes", Types("inputType", cmdlet.Inputs, page.Inputs)),
            new XElement(s_command + "returnValues", Types("returnValue", cmdlet.Outputs, page.Outputs)),
            page.Notes is null ? null : new XElement(s_maml + "alertSet", new XElement(s_maml + "alert", Paragraphs(page.Notes.Paragraphs))),
            new XElement(s_command + "examples", page.Examples.Select((example, i) => new XElement(
                s_command + "example",
                new XElement(s_maml + "title", $"---------- Example {i + 1}: {example.Title} ----------"),
                new XElement(s_dev + "code", example.Code),
                new XElement(s_dev + "remarks", Paragraphs(example.Remarks))))),
            RelatedLinks(page));
    }

    /// <summary>The page on the web, which Get-Help -Online opens since it is the first link, and the cmdlets and topics that the page names.</summary>
    private static XElement RelatedLinks(CmdletPage page) => new(
        s_maml + "relatedLinks",
        Link("Online version:", $"{OnlinePages}/{page.Name}.md"),
        page.Related.Select(r => Link(r, string.Empty)));

    private static XElement Link(string text, string uri) => new(s_maml + "navigationLink", new XElement(s_maml + "linkText", text), new XElement(s_maml + "uri", uri));

    /// <summary>A parameter: with its words in the list of parameters, without them in the syntax.</summary>
    private static XElement Parameter(ParameterUse use, Section? words)
    {
        var parameter = use.Parameter;
        return new XElement(
            s_command + "parameter",
            new XAttribute("required", use.Mandatory ? "true" : "false"),
            new XAttribute("variableLength", parameter.Type.IsArray ? "true" : "false"),
            new XAttribute("globbing", parameter.Wildcards ? "true" : "false"),
            new XAttribute("pipelineInput", use.PipelineInput),
            new XAttribute("position", use.Position?.ToString(CultureInfo.InvariantCulture) ?? "named"),
            new XAttribute("aliases", parameter.Aliases.Count == 0 ? "none" : string.Join(", ", parameter.Aliases)),
            new XElement(s_maml + "name", parameter.Name),
            words is null ? null : Description(words.Paragraphs),
            words is null && parameter.Type.IsEnum ? new XElement(s_command + "parameterValueGroup", Enum.GetNames(parameter.Type).Select(Value)) : null,
            parameter.IsSwitch ? null : Value(parameter.TypeName),
            new XElement(s_dev + "type", new XElement(s_maml + "name", parameter.TypeName), new XElement(s_maml + "uri")),
            new XElement(s_dev + "defaultValue", parameter.IsSwitch ? "False" : parameter.Default ?? "None"));

        XElement Value(string name) => new(
            s_command + "parameterValue", new XAttribute("required", "true"), new XAttribute("variableLength", parameter.Type.IsArray ? "true" : "false"), name);
    }

    /// <summary>The types that the cmdlet declares; what the page says of them is with the last, so that all stand above it.</summary>
    private static IEnumerable<XElement> Types(string element, IReadOnlyList<string> names, Section words)
    {
        names = names.Count == 0 ? ["None"] : names;
        return names.Select((name, i) => new XElement(
            s_command + element,
            new XElement(s_dev + "type", new XElement(s_maml + "name", name)),
            i == names.Count - 1 ? Description(words.Paragraphs) : null));
    }

    private static XElement Description(IEnumerable<string> paragraphs) => new(s_maml + "description", Paragraphs(paragraphs));

    private static IEnumerable<XElement> Paragraphs(IEnumerable<string> paragraphs) => paragraphs.Select(p => new XElement(s_maml + "para", p));
}

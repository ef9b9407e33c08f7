using System.Text.RegularExpressions;
using Markdig;
using Markdig.Syntax;

namespace LettaPS.HelpBuilder;

/// <summary>Words of a section, and the line where it begins.</summary>
internal sealed record Section(int Line, IReadOnlyList<string> Paragraphs);

/// <summary>An example: its heading, its commands and what they do.</summary>
internal sealed record Example(int Line, string Title, string Code, IReadOnlyList<string> Remarks);

/// <summary>A page of docs/cmdlets, in the form that CONTRIBUTING.md prescribes.</summary>
internal sealed partial record CmdletPage(
    string Path,
    string Name,
    string Synopsis,
    Section Description,
    IReadOnlyDictionary<string, Section> Parameters,
    Section Inputs,
    Section Outputs,
    IReadOnlyList<Example> Examples,
    Section? Notes,
    IReadOnlyList<string> Related)
{
    private const int LeastExamples = 3;

    private static readonly string[] s_order = ["Description", "Parameters", "Inputs", "Outputs", "Examples", "Notes"];

    public static CmdletPage Read(string path)
    {
        var blocks = Markdown.Parse(File.ReadAllText(path), PlainText.Pipeline).ToList();
        if (blocks is not [HeadingBlock { Level: 1 } title, ParagraphBlock synopsis, ..])
        {
            throw new PageException(path, 1, "A page begins with '# Verb-Noun' and one line that says what it does.");
        }

        var sections = Split(path, blocks[2..], level: 2);
        var names = sections.Select(s => s.Title).ToList();
        if (names.Except(s_order).FirstOrDefault() is { } unknown)
        {
            throw new PageException(path, sections[names.IndexOf(unknown)].Line, $"A page has no section '{unknown}', but {string.Join(", ", s_order)}.");
        }

        if (!names.SequenceEqual(s_order.Intersect(names)))
        {
            throw new PageException(path, 1, $"The sections come once each and in this order: {string.Join(", ", s_order)}.");
        }

        return new CmdletPage(
            path,
            PlainText.Of(title),
            PlainText.Of(synopsis),
            Words("Description"),
            ReadParameters(path, Find("Parameters")?.Blocks ?? []),
            Words("Inputs"),
            Words("Outputs"),
            ReadExamples(path, Require("Examples")),
            Find("Notes") is null ? null : Words("Notes"),
            [.. Names().Matches(File.ReadAllText(path)).Select(m => m.Value).Append("about_LettaPS").Where(n => n != PlainText.Of(title)).Distinct().Order(StringComparer.Ordinal)]);

        Part? Find(string name) => sections.FirstOrDefault(s => s.Title == name);

        Part Require(string name) => Find(name) is { Blocks.Count: > 0 } section ? section : throw new PageException(path, 1, $"The page lacks '## {name}', or it is empty.");

        Section Words(string name) => new(Require(name).Line, PlainText.Paragraphs(Require(name).Blocks));
    }

    private static Dictionary<string, Section> ReadParameters(string path, IReadOnlyList<Block> blocks)
    {
        var parameters = new Dictionary<string, Section>(StringComparer.Ordinal);
        foreach (var part in Split(path, blocks, level: 3))
        {
            if (part is not { Title: ['-', .. var name], Blocks.Count: > 0 } || !parameters.TryAdd(name, new Section(part.Line, PlainText.Paragraphs(part.Blocks))))
            {
                throw new PageException(path, part.Line, $"'{part.Title}': a parameter is '### -Name', once, with at least a sentence.");
            }
        }

        return parameters;
    }

    private static List<Example> ReadExamples(string path, Part section)
    {
        var examples = Split(path, section.Blocks, level: 3).ConvertAll(part =>
        {
            var code = part.Blocks.OfType<FencedCodeBlock>().ToList();
            return part.Blocks is [FencedCodeBlock { Info: "powershell" } fence, _, ..] && code.Count == 1
                ? new Example(part.Line, part.Title, fence.Lines.ToString(), PlainText.Paragraphs(part.Blocks.Skip(1)))
                : throw new PageException(path, part.Line, $"'{part.Title}': an example is a heading, a fenced powershell block and a sentence.");
        });
        return examples.Count >= LeastExamples ? examples : throw new PageException(path, section.Line, $"A page has at least {LeastExamples} examples.");
    }

    private static List<Part> Split(string path, IReadOnlyList<Block> blocks, int level)
    {
        var parts = new List<Part>();
        foreach (var block in blocks)
        {
            if (block is HeadingBlock heading && heading.Level <= level)
            {
                parts.Add(new Part(heading.Line + 1, PlainText.Of(heading), []));
            }
            else if (parts.Count == 0)
            {
                throw new PageException(path, block.Line + 1, "Text before the first heading of its section.");
            }
            else
            {
                parts[^1].Blocks.Add(block);
            }
        }

        return parts;
    }

    [GeneratedRegex(@"\b(?:(?:Add|Backup|Compare|Connect|ConvertTo|Copy|Disconnect|Export|Get|Invoke|Remove|Reset|Restart|Restore|Save|Search|Set|Start|Stop|Test|Update)-Letta[A-Za-z]*|about_LettaPS\w*)\b", RegexOptions.CultureInvariant)]
    private static partial Regex Names();

    private sealed record Part(int Line, string Title, List<Block> Blocks);
}

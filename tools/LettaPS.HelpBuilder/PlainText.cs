using System.Text;
using Markdig;
using Markdig.Extensions.Tables;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;

namespace LettaPS.HelpBuilder;

/// <summary>Markdown as a console shows it.</summary>
internal static class PlainText
{
    private const string CodeIndent = "    ";

    public static MarkdownPipeline Pipeline { get; } = new MarkdownPipelineBuilder().UsePipeTables().Build();

    /// <summary>Blocks as paragraphs; a list or a table is one paragraph of several lines.</summary>
    public static IReadOnlyList<string> Paragraphs(IEnumerable<Block> blocks) => [.. blocks.Select(b => b switch
    {
        LeafBlock { Inline: not null } leaf => Of(leaf),
        CodeBlock code => Indent(code.Lines.ToString(), CodeIndent),
        ListBlock list => string.Join('\n', list.Cast<ListItemBlock>().Select((item, i) => (list.IsOrdered ? $"{i + 1}. " : "- ") + string.Join("\n  ", Paragraphs(item)))),
        Table table => Of(table),
        _ => throw new NotSupportedException($"Help has no form for {b.GetType().Name} (line {b.Line + 1})."),
    })];

    /// <summary>The text of a heading or paragraph on one line.</summary>
    public static string Of(LeafBlock block)
    {
        var text = new StringBuilder();
        Append(text, block.Inline!);
        return text.ToString();
    }

    /// <summary>Lines moved to the right.</summary>
    public static string Indent(string text, string indent) => indent + text.Replace("\n", "\n" + indent, StringComparison.Ordinal);

    private static void Append(StringBuilder text, ContainerInline container)
    {
        foreach (var inline in container)
        {
            switch (inline)
            {
                case LiteralInline literal:
                    text.Append(literal.Content);
                    break;
                case CodeInline code:
                    text.Append(code.Content);
                    break;
                case LineBreakInline:
                    text.Append(' ');
                    break;
                case AutolinkInline link:
                    text.Append(link.Url);
                    break;
                case ContainerInline inner:
                    Append(text, inner);
                    break;
                default:
                    throw new NotSupportedException($"Help has no form for {inline.GetType().Name} (line {inline.Line + 1}).");
            }
        }
    }

    private static string Of(Table table)
    {
        var rows = table.Cast<TableRow>().Select(row => row.Cast<TableCell>().Select(cell => string.Join(' ', Paragraphs(cell))).ToList()).ToList();
        var widths = rows[0].Select((_, column) => rows.Max(row => row[column].Length)).ToList();
        return string.Join('\n', rows.Select(row => string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd()));
    }
}

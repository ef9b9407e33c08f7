using System.Globalization;
using System.Text;
using Markdig;
using Markdig.Syntax;

namespace LettaPS.HelpBuilder;

/// <summary>Writes an about_ topic: plain text of at most 80 columns, in the form that Get-Help takes its synopsis from.</summary>
internal static class AboutTopic
{
    private const int Width = 80;
    private const string Margin = "    ";

    public static void Write(string path, string folder)
    {
        var name = Path.GetFileNameWithoutExtension(path);
        var blocks = Markdown.Parse(File.ReadAllText(path), PlainText.Pipeline).ToList();
        if (blocks is not [HeadingBlock { Level: 1 } title, ParagraphBlock synopsis, .. var body] || PlainText.Of(title) != name)
        {
            throw new PageException(path, 1, $"A topic begins with '# {name}' and one line that says what it is about.");
        }

        var summary = PlainText.Of(synopsis);
        if (summary.Length > Width - Margin.Length)
        {
            // Get-Help lists topics with the first line of it, so a second one would be cut off.
            throw new PageException(path, 3, string.Create(CultureInfo.InvariantCulture, $"What a topic is about is said in {Width - Margin.Length} characters."));
        }

        var text = new StringBuilder();
        text.Append($"TOPIC\n{Margin}{name}\n\nSHORT DESCRIPTION\n{Margin}{summary}\n\nLONG DESCRIPTION\n");
        foreach (var block in body)
        {
            if (block is HeadingBlock heading)
            {
                text.Append(PlainText.Of(heading).ToUpperInvariant()).Append('\n');
                continue;
            }

            foreach (var line in PlainText.Paragraphs([block])[0].Split('\n'))
            {
                AppendWrapped(text, line);
            }

            text.Append('\n');
        }

        File.WriteAllText(Path.Combine(folder, name + ".help.txt"), text.ToString().TrimEnd() + "\n");
    }

    private static void AppendWrapped(StringBuilder text, string line)
    {
        // What is moved to the right already, a command above all, is not broken.
        if (line.StartsWith(Margin, StringComparison.Ordinal) || line.Length <= Width - Margin.Length)
        {
            text.Append(Margin).Append(line).Append('\n');
            return;
        }

        var hanging = line.StartsWith("- ", StringComparison.Ordinal) ? "  " : string.Empty;
        var current = string.Empty;
        foreach (var word in line.Split(' '))
        {
            if (current.Length > 0 && Margin.Length + current.Length + 1 + word.Length > Width)
            {
                text.Append(Margin).Append(current).Append('\n');
                current = hanging + word;
            }
            else
            {
                current = current.Length == 0 ? word : current + " " + word;
            }
        }

        text.Append(Margin).Append(current).Append('\n');
    }
}

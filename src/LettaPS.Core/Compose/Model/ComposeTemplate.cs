namespace LettaPS.Core.Compose.Model;

/// <summary>A text with compose's variables in it, taken apart: <c>letta/letta:${LETTA_VERSION:-latest}</c>.</summary>
/// <remarks>
/// Forms: <c>$NAME</c>, <c>${NAME}</c>, and with a second text that may itself hold variables <c>:-</c> and <c>-</c> (default), <c>:?</c> and
/// <c>?</c> (required, else this message), <c>:+</c> and <c>+</c> (this instead). <c>$$</c> is a dollar sign.
/// </remarks>
internal sealed class ComposeTemplate
{
    /// <summary>Variables nest this deep; more is refused.</summary>
    private const int MaxDepth = 20;

    private static readonly string[] s_operators = [":-", ":?", ":+", "-", "?", "+"];

    private ComposeTemplate(string text, int start, IReadOnlyList<Part> parts)
    {
        Text = text;
        Start = start;
        Parts = parts;
    }

    /// <summary>The text.</summary>
    public string Text { get; }

    /// <summary>The names of all variables in the text, defaults included.</summary>
    public IEnumerable<string> Variables => Parts.OfType<Variable>().SelectMany(v => v.Argument is { } argument ? argument.Variables.Prepend(v.Name) : [v.Name]);

    private IReadOnlyList<Part> Parts { get; }

    /// <summary>Where the text begins in the text that it is a part of.</summary>
    private int Start { get; }

    /// <summary>Takes a text apart.</summary>
    /// <returns>The template, or <see langword="null"/> where compose refuses the text (a dollar sign that begins no variable).</returns>
    public static ComposeTemplate? TryParse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, 0, 0);
    }

    /// <summary>Puts in the values of the variables.</summary>
    /// <param name="environment">Where values come from.</param>
    /// <returns>The pieces of the result in order, each with where it comes from.</returns>
    public ExpandedTemplate Expand(IVariableResolver environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        List<TemplateSegment> pieces = [];
        Expand(environment, pieces, null);
        return new(pieces);
    }

    /// <summary>What the text says where no variable is set: its own words and defaults.</summary>
    public string WithoutVariables() => Expand(NoVariables.Instance).Text;

    private void Expand(IVariableResolver environment, List<TemplateSegment> pieces, string? within)
    {
        if (Parts.Count == 0 && within is not null)
        {
            // An empty default is still a place where something can be put in.
            pieces.Add(new(TemplateSegmentKind.Text, string.Empty, Start, 0, null, within));
        }

        foreach (var part in Parts)
        {
            switch (part)
            {
                case Literal { Text: "$", Length: 2 }:
                    pieces.Add(new(TemplateSegmentKind.Escape, "$", part.Start, part.Length, null, within));
                    break;
                case Literal literal:
                    pieces.Add(new(TemplateSegmentKind.Text, literal.Text, part.Start, part.Length, null, within));
                    break;
                case Variable variable:
                    Expand(variable, environment, pieces);
                    break;
            }
        }
    }

    private static void Expand(Variable variable, IVariableResolver environment, List<TemplateSegment> pieces)
    {
        var value = environment.Find(variable.Name);
        var missing = value is null || (variable.Operator.StartsWith(':') && value.All(p => p.Text.Length == 0));
        switch (variable.Operator)
        {
            case ":-" or "-" when missing:
                variable.Argument!.Expand(environment, pieces, variable.Name);
                break;
            case ":+" or "+" when !missing:
                variable.Argument!.Expand(environment, pieces, null);
                break;
            case ":?" or "?" when missing:
                pieces.Add(new(TemplateSegmentKind.Required, string.Empty, variable.Start, variable.Length, null, variable.Name));
                break;
            case ":+" or "+" when value is null:
                pieces.Add(new(TemplateSegmentKind.Fixed, string.Empty, variable.Start, variable.Length, null, variable.Name));
                break;
            default:
                pieces.AddRange(value ?? [new(TemplateSegmentKind.Unset, string.Empty, variable.Start, variable.Length, null, variable.Name)]);
                break;
        }
    }

    private static ComposeTemplate? TryParse(string text, int start, int depth)
    {
        if (depth > MaxDepth)
        {
            return null;
        }

        List<Part> parts = [];
        var position = 0;
        while (position < text.Length)
        {
            var dollar = text.IndexOf('$', position);
            if (dollar != position)
            {
                var end = dollar < 0 ? text.Length : dollar;
                parts.Add(new Literal(start + position, end - position, text[position..end]));
                position = end;
            }
            else if (text.AsSpan(position).StartsWith("$$"))
            {
                parts.Add(new Literal(start + position, 2, "$"));
                position += 2;
            }
            else if (ParseVariable(text, position, start, depth) is { } variable)
            {
                parts.Add(variable);
                position += variable.Length;
            }
            else
            {
                return null;
            }
        }

        return new(text, start, parts);
    }

    private static Variable? ParseVariable(string text, int dollar, int start, int depth)
    {
        var braced = text.AsSpan(dollar).StartsWith("${");
        var nameStart = dollar + (braced ? 2 : 1);
        var nameEnd = nameStart;
        while (nameEnd < text.Length && (text[nameEnd] == '_' || char.IsAsciiLetter(text[nameEnd]) || (nameEnd > nameStart && char.IsAsciiDigit(text[nameEnd]))))
        {
            nameEnd++;
        }

        if (nameEnd == nameStart)
        {
            return null;
        }

        var name = text[nameStart..nameEnd];
        if (!braced)
        {
            return new(start + dollar, nameEnd - dollar, name, string.Empty, null);
        }

        var close = ClosingBrace(text, dollar + 1);
        if (close < 0)
        {
            return null;
        }

        var operation = s_operators.FirstOrDefault(o => text.AsSpan(nameEnd).StartsWith(o)) ?? string.Empty;
        var argumentStart = nameEnd + operation.Length;
        if (operation.Length == 0)
        {
            return close == nameEnd ? new(start + dollar, close + 1 - dollar, name, operation, null) : null;
        }

        var argument = TryParse(text[argumentStart..close], start + argumentStart, depth + 1);
        return argument is null ? null : new(start + dollar, close + 1 - dollar, name, operation, argument);
    }

    private static int ClosingBrace(string text, int open)
    {
        var depth = 0;
        for (var i = open; i < text.Length; i++)
        {
            depth += text[i] switch { '{' => 1, '}' => -1, _ => 0 };
            if (depth == 0)
            {
                return i;
            }
        }

        return -1;
    }

    private sealed class NoVariables : IVariableResolver
    {
        public static NoVariables Instance { get; } = new();

        public IReadOnlyList<TemplateSegment>? Find(string name) => null;
    }

    private abstract record Part(int Start, int Length);

    private sealed record Literal(int Start, int Length, string Text) : Part(Start, Length);

    private sealed record Variable(int Start, int Length, string Name, string Operator, ComposeTemplate? Argument) : Part(Start, Length);
}

namespace LettaPS.Core.Compose.Model;

/// <summary>How a piece of an expanded text came about.</summary>
internal enum TemplateSegmentKind
{
    /// <summary>It stands in the text itself, or in an assignment of an env file.</summary>
    Text,

    /// <summary>It is a dollar sign, written twice.</summary>
    Escape,

    /// <summary>It is the value of a variable of this process.</summary>
    Environment,

    /// <summary>It is nothing, since the variable has no value.</summary>
    Unset,

    /// <summary>Compose stops here: the variable is required and has no value.</summary>
    Required,

    /// <summary>It cannot be edited where it stands.</summary>
    Fixed,
}

/// <summary>A piece of an expanded text and where it comes from.</summary>
/// <param name="Kind">How it came about.</param>
/// <param name="Text">What it says.</param>
/// <param name="Start">Where it stands: an offset in the template, or in the text of the env file where <paramref name="Assignment"/> is set.</param>
/// <param name="Length">How long it is there: for <see cref="TemplateSegmentKind.Text"/> as long as it is here, else the whole expression.</param>
/// <param name="Assignment">The assignment of an env file that it comes from; <see langword="null"/> where it stands in the template.</param>
/// <param name="Variable">The variable that brought it; <see langword="null"/> where none.</param>
internal sealed record TemplateSegment(TemplateSegmentKind Kind, string Text, int Start, int Length, EnvAssignment? Assignment, string? Variable);

/// <summary>A text with its variables put in.</summary>
/// <param name="Pieces">Its pieces in order.</param>
internal sealed record ExpandedTemplate(IReadOnlyList<TemplateSegment> Pieces)
{
    /// <summary>What it says.</summary>
    public string Text { get; } = string.Concat(Pieces.Select(p => p.Text));

    /// <summary>The variable without which compose does nothing at all; <see langword="null"/> where all are there.</summary>
    public string? MissingVariable => Pieces.FirstOrDefault(p => p.Kind == TemplateSegmentKind.Required)?.Variable;

    /// <summary>The one piece that a range of the text stands in, and where in it.</summary>
    /// <param name="start">Where the range begins.</param>
    /// <param name="end">Where it ends.</param>
    /// <returns>The piece, or <see langword="null"/> where the range is put together from several.</returns>
    /// <remarks>For an empty range: a variable that brings nothing there, else the piece that ends there.</remarks>
    public (TemplateSegment TemplateSegment, int Offset)? Locate(int start, int end)
    {
        (TemplateSegment, int)? found = null;
        var from = 0;
        foreach (var piece in Pieces)
        {
            var to = from + piece.Text.Length;
            if (from <= start && end <= to)
            {
                if (start == end && from == to)
                {
                    return (piece, 0);
                }

                found ??= (piece, start - from);
            }

            from = to;
        }

        return found;
    }
}

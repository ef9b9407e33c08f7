using LettaPS.Core.IO;

namespace LettaPS.Core.Compose.Yaml;

/// <summary>Changes what a scalar says by changing as little of the text as will do.</summary>
internal static class YamlScalarEditor
{
    /// <summary>Changes the value of one scalar.</summary>
    /// <param name="source">The text.</param>
    /// <param name="yaml">What the reader made of it.</param>
    /// <param name="value">What it is to say: no white space, quotes or anything else that YAML has a meaning for at that place.</param>
    /// <param name="reader">Proves the result.</param>
    /// <returns>The new text: read again it says the same as before but for that value.</returns>
    /// <exception cref="LettaException"><c>PinNotSupported</c>: no way of changing it could be proved.</exception>
    public static TextFile Change(TextFile source, YamlText yaml, YamlScalar scalar, string value, IYamlReader reader)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(yaml);
        ArgumentNullException.ThrowIfNull(scalar);
        ArgumentNullException.ThrowIfNull(value);
        ArgumentNullException.ThrowIfNull(reader);
        foreach (var (start, length, replacement) in Candidates(source.Text, scalar, value))
        {
            var changed = source.WithText(string.Concat(source.Text.AsSpan(0, start), replacement, source.Text.AsSpan(start + length)));
            if (IsProved(changed))
            {
                return changed;
            }
        }

        throw new LettaException(
            ErrorIds.PinNotSupported,
            LettaErrorKind.Refused,
            $"Line {scalar.Line} of '{source.Path}' is written in a way in which its value cannot be changed safely.",
            "Write the image on one line without escapes, and try again.",
            source.Path);

        bool IsProved(TextFile changed)
        {
            try
            {
                return reader.Read(changed.Text, changed.Path).DiffersOnlyIn(yaml, scalar.Token, value);
            }
            catch (LettaException)
            {
                // This way breaks the YAML: not proved.
                return false;
            }
        }
    }

    /// <summary>Ways of changing the value, the one that touches least first.</summary>
    private static IEnumerable<(int Start, int Length, string Replacement)> Candidates(string text, YamlScalar scalar, string value)
    {
        // What differs, as a part of the old and of the new value.
        var old = scalar.Value;
        var prefix = old.AsSpan().CommonPrefixLength(value);
        var suffix = 0;
        while (suffix < Math.Min(old.Length, value.Length) - prefix && old[^(suffix + 1)] == value[^(suffix + 1)])
        {
            suffix++;
        }

        // The whole value where it stands there as it is; else ever less of it, since an escape or a fold may be anywhere around what differs.
        for (var from = 0; from <= prefix; from++)
        {
            for (var to = old.Length; to >= old.Length - suffix; to--)
            {
                if (to == from)
                {
                    continue;
                }

                var replacement = value[from..(value.Length - (old.Length - to))];
                for (var at = Next(scalar.Start); at >= 0; at = Next(at + 1))
                {
                    yield return (at, to - from, replacement);
                }

                int Next(int position) => position >= scalar.End
                    ? -1
                    : text.IndexOf(old[from..to], position, scalar.End - position, StringComparison.Ordinal);
            }
        }

        // What differs is itself written with escapes: the whole between the quotes.
        foreach (var quote in "\"'")
        {
            var open = text.IndexOf(quote, scalar.Start, scalar.End - scalar.Start);
            if (open >= 0)
            {
                yield return (open, scalar.End - open, quote + value + quote);
            }
        }
    }
}

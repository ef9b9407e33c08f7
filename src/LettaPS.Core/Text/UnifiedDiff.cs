using System.Globalization;
using System.Text;

namespace LettaPS.Core.Text;

/// <summary>Unified diffs of texts of which few lines were changed.</summary>
internal static class UnifiedDiff
{
    /// <summary>Lines that diff and git show around what changed.</summary>
    public const int UsualContext = 3;

    /// <summary>Makes the diff of two texts.</summary>
    /// <param name="path">Name of the file, for the heading.</param>
    /// <param name="before">The older text.</param>
    /// <param name="after">The newer text.</param>
    /// <param name="context">Lines to show around what changed.</param>
    /// <returns>The diff, without a line end after its last line; empty where the texts are equal.</returns>
    public static string Make(string path, string before, string after, int context = UsualContext)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        var (old, @new) = (Lines(before), Lines(after));
        var hunks = Hunks(old, @new);
        if (hunks.Count == 0)
        {
            return string.Empty;
        }

        var diff = new StringBuilder().Append("--- ").Append(path).Append('\n').Append("+++ ").Append(path);
        foreach (var group in Grouped(hunks, context))
        {
            var (first, last) = (group[0], group[^1]);
            var oldFrom = Math.Max(0, first.Old - context);
            var oldTo = Math.Min(old.Length, last.Old + last.OldCount + context);
            var newFrom = first.New - (first.Old - oldFrom);
            var newTo = last.New + last.NewCount + (oldTo - last.Old - last.OldCount);
            diff.Append(CultureInfo.InvariantCulture, $"\n@@ -{Range(oldFrom, oldTo)} +{Range(newFrom, newTo)} @@");
            var position = oldFrom;
            foreach (var hunk in group)
            {
                Append(' ', old[position..hunk.Old]);
                Append('-', old[hunk.Old..(hunk.Old + hunk.OldCount)]);
                Append('+', @new[hunk.New..(hunk.New + hunk.NewCount)]);
                position = hunk.Old + hunk.OldCount;
            }

            Append(' ', old[position..oldTo]);
        }

        return diff.ToString();

        void Append(char sign, string[] lines)
        {
            foreach (var line in lines)
            {
                diff.Append('\n').Append(sign).Append(line.TrimEnd('\n'));
                if (!line.EndsWith('\n'))
                {
                    diff.Append("\n\\ No newline at end of file");
                }
            }
        }
    }

    private static string Range(int from, int to) => to == from ? $"{from},0" : $"{from + 1},{to - from}";

    /// <summary>The lines of a text, each with its line end.</summary>
    private static string[] Lines(string text)
    {
        List<string> lines = [];
        for (var position = 0; position < text.Length;)
        {
            var end = text.IndexOf('\n', position) is >= 0 and var found ? found + 1 : text.Length;
            lines.Add(text[position..end]);
            position = end;
        }

        return [.. lines];
    }

    /// <summary>What differs. A difference ends at the nearest pair of equal lines, which is exact where few lines were changed.</summary>
    private static List<Hunk> Hunks(string[] old, string[] @new)
    {
        List<Hunk> hunks = [];
        var (i, j) = (0, 0);
        while (i < old.Length || j < @new.Length)
        {
            if (i < old.Length && j < @new.Length && old[i] == @new[j])
            {
                (i, j) = (i + 1, j + 1);
                continue;
            }

            var (di, dj) = Resynchronise(old.AsSpan(i), @new.AsSpan(j));
            hunks.Add(new(i, di, j, dj));
            (i, j) = (i + di, j + dj);
        }

        return hunks;
    }

    private static (int Old, int New) Resynchronise(ReadOnlySpan<string> old, ReadOnlySpan<string> @new)
    {
        for (var distance = 1; distance < old.Length + @new.Length; distance++)
        {
            for (var skipOld = Math.Max(0, distance - @new.Length); skipOld <= Math.Min(distance, old.Length); skipOld++)
            {
                var skipNew = distance - skipOld;
                if (skipOld < old.Length && skipNew < @new.Length && old[skipOld] == @new[skipNew])
                {
                    return (skipOld, skipNew);
                }
            }
        }

        return (old.Length, @new.Length);
    }

    /// <summary>Differences so near to each other that they are shown together.</summary>
    private static List<List<Hunk>> Grouped(List<Hunk> hunks, int context)
    {
        List<List<Hunk>> groups = [[hunks[0]]];
        foreach (var hunk in hunks.Skip(1))
        {
            var last = groups[^1][^1];
            if (hunk.Old - (last.Old + last.OldCount) <= 2 * context)
            {
                groups[^1].Add(hunk);
            }
            else
            {
                groups.Add([hunk]);
            }
        }

        return groups;
    }

    private readonly record struct Hunk(int Old, int OldCount, int New, int NewCount);
}

using System.Globalization;

namespace LettaPS.Adapters.Tests.Compose;

/// <summary>Applies a unified diff as patch does, and insists on every line of it.</summary>
internal static class Patch
{
    public static string Apply(string text, string diff)
    {
        var old = Lines(text);
        List<string> result = [];
        var position = 0;
        var rows = diff.Split('\n');
        for (var i = 2; i < rows.Length; i++)
        {
            if (rows[i].StartsWith("@@ -", StringComparison.Ordinal))
            {
                var range = rows[i].Split(' ')[1][1..].Split(',');
                var from = int.Parse(range[0], CultureInfo.InvariantCulture) - (range[1] == "0" ? 0 : 1);
                result.AddRange(old[position..from]);
                position = from;
                continue;
            }

            var last = i + 1 < rows.Length && rows[i + 1].StartsWith('\\');
            var line = rows[i][1..] + (last ? "" : "\n");
            if (rows[i][0] is ' ' or '-')
            {
                Assert.Equal(old[position++], line);
            }

            if (rows[i][0] is ' ' or '+')
            {
                result.Add(line);
            }

            i += last ? 1 : 0;
        }

        return string.Concat(result.Concat(old[position..]));
    }

    private static string[] Lines(string text) => [.. text.Split('\n').Select((l, i) => i).Zip(text.Split('\n'), (i, l) => i < text.Count(c => c == '\n') ? l + "\n" : l).Where(l => l.Length > 0)];
}

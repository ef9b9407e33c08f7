using System.Text;

namespace LettaPS.Core.Compose.Model;

/// <summary>The commands that a shell script would run: without comments, quotes undone, here-documents left out.</summary>
/// <remarks>
/// It is no shell: variables stay as they are written, and both branches of a condition count. What comes after an <c>exec</c> or <c>exit</c> that stands by
/// itself is not run and so not in it.
/// </remarks>
internal static class ShellScript
{
    /// <summary>Words that may stand before a command without being one.</summary>
    private static readonly string[] s_keywords = ["if", "then", "else", "elif", "while", "until", "do", "!", "{", "(", "time"];

    private static readonly string[] s_blockStarts = ["if", "while", "until", "for", "case", "{", "("];
    private static readonly string[] s_blockEnds = ["fi", "done", "esac", "}", ")"];

    /// <summary>Reads a script.</summary>
    /// <returns>The words of each command, in order.</returns>
    public static IReadOnlyList<IReadOnlyList<string>> Commands(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<IReadOnlyList<string>> commands = [];
        var depth = 0;
        var skipped = false;
        foreach (var (words, separator) in new Reader(text).Read())
        {
            var rest = words.AsEnumerable();
            foreach (var word in words)
            {
                if (s_blockStarts.Contains(word))
                {
                    depth++;
                }
                else if (s_blockEnds.Contains(word))
                {
                    depth = Math.Max(0, depth - 1);
                }
                else if (!s_keywords.Contains(word))
                {
                    break;
                }

                rest = rest.Skip(1);
            }

            string[] command = [.. rest];
            if (command.Length > 0 && !skipped)
            {
                commands.Add(command);
            }

            // 'false && x' and 'true || x' never run x.
            skipped = command.Length > 0 && ((command[0] is "false" && separator == "&&") || (command[0] is "true" or ":" && separator == "||"));
            if (depth == 0 && command is ["exit", ..] or ["exec", not ['-', ..] and not ['<', ..] and not ['>', ..], ..] && separator is not ("&&" or "||") && !IsRedirection(command))
            {
                break;
            }
        }

        return commands;
    }

    /// <summary>Splits a command line into words as a shell does.</summary>
    public static IReadOnlyList<string> Split(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        return [.. new Reader(line).Read().SelectMany(c => c.Words)];
    }

    /// <summary>Whether an <c>exec</c> only opens or closes files: <c>exec 3&lt;&amp;0</c>, <c>exec &gt;log</c>.</summary>
    private static bool IsRedirection(string[] command) => command.Length > 1 && command.Skip(1).All(w => w.Length > 0 && (w.Contains('<', StringComparison.Ordinal) || w.Contains('>', StringComparison.Ordinal)));

    private sealed class Reader(string text)
    {
        private readonly Queue<(string End, bool Indented)> _documents = [];
        private int _position;

        public IEnumerable<(IReadOnlyList<string> Words, string Separator)> Read()
        {
            List<string> words = [];
            StringBuilder? word = null;
            while (_position < text.Length)
            {
                var c = text[_position];
                switch (c)
                {
                    case '#' when word is null:
                        SkipTo('\n');
                        continue;
                    case '\\' when _position + 1 < text.Length:
                        // A backslash before a line end joins the lines.
                        if (text[_position + 1] == '\r' && _position + 2 < text.Length)
                        {
                            _position++;
                        }

                        if (text[_position + 1] != '\n')
                        {
                            (word ??= new()).Append(text[_position + 1]);
                        }

                        _position += 2;
                        continue;
                    case '\'':
                    case '"':
                        (word ??= new()).Append(Quoted(c));
                        continue;
                    case '<' when text.AsSpan(_position).StartsWith("<<") && !text.AsSpan(_position).StartsWith("<<<"):
                        End();
                        HereDocument();
                        continue;
                    case ' ' or '\t' or '\r':
                        End();
                        _position++;
                        continue;
                    case '\n' or ';' or '&' or '|' or '(' or ')':
                        // '2>&1' and '>&2' are no ends of commands.
                        if (c == '&' && word is { Length: > 0 } && word[^1] is '>' or '<')
                        {
                            word!.Append(c);
                            _position++;
                            continue;
                        }

                        End();
                        var separator = text.AsSpan(_position).StartsWith("&&") ? "&&" : text.AsSpan(_position).StartsWith("||") ? "||" : c.ToString();
                        _position += separator.Length;
                        if (c == ')' || c == '(')
                        {
                            words.Add(separator);
                            if (c == '(')
                            {
                                continue;
                            }
                        }

                        yield return (words, separator);
                        words = [];
                        if (c == '\n')
                        {
                            SkipHereDocuments();
                        }

                        continue;
                    default:
                        (word ??= new()).Append(c);
                        _position++;
                        continue;
                }
            }

            End();
            yield return (words, "\n");

            void End()
            {
                if (word is not null)
                {
                    words.Add(word.ToString());
                    word = null;
                }
            }
        }

        private string Quoted(char quote)
        {
            var value = new StringBuilder();
            for (_position++; _position < text.Length && text[_position] != quote; _position++)
            {
                if (quote == '"' && text[_position] == '\\' && _position + 1 < text.Length && text[_position + 1] is '"' or '\\' or '$' or '`' or '\n')
                {
                    _position++;
                }

                value.Append(text[_position]);
            }

            _position++;
            return value.ToString();
        }

        private void HereDocument()
        {
            _position += 2;
            var indented = _position < text.Length && text[_position] == '-';
            _position += indented ? 1 : 0;
            while (_position < text.Length && text[_position] is ' ' or '\t')
            {
                _position++;
            }

            var start = _position;
            while (_position < text.Length && !char.IsWhiteSpace(text[_position]) && text[_position] is not (';' or '&' or '|' or ')' or '>' or '<'))
            {
                _position++;
            }

            _documents.Enqueue((text[start.._position].Trim('\'', '"', '\\'), indented));
        }

        private void SkipHereDocuments()
        {
            while (_documents.TryDequeue(out var document))
            {
                while (_position < text.Length)
                {
                    var start = _position;
                    SkipTo('\n');
                    var line = text[start.._position].TrimEnd('\r');
                    _position = Math.Min(text.Length, _position + 1);
                    if ((document.Indented ? line.TrimStart('\t') : line) == document.End)
                    {
                        break;
                    }
                }
            }
        }

        private void SkipTo(char end)
        {
            var at = text.IndexOf(end, _position);
            _position = at < 0 ? text.Length : at;
        }
    }
}

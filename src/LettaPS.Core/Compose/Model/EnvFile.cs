using System.Text;
using LettaPS.Core.IO;

namespace LettaPS.Core.Compose.Model;

/// <summary>An assignment of an env file.</summary>
/// <param name="Name">The variable.</param>
/// <param name="Line">1-based line.</param>
/// <param name="Start">Offset of the value in the file's text, behind its quote where it has one.</param>
/// <param name="Length">Length of the value in the file's text.</param>
/// <param name="Value">The value before its own variables are put in; <see langword="null"/> where the line has only a name.</param>
/// <param name="IsLiteral">Whether it is in single quotes, so that dollar signs mean themselves.</param>
internal sealed record EnvAssignment(TextFile File, string Name, int Line, int Start, int Length, string? Value, bool IsLiteral)
{
    /// <summary>Whether the value stands in the file as it is, without escapes.</summary>
    public bool IsVerbatim => File.Text.AsSpan(Start, Length).SequenceEqual(Value);
}

/// <summary>The assignments of an env file such as <c>.env</c>, as compose reads them.</summary>
/// <remarks>
/// <c>NAME=value</c> or <c>NAME: value</c>, <c>export</c> before it, comments from <c>#</c> at a line's beginning or behind a space, values in
/// single quotes as they are, in double quotes with escapes and over several lines. Of two assignments of a name the later counts.
/// </remarks>
internal static class EnvFile
{
    /// <summary>Reads the assignments of a file.</summary>
    /// <exception cref="LettaException"><c>InvalidEnvFile</c>: compose would refuse the file. The message names the line and not what it says.</exception>
    public static IReadOnlyList<EnvAssignment> Parse(TextFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        return [.. new Reader(file).Read()];
    }

    private sealed class Reader(TextFile file)
    {
        private readonly string _text = file.Text;
        private int _position;
        private int _line = 1;

        public IEnumerable<EnvAssignment> Read()
        {
            while (true)
            {
                SkipWhile(char.IsWhiteSpace);
                if (_position == _text.Length)
                {
                    yield break;
                }

                if (_text[_position] == '#')
                {
                    SkipWhile(c => c != '\n');
                    continue;
                }

                yield return Assignment();
            }
        }

        private EnvAssignment Assignment()
        {
            var line = _line;
            if (_text.AsSpan(_position).StartsWith("export") && _position + 6 < _text.Length && IsBlank(_text[_position + 6]))
            {
                _position += 6;
                SkipWhile(IsBlank);
            }

            var nameStart = _position;
            SkipWhile(c => IsBlank(c) || char.IsLetterOrDigit(c) || c is '_' or '.' or '-' or '[' or ']');
            var name = _text[nameStart.._position].TrimEnd();
            if (name.Length == 0 || name.Contains(' ', StringComparison.Ordinal))
            {
                throw Invalid(line, "has no valid name of a variable");
            }

            if (_position < _text.Length && _text[_position] == '\n')
            {
                return new(file, name, line, _position, 0, null, IsLiteral: false);
            }

            // A name at the very end without a line end is refused too, as compose does.
            if (_position == _text.Length || _text[_position] is not ('=' or ':'))
            {
                throw Invalid(line, "has no valid name of a variable");
            }

            _position++;
            SkipWhile(IsBlank);
            return _position < _text.Length && _text[_position] is '"' or '\'' ? Quoted(name, line) : Unquoted(name, line);
        }

        private EnvAssignment Unquoted(string name, int line)
        {
            var start = _position;
            SkipWhile(c => c != '\n');
            var value = _text.AsSpan(start, _position - start);
            var comment = value.IndexOf(" #");
            value = (comment < 0 ? value : value[..comment]).TrimEnd();
            return new(file, name, line, start, value.Length, value.ToString(), IsLiteral: false);
        }

        private EnvAssignment Quoted(string name, int line)
        {
            var quote = _text[_position++];
            var start = _position;
            var value = new StringBuilder();
            while (_position < _text.Length && _text[_position] != quote)
            {
                if (_text[_position] == '\\' && _position + 1 < _text.Length)
                {
                    // In both kinds of quotes a backslash before the quote makes it a part of the value.
                    _position++;
                    value.Append(_text[_position] == quote ? quote : quote == '"' ? Unescape() : "\\" + _text[_position]);
                }
                else
                {
                    value.Append(_text[_position]);
                }

                _position++;
            }

            if (_position == _text.Length)
            {
                throw Invalid(line, "has a quote that is not closed");
            }

            var length = _position++ - start;
            _line += _text.AsSpan(start, length).Count('\n');
            return new(file, name, line, start, length, value.ToString(), IsLiteral: quote == '\'');
        }

        /// <summary>What the escape means whose second character is at the position.</summary>
        private string Unescape() => _text[_position] switch
        {
            'a' => "\a",
            'b' => "\b",
            'f' => "\f",
            'n' => "\n",
            'r' => "\r",
            't' => "\t",
            'v' => "\v",
            '\\' => "\\",
            '$' => "$$",
            var other => "\\" + other,
        };

        private void SkipWhile(Func<char, bool> condition)
        {
            for (; _position < _text.Length && condition(_text[_position]); _position++)
            {
                _line += _text[_position] == '\n' ? 1 : 0;
            }
        }

        private static bool IsBlank(char c) => c != '\n' && char.IsWhiteSpace(c);

        private LettaException Invalid(int line, string what) => new(
            ErrorIds.InvalidEnvFile,
            LettaErrorKind.InvalidData,
            $"Line {line} of '{file.Path}' {what}.",
            "Compose refuses such a file too; mend the line.",
            file.Path);
    }
}

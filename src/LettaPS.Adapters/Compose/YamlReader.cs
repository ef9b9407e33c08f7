using LettaPS.Core.Compose.Yaml;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace LettaPS.Adapters.Compose;

/// <summary>YAML read by YamlDotNet's event parser, which tells where everything stands and does not recurse.</summary>
internal sealed class YamlReader : IYamlReader
{
    /// <summary>Deeper nesting is refused: no compose file has it, and whoever walks the tree would need that much stack.</summary>
    private const int MaxDepth = 200;

    /// <inheritdoc/>
    public YamlText Read(string text, string path)
    {
        var builder = new Builder(text);
        try
        {
            return builder.Build();
        }
        catch (YamlException e)
        {
            throw Invalid(text, path, e, e.Start, e.Message);
        }
        catch (InvalidOperationException e)
        {
            // YamlDotNet's way of refusing a plain scalar in a flow mapping or list that is not indented enough, which go-yaml lets pass.
            throw Invalid(text, path, e, builder.Position, "what follows is not indented more than what it belongs to");
        }
    }

    private static LettaException Invalid(string text, string path, Exception cause, Mark at, string detail)
    {
        var line = WrongLine(text.Split('\n'), (int)at.Line, detail);
        var place = line == (int)at.Line ? $"line {at.Line}, column {at.Column}" : $"line {line}";
        return new(
            ErrorIds.InvalidYaml,
            LettaErrorKind.InvalidData,
            $"'{path}' is not YAML: {place}: {detail.TrimEnd('.')}.",
            $"Correct line {line}, then check the file: docker compose --file '{path}' config --quiet",
            path,
            cause);
    }

    /// <summary>The line that is wrong: the parser notices a missing colon only at the next key, and a tab only at the end of the text before it.</summary>
    private static int WrongLine(string[] lines, int noticed, string detail)
    {
        if (detail.Contains("tab", StringComparison.OrdinalIgnoreCase))
        {
            for (var i = noticed; i <= lines.Length && i >= 1; i++)
            {
                if (lines[i - 1].AsSpan(0, lines[i - 1].Length - lines[i - 1].AsSpan().TrimStart().Length).Contains('\t'))
                {
                    return i;
                }
            }
        }

        if (noticed < 2 || noticed > lines.Length)
        {
            return noticed;
        }

        var before = noticed - 1;
        while (before > 1 && lines[before - 1].TrimStart() is "" or "\r" or ['#', ..])
        {
            before--;
        }

        var text = lines[before - 1].Trim();
        var isKey = text.EndsWith(':') || text.Contains(": ", StringComparison.Ordinal) || text.StartsWith("- ", StringComparison.Ordinal) || text is "" or "-" or "---";
        return !isKey && Indentation(lines[before - 1]) == Indentation(lines[noticed - 1]) ? before : noticed;
    }

    private static int Indentation(string line) => line.Length - line.TrimStart(' ').Length;

    private sealed class Builder(string text)
    {
        private readonly Parser _parser = new(new PeekingScanner(new Scanner(new StringReader(text), skipComments: true)));
        private readonly List<YamlToken> _tokens = [];
        private readonly Dictionary<AnchorName, YamlNode> _anchors = [];

        /// <summary>How far the text has been read.</summary>
        public Mark Position => _parser.Current?.End ?? Mark.Empty;

        public YamlText Build()
        {
            List<YamlNode> documents = [];
            while (_parser.MoveNext())
            {
                if (_parser.Current is DocumentStart)
                {
                    _anchors.Clear();
                    _tokens.Add(new("document", null, null, null));
                    _parser.MoveNext();
                    documents.Add(Node(0));
                }
            }

            return new(documents, _tokens);
        }

        private YamlNode Node(int depth)
        {
            var current = _parser.Current!;
            if (depth > MaxDepth)
            {
                throw new YamlException(current.Start, current.End, $"nested deeper than {MaxDepth} levels");
            }

            var (start, end, line) = ((int)current.Start.Index, (int)current.End.Index, (int)current.Start.Line);
            switch (current)
            {
                case AnchorAlias alias:
                    _tokens.Add(new("alias", alias.Value.Value, null, null));
                    return _anchors.GetValueOrDefault(alias.Value)
                        ?? throw new YamlException(alias.Start, alias.End, $"there is no anchor '{alias.Value}' before this alias");

                case Scalar scalar:
                    var tag = Tag(scalar);
                    var leaf = new YamlScalar(start, end, line, tag, scalar.Value, scalar.Style == ScalarStyle.Plain, _tokens.Count);
                    _tokens.Add(new($"{scalar.Style} scalar", Anchor(scalar), tag, scalar.Value));
                    return Anchored(scalar, leaf);

                case SequenceStart sequence:
                    List<YamlNode> items = [];
                    var list = Anchored(sequence, new YamlSequence(start, end, line, Tag(sequence), items));
                    _tokens.Add(new($"{sequence.Style} sequence", Anchor(sequence), Tag(sequence), null));
                    while (_parser.MoveNext() && _parser.Current is not SequenceEnd)
                    {
                        items.Add(Node(depth + 1));
                    }

                    _tokens.Add(new("end", null, null, null));
                    return list;

                case MappingStart mapping:
                    List<KeyValuePair<YamlNode, YamlNode>> entries = [];
                    HashSet<string> keys = [];
                    var map = Anchored(mapping, new YamlMapping(start, end, line, Tag(mapping), entries));
                    _tokens.Add(new($"{mapping.Style} mapping", Anchor(mapping), Tag(mapping), null));
                    while (_parser.MoveNext() && _parser.Current is not MappingEnd)
                    {
                        var (from, to) = (_parser.Current!.Start, _parser.Current.End);
                        var key = Node(depth + 1);
                        if (key is YamlScalar { Value: var name } && !keys.Add(name))
                        {
                            throw new YamlException(from, to, $"the key '{name}' is there twice");
                        }

                        _parser.MoveNext();
                        entries.Add(new(key, Node(depth + 1)));
                    }

                    _tokens.Add(new("end", null, null, null));
                    return map;

                default:
                    throw new YamlException(current.Start, current.End, $"unexpected {current.GetType().Name}");
            }
        }

        private T Anchored<T>(NodeEvent at, T node)
            where T : YamlNode
        {
            if (!at.Anchor.IsEmpty)
            {
                _anchors[at.Anchor] = node;
            }

            return node;
        }

        private static string? Anchor(NodeEvent node) => node.Anchor.IsEmpty ? null : node.Anchor.Value;

        private static string? Tag(NodeEvent node) => node.Tag.IsEmpty ? null : node.Tag.Value;
    }
}

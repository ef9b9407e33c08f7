using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace LettaPS.TestKit;

/// <summary>
/// Files that are damaged at random: how many is said by LETTAPS_FUZZ (a nightly run takes 10,000 and more), the first by LETTAPS_FUZZ_FROM. Each can be made again
/// from its number.
/// </summary>
public static class Fuzz
{
    private static readonly byte[][] s_tokens =
    [
        .. ((string[])["{", "}", "[", "]", "\"", ":", ",", "null", "-1", "1e999", "\\u0000", "\\ud800", "\n", "\r", "\t", "&a ", "*a", "<<: ", "!!binary ", "${", "}", "$", "#", "|", ">", "---\n", "%YAML", "services:", "\uFEFF"]).Select(Encoding.UTF8.GetBytes),
        [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0],
    ];

    /// <summary>The numbers of the files to try.</summary>
    /// <param name="usual">How many where LETTAPS_FUZZ is not set.</param>
    public static IEnumerable<int> Seeds(int usual) => Enumerable.Range(Number("LETTAPS_FUZZ_FROM", 0), Number("LETTAPS_FUZZ", usual));

    private static int Number(string variable, int usual) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } said ? int.Parse(said, CultureInfo.InvariantCulture) : usual;

    /// <summary>Damages bytes: some are changed, removed, repeated, moved, or replaced by what means something in JSON or YAML.</summary>
    /// <param name="random">Where chance comes from.</param>
    /// <param name="sound">The bytes, which stay as they are.</param>
    public static byte[] Bytes(Random random, byte[] sound)
    {
        ArgumentNullException.ThrowIfNull(random);
        var bytes = new List<byte>(sound);
        for (var i = random.Next(1, 6); i > 0 && bytes.Count > 0; i--)
        {
            var at = random.Next(bytes.Count);
            var length = Math.Min(random.Next(1, 1 << random.Next(1, 12)), bytes.Count - at);
            switch (random.Next(7))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes.RemoveRange(at, length);
                    break;
                case 2:
                    bytes.InsertRange(at, bytes.GetRange(at, length));
                    break;
                case 3:
                    bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, length));
                    break;
                case 4:
                    bytes.InsertRange(at, s_tokens[random.Next(s_tokens.Length)]);
                    break;
                case 5:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                default:
                    // Deeper than anybody nests.
                    bytes.InsertRange(at, Encoding.UTF8.GetBytes(new string(random.Next(2) == 0 ? '[' : '{', random.Next(1, 5000))));
                    break;
            }
        }

        return [.. bytes];
    }

    /// <summary>Damages JSON without breaking its syntax: values are removed, exchanged, or of another type.</summary>
    /// <param name="random">Where chance comes from.</param>
    /// <param name="sound">The document, which stays as it is.</param>
    public static byte[] Json(Random random, byte[] sound)
    {
        ArgumentNullException.ThrowIfNull(random);
        var root = JsonNode.Parse(sound)!;
        for (var i = random.Next(1, 6); i > 0; i--)
        {
            var node = root;
            while (Children(node) is { Count: > 0 } children && (node == root || random.Next(4) > 0))
            {
                node = children[random.Next(children.Count)];
                if (node is null)
                {
                    break;
                }
            }

            if (node?.Parent is JsonObject holder)
            {
                var name = node.GetPropertyName();
                if (random.Next(4) == 0)
                {
                    holder.Remove(name);
                }
                else
                {
                    holder[name] = Value(random, root);
                }
            }
            else if (node?.Parent is JsonArray list)
            {
                list[node.GetElementIndex()] = Value(random, root);
            }
        }

        return Encoding.UTF8.GetBytes(root.ToJsonString());
    }

    private static List<JsonNode?> Children(JsonNode? node) => node switch
    {
        JsonObject o => [.. o.Select(p => p.Value)],
        JsonArray a => [.. a],
        _ => [],
    };

    private static JsonNode? Value(Random random, JsonNode root) => random.Next(10) switch
    {
        0 => null,
        1 => true,
        2 => -1,
        3 => double.MaxValue,
        4 => string.Empty,
        5 => "\0\u202E```\n<script>../../etc/passwd",
        6 => new JsonArray(),
        7 => new JsonObject(),
        8 => new JsonArray(1, "a", null, new JsonObject()),
        _ => Children(root) is { Count: > 0 } children ? children[random.Next(children.Count)]?.DeepClone() : null,
    };
}

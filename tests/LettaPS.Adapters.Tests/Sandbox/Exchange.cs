using System.IO.Compression;
using System.Text.Json;

namespace LettaPS.Adapters.Tests.Sandbox;

/// <summary>A request to a real server and its answer; texts of more than 200 characters are replaced by marks.</summary>
internal sealed record Exchange(
    int Number,
    string Note,
    string Method,
    string Path,
    Dictionary<string, string>? Headers,
    JsonElement? Request,
    int Status,
    string? Type,
    JsonElement Body)
{
    private static readonly Dictionary<string, Lazy<List<Exchange>>> s_recordings =
        new[] { "0.11.3", "0.16.2", "0.16.8" }.ToDictionary(r => r, r => new Lazy<List<Exchange>>(() => Read(r)));

    public static IReadOnlyCollection<string> Releases => s_recordings.Keys;

    /// <summary>The path up to its query.</summary>
    public string Route => Path.Split('?')[0];

    /// <summary>What was recorded of a release, in the order in which it happened.</summary>
    public static List<Exchange> Of(string release) => s_recordings[release].Value;

    public override string ToString() => $"#{Number} {Method} {Path} ({Note})";

    private static List<Exchange> Read(string release)
    {
        using var file = File.OpenRead(Fixtures.Path(release, "http.jsonl.br"));
        using var reader = new StreamReader(new BrotliStream(file, CompressionMode.Decompress));
        List<Exchange> exchanges = [];
        while (reader.ReadLine() is { } line)
        {
            exchanges.Add(JsonSerializer.Deserialize<Exchange>(line, JsonSerializerOptions.Web)! with { Number = exchanges.Count });
        }

        return exchanges;
    }
}

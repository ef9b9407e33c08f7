using System.IO.Compression;
using System.Text.Json;

namespace LettaPS.Core.Tests;

/// <summary>What real servers answered; texts of more than 200 characters are replaced by marks, the same text by the same mark.</summary>
internal static class Fixture
{
    public static JsonElement Export(string release) => Read($"exports/{release}.json.gz");

    public static JsonElement State(string release) => Read($"states/{release}.json.gz");

    public static JsonElement RawMessages(string release) => Read($"messages/{release}.json");

    public static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;

    public static byte[] Bytes(string name)
    {
        using var file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "Fixtures", name));
        using var copy = new MemoryStream();
        if (name.EndsWith(".gz", StringComparison.Ordinal))
        {
            using var gzip = new GZipStream(file, CompressionMode.Decompress);
            gzip.CopyTo(copy);
        }
        else
        {
            file.CopyTo(copy);
        }

        return copy.ToArray();
    }

    private static JsonElement Read(string name) => JsonDocument.Parse(Bytes(name)).RootElement;
}

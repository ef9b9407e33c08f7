using System.Text.Json;
using System.Text.Json.Serialization;

namespace LettaPS.Core.Databases.Swap;

/// <summary>
/// How far a replacement of a database got. It is kept in the comment of the new database, so that it is where the work is, survives this
/// process, and changes together with the names of the databases. It holds facts only: whether the old database is kept or removed is decided by the
/// options of the run that does it.
/// </summary>
internal sealed record SwapMarker
{
    private const string Prefix = "LettaPS ";

    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>The run that works on it. Another run that finishes the work puts its own here first.</summary>
    public string Run { get; init; } = string.Empty;

    /// <summary>What it is filled from: the SHA-256 of a dump, or <c>empty</c>. Two runs with the same source are one job.</summary>
    public required string Source { get; init; }

    /// <summary>How far it got.</summary>
    public required SwapStage Stage { get; init; }

    /// <summary>The containers of servers that were stopped for it and are to be started when it is done.</summary>
    public IReadOnlyList<string> Stopped { get; init; } = [];

    /// <summary>What the old database is called once it is replaced.</summary>
    public required string KeepAs { get; init; }

    /// <summary>The comment that the database had before.</summary>
    public string? Comment { get; init; }

    /// <summary>Reads the comment of a database.</summary>
    /// <returns><see langword="null"/> where it is somebody else's.</returns>
    public static SwapMarker? Parse(string? comment)
    {
        if (comment?.StartsWith(Prefix, StringComparison.Ordinal) is not true)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<SwapMarker>(comment[Prefix.Length..], s_json);
        }
        catch (JsonException)
        {
            // A comment that only begins like one of ours.
            return null;
        }
    }

    /// <summary>The marker as a comment.</summary>
    public string ToComment() => Prefix + JsonSerializer.Serialize(this, s_json);
}

/// <summary>How far a replacement of a database got.</summary>
internal enum SwapStage
{
    /// <summary>The new database is made.</summary>
    Made,

    /// <summary>It is being filled. What is in it is of no use when that is interrupted.</summary>
    Filling,

    /// <summary>It is filled and was compared with its source.</summary>
    Filled,

    /// <summary>It is in the old one's place.</summary>
    InPlace,
}

namespace LettaPS.Core.Health;

/// <summary>What a layer says of one of its checks.</summary>
internal sealed record Finding(string Name, LettaHealthStatus Status, string Message)
{
    /// <summary>What it is based on.</summary>
    public string? Detail { get; init; }

    /// <summary>What to do.</summary>
    public string? Recommendation { get; init; }

    /// <summary>How long it took.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Whether nothing that rests on the layer can be examined any more.</summary>
    public bool Blocks { get; init; }

    /// <summary>Whether nothing else of the server can be examined: it is another product.</summary>
    public bool BlocksEverything { get; init; }

    public static Finding Pass(string name, string message, string? detail = null) => new(name, LettaHealthStatus.Passed, message) { Detail = detail };

    public static Finding Warn(string name, string message, string? recommendation, string? detail = null) =>
        new(name, LettaHealthStatus.Warning, message) { Recommendation = recommendation, Detail = detail };

    public static Finding Fail(string name, string message, string? recommendation, string? detail = null) =>
        new(name, LettaHealthStatus.Failed, message) { Recommendation = recommendation, Detail = detail };

    /// <summary>The failure that all that rests on the layer needs mended first.</summary>
    public static Finding Block(string name, LettaException e) => Fail(name, e.Message, e.RecommendedAction) with { Blocks = true };

    public static Finding Skip(string name, string why) => new(name, LettaHealthStatus.Skipped, why);

    /// <summary>Names in a sentence: the first few, and how many more.</summary>
    public static string Few(IReadOnlyList<string> names)
    {
        const int Shown = 3;
        return string.Join(", ", names.Take(Shown)) + (names.Count > Shown ? $" and {names.Count - Shown} more" : string.Empty);
    }
}

namespace LettaPS.Adapters.Http;

/// <summary>Which failures of a part leave the rest of an agent worth keeping.</summary>
internal static class PartialRead
{
    /// <summary>Most items of an answer that are passed over because nothing can be made of them: an answer with more is nonsense as a whole, or never ends.</summary>
    public const int MaxStrange = 1000;

    /// <summary>
    /// Whether a page ends a list. A page that is shorter than was asked for does, unless it is as long as servers and proxies like to make pages whatever is asked for:
    /// then only the next one tells.
    /// </summary>
    /// <param name="count">How long the page is.</param>
    /// <param name="size">How long a page was asked for.</param>
    public static bool IsLastPage(int count, int size) => count < size && count is not (10 or 20 or 50 or 100 or 200);

    /// <summary>Whether a failure after other pages succeeded leaves those pages worth keeping, with the rest named as missing: any but one of the connection or the password.</summary>
    /// <param name="e">The failure.</param>
    public static bool IsMissable(LettaException e) =>
        e.Kind is LettaErrorKind.ServerFault or LettaErrorKind.InvalidData or LettaErrorKind.InvalidInput or LettaErrorKind.NotFound or LettaErrorKind.Timeout;
}

namespace LettaPS.Adapters.Http;

/// <summary>Which failures of a part leave the rest of an agent worth keeping.</summary>
internal static class PartialRead
{
    /// <summary>Whether a failure after other pages succeeded leaves those pages worth keeping, with the rest named as missing: any but one of the connection or the password.</summary>
    /// <param name="e">The failure.</param>
    public static bool IsMissable(LettaException e) =>
        e.Kind is LettaErrorKind.ServerFault or LettaErrorKind.InvalidData or LettaErrorKind.InvalidInput or LettaErrorKind.NotFound or LettaErrorKind.Timeout;
}

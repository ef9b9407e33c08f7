namespace LettaPS.Adapters.Http;

/// <summary>A failure that may pass by itself.</summary>
/// <param name="failure">What the user is told when it does not.</param>
internal sealed class TransientException(LettaException failure) : Exception(failure.Message, failure)
{
    /// <summary>What the user is told when it does not pass.</summary>
    public LettaException Failure => failure;

    /// <summary>How long the server asks to wait, where it does.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

using LettaPS.Core.Secrets;
using LettaPS.Core.Text;

namespace LettaPS;

/// <summary>What sort of failure a <see cref="LettaException"/> tells of. The cmdlets turn it into a PowerShell error category.</summary>
public enum LettaErrorKind
{
    /// <summary>An argument, a file or a name is not of the form it must have.</summary>
    InvalidInput,

    /// <summary>What was asked for does not exist.</summary>
    NotFound,

    /// <summary>The server, the database or the engine cannot be reached, or broke off.</summary>
    Connection,

    /// <summary>No answer within the time allowed.</summary>
    Timeout,

    /// <summary>The password, the role or the file mode does not allow it.</summary>
    Denied,

    /// <summary>Something with that name or identity is already there.</summary>
    Conflict,

    /// <summary>The other side answered, but not with what the protocol or the format says.</summary>
    InvalidData,

    /// <summary>The server, the database or the engine refused or failed at the request.</summary>
    ServerFault,

    /// <summary>Reading or writing a file failed.</summary>
    Storage,

    /// <summary>The state found does not allow the operation: unsafe, locked, incomplete.</summary>
    Refused,
}

/// <summary>
/// A failure that the user is told of: it has one stable identifier per code path and says what to do.
/// Messages never contain secrets: whatever a server, a program or a file wrote into one is masked here, and rid of control characters.
/// </summary>
public sealed class LettaException : Exception
{
    /// <summary>Makes the failure.</summary>
    /// <param name="errorId">One of the stable identifiers that docs/errors.md lists: <c>AgentNotFound</c>.</param>
    /// <param name="kind">What sort of failure it is.</param>
    /// <param name="message">One or two sentences in the user's words.</param>
    /// <param name="recommendedAction">What the user can do about it.</param>
    /// <param name="target">The thing that failed: an id, a path, an address.</param>
    /// <param name="innerException">The cause.</param>
    public LettaException(
        string errorId,
        LettaErrorKind kind,
        string message,
        string recommendedAction,
        object? target = null,
        Exception? innerException = null)
        : base(UntrustedText.ForConsole(SecretText.Mask(message)), innerException)
    {
        ErrorId = errorId;
        Kind = kind;
        RecommendedAction = recommendedAction;
        Target = target;
    }

    /// <summary>One of the stable identifiers that docs/errors.md lists.</summary>
    public string ErrorId { get; }

    /// <summary>What sort of failure it is.</summary>
    public LettaErrorKind Kind { get; }

    /// <summary>What the user can do about it.</summary>
    public string RecommendedAction { get; }

    /// <summary>The thing that failed, or <see langword="null"/>.</summary>
    public object? Target { get; }

    /// <summary>The server rejected the request or failed at it. The connection to it works, so that other requests may succeed.</summary>
    internal bool IsServerRejection =>
        ErrorId is ErrorIds.ServerFailed or ErrorIds.RequestRefused or ErrorIds.NotFound or ErrorIds.ServerUnavailable or ErrorIds.TooManyRequests;

    /// <summary>There is no container engine, it may not be used, or its settings are wrong.</summary>
    internal bool IsEngineUnavailable => ErrorId is ErrorIds.EngineUnreachable or ErrorIds.EngineAccessDenied or ErrorIds.InvalidEngineConfiguration;
}

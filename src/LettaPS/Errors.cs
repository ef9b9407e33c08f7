using System.Management.Automation;
using LettaPS.Core.Secrets;
using LettaPS.Core.Text;

namespace LettaPS;

/// <summary>Every error record of the module is born here.</summary>
internal static class Errors
{
    /// <summary>Whether PowerShell itself shows the advice below the message, as it does from 7.5 on; there it would be read twice.</summary>
    private static readonly bool s_adviceIsShown = typeof(ErrorRecord).Assembly.GetName().Version >= new Version(7, 5);

    /// <summary>Makes the error record of a failure, with the identifier and the advice that the failure carries.</summary>
    /// <param name="exception">The failure.</param>
    /// <param name="target">What was worked on; where <see langword="null"/>, what the failure itself names.</param>
    public static ErrorRecord ToErrorRecord(this Exception exception, object? target = null) => exception switch
    {
        LettaException letta => Make(letta, letta.ErrorId, Category(letta.Kind), target ?? letta.Target, letta.RecommendedAction),
        UnauthorizedAccessException => Make(exception, ErrorIds.AccessDenied, ErrorCategory.PermissionDenied, target, "Check the owner and the mode of the file or folder: Get-Item <path> | Format-List *"),
        IOException => Make(exception, ErrorIds.StorageFailed, ErrorCategory.WriteError, target, "Check that the disk has room and that the path can be written, then run the command again."),
        _ => Make(exception, ErrorIds.Unexpected, ErrorCategory.NotSpecified, target, "Report this defect of LettaPS with the details: Get-Error"),
    };

    private static ErrorRecord Make(Exception exception, string errorId, ErrorCategory category, object? target, string recommendedAction) => new(exception, errorId, category, target)
    {
        ErrorDetails = new ErrorDetails(s_adviceIsShown ? ToShow(exception) : $"{ToShow(exception)} {recommendedAction}") { RecommendedAction = recommendedAction },
    };

    private static string ToShow(Exception exception) => exception is LettaException ? exception.Message : UntrustedText.ForConsole(SecretText.Mask(exception.Message));

    private static ErrorCategory Category(LettaErrorKind kind) => kind switch
    {
        LettaErrorKind.InvalidInput => ErrorCategory.InvalidArgument,
        LettaErrorKind.NotFound => ErrorCategory.ObjectNotFound,
        LettaErrorKind.Connection => ErrorCategory.ConnectionError,
        LettaErrorKind.Timeout => ErrorCategory.OperationTimeout,
        LettaErrorKind.Denied => ErrorCategory.PermissionDenied,
        LettaErrorKind.Conflict => ErrorCategory.ResourceExists,
        LettaErrorKind.InvalidData => ErrorCategory.InvalidData,
        LettaErrorKind.ServerFault => ErrorCategory.InvalidResult,
        LettaErrorKind.Storage => ErrorCategory.WriteError,
        LettaErrorKind.Refused => ErrorCategory.InvalidOperation,
        _ => ErrorCategory.NotSpecified,
    };
}

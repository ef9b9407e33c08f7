namespace LettaPS.Core.IO;

/// <summary>
/// The boundary around one item of a run: an agent, a message, a file, a folder, a server. Whatever goes wrong with it is one error that names it, and the others
/// go on. Only a cancellation and a full disk end a run.
/// </summary>
internal static class ItemBoundary
{
    /// <summary>ENOSPC, EDQUOT and EROFS of Linux and macOS; ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL and ERROR_DISK_QUOTA_EXCEEDED of Windows.</summary>
    private static readonly HashSet<int> s_diskFull =
        OperatingSystem.IsWindows() ? [unchecked((int)0x80070027), unchecked((int)0x80070070), unchecked((int)0x8007050F)]
        : OperatingSystem.IsMacOS() ? [28, 69, 30]
        : [28, 122, 30];

    /// <summary>Whether a failure would be the same for every other item, or was asked for.</summary>
    public static bool EndsRun(Exception failure) => failure switch
    {
        OperationCanceledException => true,
        // A server that did not answer in time is a failure of its own, although a cancellation is its cause.
        LettaException { InnerException: { } cause } => cause is not OperationCanceledException && EndsRun(cause),
        IOException e => s_diskFull.Contains(e.HResult),
        _ => false,
    };

    /// <summary>The error that names the item.</summary>
    /// <param name="failure">What happened.</param>
    /// <param name="what">What was being done to the item, with its name: <c>The agent 'x' cannot be exported</c>.</param>
    /// <param name="target">The item.</param>
    /// <returns>A failure that says already what it is of, as it is.</returns>
    public static LettaException Error(Exception failure, string what, object? target) => failure as LettaException ?? new LettaException(
        failure is IOException or UnauthorizedAccessException ? ErrorIds.ItemReadFailed : ErrorIds.ItemFailed,
        failure is IOException or UnauthorizedAccessException ? LettaErrorKind.Storage : LettaErrorKind.InvalidData,
        $"{what}: {failure.Message}",
        "Show the details and report them: $Error[0].Exception.InnerException | Format-List * -Force",
        target,
        failure);
}

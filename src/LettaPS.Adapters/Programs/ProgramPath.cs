namespace LettaPS.Adapters.Programs;

/// <summary>
/// Finds programs by the absolute folders of <c>PATH</c> only. The operating system's own search would also take one from the current folder, which may be
/// anybody's: a folder of backups, a download, a cloned repository.
/// </summary>
internal static class ProgramPath
{
    private static readonly string[] s_windowsExtensions = [".exe", ".cmd", ".bat"];

    /// <summary>Finds a program.</summary>
    /// <param name="program">Its name, without folder and extension.</param>
    /// <returns>Its full path, or <see langword="null"/> if no folder of <c>PATH</c> has it.</returns>
    public static string? Find(string program) => Find(program, Environment.GetEnvironmentVariable("PATH"), OperatingSystem.IsWindows());

    /// <summary>Finds a program in given folders.</summary>
    /// <param name="program">Its name, without folder and extension.</param>
    /// <param name="path">The folders, as <c>PATH</c> has them.</param>
    /// <param name="isWindows">Whether a program is known by its extension, and not by the file's mode.</param>
    internal static string? Find(string program, string? path, bool isWindows) =>
        (path ?? string.Empty).Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(folder => folder.Trim('"'))
            .Where(Path.IsPathFullyQualified)
            .SelectMany(folder => isWindows ? s_windowsExtensions.Select(e => Path.Combine(folder, program + e)) : [Path.Combine(folder, program)])
            .FirstOrDefault(file => File.Exists(file) && (isWindows || IsExecutable(file)));

    private static bool IsExecutable(string file)
    {
        const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        return OperatingSystem.IsWindows() || (File.GetUnixFileMode(file) & Executable) != 0;
    }
}

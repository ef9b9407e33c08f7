using System.Diagnostics;
using System.Globalization;
using System.Text;
using LettaPS.Core.LettaCode;

namespace LettaPS.Adapters.LettaCode;

/// <summary>
/// Finds running clients. Letta Code locks no folder, so the processes of this machine are looked at: on Linux with the folder that each uses, on macOS by their
/// command lines. Windows shows neither to other processes.
/// </summary>
internal static class LettaCodeProcesses
{
    /// <summary>Processes of Letta Code that use a root.</summary>
    /// <param name="root">Full path of the root.</param>
    public static IReadOnlyList<LettaCodeProcess> Find(string root) =>
        OperatingSystem.IsLinux() ? [.. FromProc(root)] : OperatingSystem.IsMacOS() ? [.. FromPs(root)] : [];

    /// <summary>Whether a command line is that of the client: node with its script. The server of V1, which pip installs, has a program of the same name.</summary>
    /// <param name="arguments">The words of the command line.</param>
    internal static bool IsClient(IReadOnlyList<string> arguments) => arguments.Count > 1
        && Path.GetFileNameWithoutExtension(arguments[0]) is "node" or "bun" or "letta"
        && arguments.Skip(1).TakeWhile((a, i) => i == 0 || arguments[i].StartsWith('-')).Any(a => Path.GetFileName(a) is "letta" or "letta.js");

    private static IEnumerable<LettaCodeProcess> FromProc(string root)
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(f => char.IsAsciiDigit(Path.GetFileName(f)[0])))
        {
            var arguments = Words(Path.Combine(folder, "cmdline"));
            if (!IsClient(arguments))
            {
                continue;
            }

            var variables = Words(Path.Combine(folder, "environ"));
            var used = Value(variables, LettaCodeRoot.Variable) ?? (Value(variables, "HOME") is { } home ? Path.Combine(home, ".letta", "lc-local-backend") : LettaCodeRoot.DefaultPath);
            if (IsSame(used, root))
            {
                yield return Of(int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture), arguments);
            }
        }
    }

    /// <summary>Other processes do not show their environment here, so each client may use the default root.</summary>
    private static IEnumerable<LettaCodeProcess> FromPs(string root)
    {
        if (!IsSame(LettaCodeRoot.DefaultPath, root))
        {
            yield break;
        }

        using var ps = Process.Start(new ProcessStartInfo("/bin/ps", ["-axww", "-o", "pid=,command="]) { RedirectStandardOutput = true })!;
        foreach (var line in ps.StandardOutput.ReadToEnd().Split('\n'))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 1 && IsClient(words[1..]))
            {
                yield return Of(int.Parse(words[0], CultureInfo.InvariantCulture), words[1..]);
            }
        }
    }

    private static LettaCodeProcess Of(int id, IReadOnlyList<string> arguments) => new(id, string.Join(' ', arguments), arguments.Skip(1).Take(3).Contains("server", StringComparer.Ordinal));

    private static string? Value(IEnumerable<string> variables, string name) =>
        variables.FirstOrDefault(v => v.StartsWith(name + "=", StringComparison.Ordinal)) is { } variable && variable.Length > name.Length + 1 ? variable[(name.Length + 1)..] : null;

    private static bool IsSame(string one, string other) => Real(one) == Real(other);

    private static string Real(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        return Directory.Exists(full) ? new DirectoryInfo(full).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? full : full;
    }

    private static string[] Words(string file)
    {
        try
        {
            return Encoding.UTF8.GetString(File.ReadAllBytes(file)).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has ended, or is another user's, whose clients have folders of their own.
            return [];
        }
    }
}

using System.Diagnostics;
using System.Formats.Tar;
using System.Globalization;
using System.Text;
using LettaPS.Adapters.Programs;
using LettaPS.Core.LettaCode;

namespace LettaPS.Adapters.LettaCode;

/// <summary>
/// Writes and reads repositories with the git program, which Letta Code itself needs: the natives of a library would make the module several times as large. A
/// repository takes three processes, whatever its history.
/// </summary>
internal sealed class GitRepositories : IMemoryRepositories
{
    private const string Branch = "refs/heads/main";

    /// <inheritdoc/>
    public Task CheckAsync(CancellationToken cancellationToken) => RunAsync(Path.GetTempPath(), ["--version"], null, null, cancellationToken);

    /// <inheritdoc/>
    public async Task WriteAsync(string folder, IEnumerable<MemoryCommit> commits, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        await RunAsync(folder, ["init", "--quiet", "--template="], null, null, cancellationToken).ConfigureAwait(false);

        // Names are shown as they are and line ends stay, whatever this user has set for all repositories.
        await File.WriteAllTextAsync(Path.Combine(folder, ".git", "HEAD"), $"ref: {Branch}\n", cancellationToken).ConfigureAwait(false);
        await File.AppendAllTextAsync(Path.Combine(folder, ".git", "config"), "[core]\n\tautocrlf = false\n\tquotepath = false\n\tlongpaths = true\n", cancellationToken).ConfigureAwait(false);
        await RunAsync(folder, ["fast-import", "--quiet", "--done"], input => WriteAsync(input, commits, cancellationToken), null, cancellationToken).ConfigureAwait(false);
        await RunAsync(folder, ["reset", "--quiet", "--hard"], null, null, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<int> ReadAsync(string folder, Action<string, ReadOnlyMemory<byte>> onFile, CancellationToken cancellationToken)
    {
        var status = string.Empty;
        await RunAsync(folder, ["status", "--porcelain", "--untracked-files=all"], null, async output => status = await ReadTextAsync(output, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        if (status.Length > 0)
        {
            throw Failed(folder, "status", $"the work tree is not what was committed: {status.Split('\n')[0]}");
        }

        await RunAsync(folder, ["archive", "--format=tar", Branch], null, output => ReadAsync(output, onFile, cancellationToken), cancellationToken).ConfigureAwait(false);
        var count = string.Empty;
        await RunAsync(folder, ["rev-list", "--count", Branch], null, async output => count = await ReadTextAsync(output, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        return int.Parse(count, CultureInfo.InvariantCulture);
    }

    private static async Task<string> ReadTextAsync(Stream stream, CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(stream, leaveOpen: true);
        return await reader.ReadToEndAsync(cancellationToken).ConfigureAwait(false);
    }

    private static async Task ReadAsync(Stream output, Action<string, ReadOnlyMemory<byte>> onFile, CancellationToken cancellationToken)
    {
        using var tar = new TarReader(output, leaveOpen: true);
        while (await tar.GetNextEntryAsync(copyData: false, cancellationToken).ConfigureAwait(false) is { } entry)
        {
            if (entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile))
            {
                continue;
            }

            var content = new byte[entry.Length];
            if (entry.DataStream is { } data)
            {
                await data.ReadExactlyAsync(content, cancellationToken).ConfigureAwait(false);
            }

            onFile(entry.Name, content);
        }

        // What pads the archive, so that git can end.
        await output.CopyToAsync(Stream.Null, cancellationToken).ConfigureAwait(false);
    }

    private static async Task WriteAsync(Stream input, IEnumerable<MemoryCommit> commits, CancellationToken cancellationToken)
    {
        foreach (var commit in commits)
        {
            var time = Math.Max(0, commit.Time.ToUnixTimeSeconds()).ToString(CultureInfo.InvariantCulture);
            var who = $"{Clean(commit.AuthorName)} <{Clean(commit.AuthorEmail)}> {time} +0000";
            await LineAsync($"commit {Branch}").ConfigureAwait(false);
            await LineAsync($"author {who}").ConfigureAwait(false);
            await LineAsync($"committer {who}").ConfigureAwait(false);
            await DataAsync(Encoding.UTF8.GetBytes(commit.Message)).ConfigureAwait(false);
            foreach (var file in commit.Files)
            {
                await LineAsync(file.Content is null ? $"D {file.Path}" : $"M 100644 inline {file.Path}").ConfigureAwait(false);
                if (file.Content is { } content)
                {
                    await DataAsync(content).ConfigureAwait(false);
                }
            }
        }

        await LineAsync("done").ConfigureAwait(false);

        ValueTask LineAsync(string line) => input.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"), cancellationToken);

        async ValueTask DataAsync(ReadOnlyMemory<byte> data)
        {
            await LineAsync($"data {data.Length.ToString(CultureInfo.InvariantCulture)}").ConfigureAwait(false);
            await input.WriteAsync(data, cancellationToken).ConfigureAwait(false);
            await LineAsync(string.Empty).ConfigureAwait(false);
        }
    }

    /// <summary>A name in a commit, which ends where its address begins.</summary>
    private static string Clean(string text)
    {
        var clean = new string([.. text.Where(c => c is not ('<' or '>') && !char.IsControl(c))]).Trim();
        return clean.Length == 0 ? "unknown" : clean;
    }

    private static async Task RunAsync(string folder, string[] arguments, Func<Stream, Task>? input, Func<Stream, Task>? output, CancellationToken cancellationToken)
    {
        using var process = Start(folder, arguments);
        try
        {
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            var read = output is null ? process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, cancellationToken) : output(process.StandardOutput.BaseStream);
            Exception? broken = null;
            try
            {
                if (input is not null)
                {
                    await input(process.StandardInput.BaseStream).ConfigureAwait(false);
                }

                process.StandardInput.Close();
            }
            catch (IOException e)
            {
                // Git gave up, and says why.
                broken = e;
            }

            await read.ConfigureAwait(false);
            var message = await errors.ConfigureAwait(false);
            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
            if (process.ExitCode != 0 || broken is not null)
            {
                throw Failed(folder, arguments[0], message.Trim().Split('\n')[0], broken);
            }
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
                await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private static Process Start(string folder, string[] arguments)
    {
        var start = new ProcessStartInfo(ProgramPath.Find("git") ?? throw NotFound(), arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // A repository around this one, or settings of this user such as signing and hooks, are no business of the agent's memory.
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("GIT_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        start.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        start.Environment["GIT_CONFIG_GLOBAL"] = OperatingSystem.IsWindows() ? "NUL" : "/dev/null";
        start.Environment["GIT_TERMINAL_PROMPT"] = "0";
        start.Environment["LC_ALL"] = "C";
        return Process.Start(start)!;
    }

    private static LettaException NotFound() => new(
        ErrorIds.GitNotFound,
        LettaErrorKind.NotFound,
        "The program 'git' was not found. Letta Code keeps the memory of each agent in a git repository, and needs git too.",
        OperatingSystem.IsWindows() ? "Install git, then run the command again: winget install Git.Git" : OperatingSystem.IsMacOS() ? "Install git, then run the command again: xcode-select --install" : "Install git, then run the command again: sudo apt-get install git",
        "git");

    private static LettaException Failed(string folder, string command, string message, Exception? cause = null) => new(
        ErrorIds.GitFailed, LettaErrorKind.Storage, $"'git {command}' failed in '{folder}': {message}", "Check free space and permissions of the destination, and the version of git (2.32 or newer): git --version", folder, cause);
}

using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using LettaPS.Adapters.Programs;
using LettaPS.Core.Databases;
using LettaPS.Core.Servers;

namespace LettaPS.Adapters.Postgres;

/// <summary>PostgreSQL's programs of this machine: the newest that are installed where its packages put them, else those on the path.</summary>
internal sealed class LocalPostgresTools(DatabaseAddress address) : IPostgresTools
{
    /// <inheritdoc/>
    public async Task<ProgramResult> RunAsync(IReadOnlyList<string> command, Stream? input, Stream? output, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(Find(command[0]), command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PGHOST"] = address.Host;
        start.Environment["PGPORT"] = address.Port.ToString(CultureInfo.InvariantCulture);
        start.Environment["PGUSER"] = address.User;
        start.Environment["LC_MESSAGES"] = "C";
        if (address.RevealPassword() is { } password)
        {
            start.Environment["PGPASSWORD"] = password;
        }

        if (address.Options.TryGetValue("sslmode", out var sslMode))
        {
            start.Environment["PGSSLMODE"] = sslMode;
        }

        using var process = Start(start);
        try
        {
            using var text = output is null ? new MemoryStream() : null;
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            var reads = process.StandardInput.BaseStream;
            var feeding = StdinWriter.FeedAsync(input ?? Stream.Null, (bytes, count, end) => reads.WriteAsync(bytes, 0, count, end), process.StandardInput.Close, process.Kill, cancellationToken);
            await process.StandardOutput.BaseStream.CopyToAsync(output ?? text!, cancellationToken).ConfigureAwait(false);
            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
            await feeding.ConfigureAwait(false);
            return new ProgramResult(process.ExitCode, text is null ? string.Empty : process.StandardOutput.CurrentEncoding.GetString(text.ToArray()), await errors.ConfigureAwait(false));
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
                await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw NotFound(start.FileName, e);
        }
    }

    private static LettaException NotFound(string program, Exception? cause) => new(
        "ProgramNotFound",
        LettaErrorKind.NotFound,
        $"The program '{program}' is not in any folder of PATH.",
        "Install the client programs of PostgreSQL, of the server's version or newer: apt install postgresql-client",
        program,
        cause);

    private static string Find(string program)
    {
        var (root, file) = OperatingSystem.IsWindows()
            ? (Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ProgramFiles), "PostgreSQL"), program + ".exe")
            : ("/usr/lib/postgresql", program);
        var installed = Directory.Exists(root)
            ? Directory.EnumerateDirectories(root).Select(folder => (Version: int.TryParse(Path.GetFileName(folder), out var v) ? v : 0, Path: Path.Combine(folder, "bin", file)))
            : [];
        return installed.Where(i => File.Exists(i.Path)).OrderByDescending(i => i.Version).Select(i => i.Path).FirstOrDefault()
            ?? ProgramPath.Find(program) ?? throw NotFound(program, null);
    }
}

using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using LettaPS.Adapters.Programs;
using LettaPS.Core.Connections;
using LettaPS.Core.Databases;
using LettaPS.Core.Servers;

namespace LettaPS.Adapters.Postgres;

/// <summary>PostgreSQL's programs of this machine: the newest that are installed where its packages put them, else those on the path.</summary>
internal sealed class LocalPostgresTools(DatabaseAddress address) : IPostgresTools
{
    private bool _isKnown;
    private int? _major;

    /// <inheritdoc/>
    public async Task<ProgramResult> RunAsync(IReadOnlyList<string> command, Stream? input, Stream? output, CancellationToken cancellationToken)
    {
        if (address.Tunnel is null)
        {
            return await RunAsync(command, null, input, output, cancellationToken).ConfigureAwait(false);
        }

        var tunnel = await address.Tunnel.OpenAsync(address, cancellationToken).ConfigureAwait(false);
        await using (tunnel.ConfigureAwait(false))
        {
            return await RunAsync(command, tunnel.NearEnd, input, output, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<ProgramResult> RunAsync(IReadOnlyList<string> command, IPEndPoint? nearEnd, Stream? input, Stream? output, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(Find(command[0]), command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(ProgramEnvironment.IsForeign).ToList())
        {
            start.Environment.Remove(name);
        }

        var options = ConnectionOption.Read(address, Environment.GetEnvironmentVariable);
        foreach (var (name, value) in ProgramEnvironment.Of(address, options, await MajorAsync(cancellationToken).ConfigureAwait(false)))
        {
            start.Environment[name] = value;
        }

        if (nearEnd is not null)
        {
            // The name stays the server's, which is what its certificate is checked against.
            start.Environment["PGHOST"] = address.Host;
            start.Environment["PGHOSTADDR"] = nearEnd.Address.ToString();
            start.Environment["PGPORT"] = nearEnd.Port.ToString(CultureInfo.InvariantCulture);
        }

        using var service = options.TryGetValue(ConnectionOption.SslPassword, out var password) ? ServiceFile.Create(password, address) : null;
        if (service is not null)
        {
            start.Environment["PGSERVICEFILE"] = service.Path;
            start.Environment["PGSERVICE"] = ServiceFile.Service;
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

    /// <summary>Major version of the server, which the settings of a session depend on; <see langword="null"/> if a pooler answers, which would refuse them.</summary>
    private async Task<int?> MajorAsync(CancellationToken cancellationToken)
    {
        if (!_isKnown)
        {
            var source = await PostgresSource.OpenAsync(address, cancellationToken).ConfigureAwait(false);
            await using (source.ConfigureAwait(false))
            {
                var connection = await source.ConnectAsync(cancellationToken).ConfigureAwait(false);
                await using (connection.ConfigureAwait(false))
                {
                    _major = source.IsPooled ? null : connection.PostgreSqlVersion.Major;
                    _isKnown = true;
                }
            }
        }

        return _major;
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
        ErrorIds.ProgramNotFound,
        LettaErrorKind.NotFound,
        $"The program '{program}' was not found in PATH.",
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

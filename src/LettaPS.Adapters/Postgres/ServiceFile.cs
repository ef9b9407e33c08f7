using LettaPS.Core.Connections;
using LettaPS.Core.IO;

namespace LettaPS.Adapters.Postgres;

/// <summary>
/// The password of a client's key, for PostgreSQL's programs: of all parameters only this one has no environment variable, and on a command line everybody
/// could read it. The file is its owner's alone and gone when the program has ended.
/// </summary>
internal sealed class ServiceFile : IDisposable
{
    /// <summary>The name under which the programs look it up.</summary>
    public const string Service = "lettaps";

    private ServiceFile(string path) => Path = path;

    /// <summary>Path of the file.</summary>
    public string Path { get; }

    /// <summary>Writes it.</summary>
    /// <param name="sslPassword">The password.</param>
    /// <param name="address">The database.</param>
    public static ServiceFile Create(string sslPassword, DatabaseAddress address)
    {
        if (sslPassword.AsSpan().ContainsAny('\n', '\r') || sslPassword.Trim() != sslPassword)
        {
            throw ConnectionOption.Invalid(address, $"The parameter 'sslpassword' of the address of {address} cannot be passed on: it begins or ends with a space, or has a line break.");
        }

        var path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"lettaps-{Guid.NewGuid():N}.conf");
        using var file = new StreamWriter(new FileStream(path, PrivateFile.Options(FileMode.CreateNew, FileAccess.Write)));
        file.Write($"[{Service}]\n{ConnectionOption.SslPassword}={sslPassword}\n");
        return new ServiceFile(path);
    }

    /// <inheritdoc/>
    public void Dispose() => File.Delete(Path);
}

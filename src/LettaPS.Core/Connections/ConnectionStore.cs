using System.Text.Json;
using System.Text.Json.Serialization;
using LettaPS.Core.IO;

namespace LettaPS.Core.Connections;

/// <summary>
/// The connections that a user has saved: a JSON file that only its owner may read. Each change replaces the file as a whole, under a lock, so that neither a
/// kill nor two changes at once lose an entry.
/// </summary>
/// <param name="path">The file; it need not exist.</param>
internal sealed class ConnectionStore(string path)
{
    private const int Version = 1;
    private const UnixFileMode WritableByOthers = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        WriteIndented = true,
    };

    /// <summary>The file of this user: <c>letta-ps/connections.json</c> in <c>XDG_CONFIG_HOME</c>, <c>~/.config</c> or, on Windows, <c>AppData\Roaming</c>.</summary>
    public static ConnectionStore OfUser => new(System.IO.Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify), "letta-ps", "connections.json"));

    /// <summary>The file.</summary>
    public string Path => path;

    /// <summary>All connections, by name.</summary>
    /// <exception cref="LettaException">
    /// <c>InvalidConnectionsFile</c>: the file is not what this module writes. <c>InvalidConnectionsFileMode</c>: others could have changed it, and send a password
    /// to a server of theirs. <c>ConnectionsFileReadFailed</c>.
    /// </exception>
    public IReadOnlyList<LettaSavedConnection> List() => [.. Read().OrderBy(c => c.Key, StringComparer.OrdinalIgnoreCase).Select(c => c.Value.Describe(c.Key))];

    /// <summary>The connection of a name, in any case.</summary>
    /// <exception cref="LettaException"><c>ConnectionNotFound</c>, and those of <see cref="List"/>.</exception>
    public LettaSavedConnection Get(string name) =>
        List().FirstOrDefault(c => string.Equals(c.Name, name, StringComparison.OrdinalIgnoreCase)) ?? throw NotFound(name);

    /// <summary>Keeps a connection; one of the same name is replaced.</summary>
    /// <exception cref="LettaException">Those of <see cref="List"/>, <c>ConnectionsFileInUse</c>, <c>ConnectionsFileWriteFailed</c>.</exception>
    public void Save(LettaSavedConnection connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        Change(connections =>
        {
            // A name that differs in case only is the same; it is kept as it was given last.
            connections.Remove(connection.Name);
            connections[connection.Name] = Entry.Of(connection);
        });
    }

    /// <summary>Forgets a connection.</summary>
    /// <param name="name">Its name, in any case.</param>
    /// <exception cref="LettaException">Those of <see cref="Get"/> and <see cref="Save"/>.</exception>
    public void Remove(string name) => Change(connections =>
    {
        if (!connections.Remove(name))
        {
            throw NotFound(name);
        }
    });

    /// <summary>That no connection has a name.</summary>
    public LettaException NotFound(string name) => new(
        ErrorIds.ConnectionNotFound,
        LettaErrorKind.NotFound,
        $"No connection is saved under the name '{name}' in '{path}'.",
        "List the saved connections: Get-LettaConnection -ListSaved",
        name);

    /// <summary>The file itself. A link to it, from a folder of settings that is kept elsewhere for example, stays a link.</summary>
    private string RealPath => new FileInfo(path).LinkTarget is null ? path : File.ResolveLinkTarget(path, returnFinalTarget: true)!.FullName;

    private Dictionary<string, Entry> Read()
    {
        Contents? contents;
        try
        {
            if (!File.Exists(RealPath))
            {
                return Empty();
            }

            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & WritableByOthers) != 0)
            {
                throw new LettaException(
                    ErrorIds.InvalidConnectionsFileMode,
                    LettaErrorKind.Denied,
                    $"'{path}' can be written by users other than its owner. They could send a password to their own server.",
                    $"Check the addresses in the file, then make it private: chmod 600 '{path}'",
                    path);
            }

            using var file = new FileStream(path, PrivateFile.Options(FileMode.Open, FileAccess.Read));
            contents = JsonSerializer.Deserialize<Contents>(file, s_json);
        }
        catch (JsonException e)
        {
            throw Invalid($"line {e.LineNumber + 1} is not JSON, or not of their form", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LettaException(
                ErrorIds.ConnectionsFileReadFailed, LettaErrorKind.Storage, $"'{path}' cannot be read: {e.Message}", $"Check the owner and the mode of the file and its folder: ls -la '{path}'", path, e);
        }

        if (contents is not { Version: Version, Connections: { } connections })
        {
            throw Invalid($"it is not of version {Version}", null);
        }

        if (connections.FirstOrDefault(c => c.Value?.BaseUri is not { IsAbsoluteUri: true }) is { Key: { } name })
        {
            throw Invalid($"'{name}' has no address", null);
        }

        var result = Empty();
        foreach (var (key, value) in connections)
        {
            result[key] = value;
        }

        return result;
    }

    private void Change(Action<Dictionary<string, Entry>> change)
    {
        try
        {
            PrivateFile.CreateFolder(System.IO.Path.GetDirectoryName(path)!);
            using var lockFile = Lock();
            var connections = Read();
            change(connections);
            using var file = new AtomicFile(RealPath);
            JsonSerializer.Serialize(file.Stream, new Contents(Version, connections), s_json);
            file.Commit();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LettaException(
                ErrorIds.ConnectionsFileWriteFailed, LettaErrorKind.Storage, $"'{path}' cannot be written: {e.Message}", $"Check XDG_CONFIG_HOME, and the owner and the mode of the folder: ls -ld '{System.IO.Path.GetDirectoryName(path)}'", path, e);
        }
    }

    private FileStream Lock()
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return new FileStream(path + ".lock", PrivateFile.Options(FileMode.OpenOrCreate, FileAccess.ReadWrite, share: FileShare.None));
            }
            catch (IOException e) when (e is not DirectoryNotFoundException)
            {
                if (TimeProvider.System.GetElapsedTime(begun) > s_patience)
                {
                    throw new LettaException(ErrorIds.ConnectionsFileInUse, LettaErrorKind.Conflict, $"Another process has been changing '{path}' for {s_patience.TotalSeconds} seconds.", "Wait until the other process has ended, then run the command again.", path, e);
                }

                // No system tells when a lock is free; whoever has it is done in milliseconds.
                Thread.Sleep(20);
            }
        }
    }

    private LettaException Invalid(string why, Exception? cause) => new(
        ErrorIds.InvalidConnectionsFile,
        LettaErrorKind.InvalidData,
        $"'{path}' does not hold saved connections: {why}.",
        "Repair the file, or move it away and save the connections again: Save-LettaConnection <name>",
        path,
        cause);

    private static Dictionary<string, Entry> Empty() => new(StringComparer.OrdinalIgnoreCase);

    private sealed record Contents(int Version, Dictionary<string, Entry>? Connections);

    private sealed record Entry(Uri BaseUri, string? KeyVariable, string? KeyVault, string? KeySecret, TimeSpan? Timeout, bool SkipCertificateCheck)
    {
        public static Entry Of(LettaSavedConnection c) => new(c.BaseUri, c.KeyVariable, c.KeyVault, c.KeySecret, c.Timeout, c.SkipCertificateCheck);

        public LettaSavedConnection Describe(string name) =>
            new(name, BaseUri) { KeyVariable = KeyVariable, KeyVault = KeyVault, KeySecret = KeySecret, Timeout = Timeout, SkipCertificateCheck = SkipCertificateCheck };
    }
}

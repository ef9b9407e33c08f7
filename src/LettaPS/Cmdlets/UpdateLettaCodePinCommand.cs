using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Completion;
using LettaPS.Core.CodePins;
using LettaPS.Core.Connections;
using LettaPS.Core.IdMaps;
using LettaPS.Core.IO;
using LettaPS.Parameters;
using LettaPS.Paths;

namespace LettaPS.Cmdlets;

/// <summary>
/// Brings the agents that Letta Code has pinned up to date after a restore, which gives every agent a new identifier. Only the identifiers in the settings
/// change; the old file is kept beside the new one.
/// </summary>
[Cmdlet(VerbsData.Update, "LettaCodePin", SupportsShouldProcess = true)]
[OutputType(typeof(LettaCodePinUpdate))]
public sealed class UpdateLettaCodePinCommand : AsyncCmdlet
{
    private const string Folder = ".letta";
    private const int LettaPort = 8283;

    /// <summary>The map that <c>Restore-LettaAgent</c> wrote, <c>id-map.json</c>, or the folder of the backup that it lies in.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(BackupPathCompleter))]
    [Alias("IdMap")]
    public string IdMapPath { get; set; } = null!;

    /// <summary>Settings files. Without it <c>~/.letta/settings.json</c> and <c>./.letta/settings.local.json</c>, as far as they are there.</summary>
    [Parameter(Position = 1)]
    [PathInput]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Path { get; set; }

    /// <summary>The same, with wildcard characters taken literally.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string[]? LiteralPath { get; set; }

    /// <summary>The server that the agents were restored to. Needed only where the map is of several.</summary>
    [Parameter]
    [ValidateNotNull]
    public Uri? Server { get; set; }

    /// <summary>Give what was changed.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        try
        {
            var (server, ids) = Map();
            foreach (var path in Files())
            {
                Update(path, ids, server);
            }
        }
        catch (LettaException e)
        {
            ThrowTerminatingError(e.ToErrorRecord());
        }
    }

    private (Uri Server, ServerIdMap Ids) Map()
    {
        var path = FilePaths.Resolve(this, IdMapPath);
        path = Directory.Exists(path) ? System.IO.Path.Combine(path, IdMap.FileName) : path;
        if (!File.Exists(path))
        {
            throw new LettaException(ErrorIds.IdMapNotFound, LettaErrorKind.NotFound, $"The ID map '{path}' does not exist.", "Give the file that Restore-LettaAgent wrote next to the backup: Get-ChildItem <backup> -Filter id-map.json -Recurse", path);
        }

        var map = IdMap.Read(path);
        var servers = map.Servers;
        if (Server is not null)
        {
            var named = Address(Server);
            if (servers.Keys.Select(k => new Uri(k)).FirstOrDefault(known => ServerAddress.IsSame(known, named)) is { } server)
            {
                return (server, map.Of(server));
            }
        }

        var wanted = Server is null ? servers.ToList() : [];
        return wanted is [var (address, ids)]
            ? (new Uri(address), ids)
            : throw new LettaException(
                ErrorIds.IdMapServerNotFound,
                LettaErrorKind.InvalidInput,
                $"'{path}' is of {servers.Count} servers: {string.Join(", ", servers.Keys)}.",
                "Name one of them: -Server <address>",
                path);
    }

    /// <summary>The address of a server: itself, the address of a saved connection of that name, or a host with or without its port.</summary>
    private static Uri Address(Uri server)
    {
        if (server.IsAbsoluteUri && server.Host.Length > 0)
        {
            return server;
        }

        var name = server.OriginalString;
        return ConnectionStore.OfUser.List().FirstOrDefault(c => c.Name.Equals(name, StringComparison.OrdinalIgnoreCase))?.BaseUri
            ?? (Uri.TryCreate($"http://{name}", UriKind.Absolute, out var address)
                ? address.IsDefaultPort ? new UriBuilder(address) { Port = LettaPort }.Uri : address
                : throw new LettaException(ErrorIds.IdMapServerNotFound, LettaErrorKind.InvalidInput, $"'{name}' is not the address of a server.", "Give its address: -Server http://localhost:8283", name));
    }

    private List<string> Files()
    {
        if (Path is not null || LiteralPath is not null)
        {
            return
            [
                .. (Path ?? []).SelectMany(p => FilePaths.Matching(this, p, literal: false)),
                .. (LiteralPath ?? []).Select(p => FilePaths.Resolve(this, p)),
            ];
        }

        string[] usual =
        [
            System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), Folder, "settings.json"),
            System.IO.Path.Combine(SessionState.Path.CurrentFileSystemLocation.ProviderPath, Folder, "settings.local.json"),
        ];
        var there = usual.Where(File.Exists).ToList();
        return there.Count > 0
            ? there
            : throw new LettaException(ErrorIds.SettingsNotFound, LettaErrorKind.NotFound, $"The settings of Letta Code were not found, neither '{usual[0]}' nor '{usual[1]}'.", "Give their path: Update-LettaCodePin <id map> -Path <settings>");
    }

    private void Update(string path, ServerIdMap ids, Uri server)
    {
        try
        {
            var edit = CodeSettings.Plan(TextFile.Read(path), ids, server);
            foreach (var note in edit.Notes)
            {
                WriteWarning($"{path}: {note}");
            }

            foreach (var change in edit.Changes)
            {
                WriteVerbose($"{path}: {change.Path} {change.SourceAgentId} becomes {change.AgentId}.");
            }

            if (edit.Changes.Count > 0 && !ShouldProcess(path, $"Change {edit.Changes.Count} identifiers of agents"))
            {
                return;
            }

            var kept = edit.Changes.Count > 0 ? SafeFileReplace.Replace(edit.File, backup: true) : null;

            if (PassThru)
            {
                WriteObject(new LettaCodePinUpdate { Path = path, BackupPath = kept, Changes = edit.Changes });
            }
        }
        catch (Exception e) when (e is LettaException or IOException or UnauthorizedAccessException)
        {
            WriteError(e.ToErrorRecord(path));
        }
    }
}

using System.Text.Json;
using LettaPS.Core.Backups;
using LettaPS.Core.Sources;
using LettaPS.Sandbox;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Http;

/// <summary>A sandbox server and the backup set that was made of it.</summary>
internal sealed class Exported : IAsyncDisposable
{
    private readonly TempFolder _folder = new();

    private readonly bool _owned;

    private Exported(SandboxServer server, bool owned)
    {
        Server = server;
        _owned = owned;
    }

    public SandboxServer Server { get; }

    /// <summary>The warnings that were given.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>The files by agent.</summary>
    public Dictionary<string, JsonElement> Files { get; } = [];

    public Dictionary<string, LettaAgentBackup> Backups { get; } = [];

    public static Task<Exported> AllAsync(string release, Action<SandboxServer>? prepare = null, SnapshotOptions? options = null) =>
        AllAsync(new SandboxOptions { Release = release }, prepare, options);

    public static async Task<Exported> AllAsync(SandboxOptions sandbox, Action<SandboxServer>? prepare = null, SnapshotOptions? options = null)
    {
        var server = await SandboxServer.StartAsync(sandbox);
        prepare?.Invoke(server);
        return await AllAsync(new Exported(server, owned: true), options);
    }

    /// <summary>Exports from a server that stays when this is disposed.</summary>
    public static Task<Exported> AllAsync(SandboxServer server) => AllAsync(new Exported(server, owned: false), null);

    public ILettaServer Open() => new AdapterFactory().OpenServer(new LettaConnection(Server.BaseUri), warn: Warnings.Add);

    public async ValueTask DisposeAsync()
    {
        if (_owned)
        {
            await Server.DisposeAsync();
        }

        _folder.Dispose();
    }

    private static async Task<Exported> AllAsync(Exported exported, SnapshotOptions? options)
    {
        var cancel = TestContext.Current.CancellationToken;
        using var source = exported.Open();
        var request = new BackupSetRequest(exported._folder.Path, source.Connection, "test", Resume: false, Force: false, BackupScope.Selected, TimeProvider.System);
        using var set = BackupSet.Open(request);
        await foreach (var agent in source.ListAsync(AgentQuery.Everything, cancel))
        {
            using var snapshot = await source.ReadAsync(agent.Id, (options ?? new SnapshotOptions(".")) with { WorkFolder = set.Folder }, cancel);
            var backup = set.Write(snapshot, [], 0, cancel);
            exported.Backups[agent.Id] = backup;
            exported.Files[agent.Id] = JsonDocument.Parse(await File.ReadAllBytesAsync(backup.Path, cancel)).RootElement;
        }

        set.Complete(source.Connection.ReportedVersion);
        return exported;
    }
}

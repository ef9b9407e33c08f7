using System.Text.Json;
using LettaPS.Core.Agents;
using LettaPS.Core.Backups;
using LettaPS.Core.Connections;
using LettaPS.Sandbox;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Http;

/// <summary>A sandbox server and the backup set that was made of it.</summary>
internal sealed class Exported : IAsyncDisposable
{
    private readonly TempFolder _folder = new();

    private Exported(SandboxServer server) => Server = server;

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
        var exported = new Exported(await SandboxServer.StartAsync(sandbox));
        prepare?.Invoke(exported.Server);
        var cancel = TestContext.Current.CancellationToken;
        using var source = exported.Open();
        var request = new BackupSetRequest(exported._folder.Path, source.Connection, "test", Resume: false, Force: false, TimeProvider.System);
        using var set = BackupSet.Open(request);
        await foreach (var agent in source.ListAsync(AgentQuery.Everything, cancel))
        {
            using var snapshot = await source.ReadAsync(agent.Id, (options ?? new SnapshotOptions(".")) with { WorkFolder = set.Folder }, cancel);
            var backup = set.Write(snapshot, [], 0, cancel);
            exported.Backups[agent.Id] = backup;
            exported.Files[agent.Id] = JsonDocument.Parse(await File.ReadAllBytesAsync(backup.Path, cancel)).RootElement;
        }

        set.Complete();
        return exported;
    }

    public ILettaServer Open() => new AdapterDoor().OpenServer(new LettaConnection(Server.BaseUri), warn: Warnings.Add);

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _folder.Dispose();
    }
}

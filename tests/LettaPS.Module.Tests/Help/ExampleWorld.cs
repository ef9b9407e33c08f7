using System.IO.Compression;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace LettaPS.Module.Tests.Help;

/// <summary>
/// What the reader of a page has before him: a server that he is connected to, a home folder with a backup, a project folder with a compose file. The examples
/// run as they stand on the page, but for addresses and folders of the machine.
/// </summary>
internal sealed class ExampleWorld : IAsyncDisposable
{
    private const string Old = "agent-00000000-0000-4000-8000-000000000001";

    internal const string StandIns =
        """
        # Commands that ask a person, or that come from a module which is not installed here.
        function global:Read-Host { [System.Net.NetworkCredential]::new('', 'a password').SecurePassword }
        New-Module Microsoft.PowerShell.SecretManagement { function Get-Secret { [System.Net.NetworkCredential]::new('', 'a password').SecurePassword } } | Import-Module
        $ExecutionContext.SessionState.Provider.GetOne('FileSystem').Home = $args[0]
        $null = $ExecutionContext.SessionState.Path.SetLocation($args[1])
        """;

    private readonly string? _database;

    // All tests of the process have one file of saved connections.
    private readonly string _saved = "home-" + Guid.NewGuid().ToString("N")[..8];

    private ExampleWorld(Connected letta, string? database) => (Letta, _database) = (letta, database);

    public Connected Letta { get; }

    private string Home => Letta.Folder["home"];

    private string Here => Letta.Folder["here"];

    public static async Task<ExampleWorld> MakeAsync(string release = "0.16.8", string? database = null)
    {
        var world = new ExampleWorld(await Connected.ToAsync(new Sandbox.SandboxOptions { Release = release }), database);
        Directory.CreateDirectory(world.Home);
        Directory.CreateDirectory(world.Here);
        world.Letta.Run(StandIns, world.Home, world.Here).Succeed();
        world.Connect();
        await world.LayOutAsync();
        return world;
    }

    /// <summary>Runs an example; any error is one of the page.</summary>
    public void Run(PageExample example)
    {
        Connect();
        var result = Letta.Run(OfThisMachine(example.Code));
        Assert.True(result.Errors.Count == 0, $"'{example.Title}': {string.Join('\n', result.Errors.Select(e => $"{e.FullyQualifiedErrorId}: {e}"))}");
    }

    private string OfThisMachine(string code) => Regex.Replace(Regex.Replace(code, @"\bhome\b", _saved), "(?m)^Connect-Letta$", "Connect-Letta http://localhost:8283")
        .Replace("postgresql://letta:letta@localhost:5432/letta", $"'{_database}'", StringComparison.Ordinal)
        .Replace("postgresql://letta:secret@localhost:5432/letta", $"'{_database}'", StringComparison.Ordinal)
        .Replace("http://localhost:8283", Address, StringComparison.Ordinal)
        .Replace("http://localhost:8383", Address, StringComparison.Ordinal)
        .Replace("https://letta.example.org", Address, StringComparison.Ordinal)
        .Replace("/srv/", Letta.Folder["srv"] + "/", StringComparison.Ordinal)
        .Replace("$env:LETTA_PG_URI", $"'{_database}'", StringComparison.Ordinal);

    private string Address => Letta.Server.BaseUri.ToString();

    private void Connect() => Letta.Run(_database is null ? "Connect-Letta $args[0]" : "Connect-Letta $args[0] -DatabaseUri $args[1]", Address, _database).Succeed();

    private async Task LayOutAsync()
    {
        Environment.SetEnvironmentVariable("LETTA_WORK_KEY", "a password");
        Letta.Run("Save-LettaConnection $args[0]", _saved).Succeed();
        Letta.Run("Get-LettaAgent -First 3 | Export-LettaAgent -Path ~/backup").Succeed();
        var backup = Path.Combine(Home, "backup");
        Directory.Move(Directory.GetDirectories(backup)[0], Path.Combine(backup, "letta-backup-20261123T013000Z"));
        File.Copy(Directory.GetFiles(Path.Combine(backup, "letta-backup-20261123T013000Z"), "*.af")[0], Path.Combine(Here, "memo.af"));
        var ids = new JsonObject { [Old] = "agent-00000000-0000-4000-8000-000000000002" };
        var map = new JsonObject { ["format"] = 1, ["servers"] = new JsonObject { [Address] = new JsonObject { ["agents"] = ids } } }.ToJsonString();
        await File.WriteAllTextAsync(Path.Combine(backup, "letta-backup-20261123T013000Z", "id-map.json"), map);
        await File.WriteAllTextAsync(Path.Combine(Here, "id-map.json"), map);

        await File.WriteAllTextAsync(Path.Combine(Here, "compose.yml"), "services:\n  letta:\n    image: letta/letta:0.16.2\n    ports: [\"127.0.0.1:8283:8283\"]\n");
        await File.WriteAllTextAsync(Path.Combine(Here, "servers.csv"), $"BaseUri,KeyVariable\n{Address},\n");
        var settings = Path.Combine(Home, "projects", "thesis", ".letta", "settings.local.json");
        Directory.CreateDirectory(Path.GetDirectoryName(settings)!);
        await File.WriteAllTextAsync(settings, $$"""{"lastAgent":"{{Old}}"}""");
        Directory.CreateDirectory(Path.Combine(Here, ".letta"));
        File.Copy(settings, Path.Combine(Here, ".letta", "settings.local.json"));

        // What a script of the night of January 17 kept: the raw state of an agent.
        await using var compressed = new GZipStream(File.OpenRead(Path.Combine(AppContext.BaseDirectory, "Fixtures", "states", "0.16.2.json.gz")), CompressionMode.Decompress);
        using var state = new StreamReader(compressed);
        var old = Path.Combine(Directory.CreateDirectory(Path.Combine(Home, "letta-backup-20260117")).FullName, "agent.json");
        await File.WriteAllTextAsync(old, await state.ReadToEndAsync());
        File.Copy(old, Path.Combine(Here, "old.json"));
        File.Copy(old, Path.Combine(Here, "state.json"));
    }

    public ValueTask DisposeAsync() => Letta.DisposeAsync();
}

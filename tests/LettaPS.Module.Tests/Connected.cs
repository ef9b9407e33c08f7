using LettaPS.Hosting;
using LettaPS.Sandbox;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests;

/// <summary>A console that is connected to a sandbox server of its own, and a folder for what it writes.</summary>
internal sealed class Connected : IAsyncDisposable
{
    private Connected(SandboxServer server) => Server = server;

    public SandboxServer Server { get; }

    public Shell Shell { get; } = new();

    public TempFolder Folder { get; } = new();

    /// <summary>The folder as a PowerShell literal.</summary>
    public string Path => $"'{Folder.Path}'";

    public static async Task<Connected> ToAsync(SandboxOptions? options = null)
    {
        var connected = new Connected(await SandboxServer.StartAsync(options));
        connected.Shell.Run($"Connect-Letta '{connected.Server.BaseUri}'").Succeed();
        return connected;
    }

    public ShellResult Run(string script, params object?[] arguments) => Shell.Run(script, arguments);

    /// <summary>The one set in the folder.</summary>
    public string Set => Assert.Single(Directory.GetDirectories(Folder.Path));

    /// <summary>Names of the files in it.</summary>
    public IEnumerable<string> Files => Directory.GetFiles(Set).Select(f => System.IO.Path.GetFileName(f)!).Order();

    public async ValueTask DisposeAsync()
    {
        Shell.Dispose();
        await Server.DisposeAsync();
        Folder.Dispose();
    }
}

internal static class PSObjectExtensions
{
    /// <summary>A property of an object, by the name that a user types.</summary>
    public static T Get<T>(this System.Management.Automation.PSObject item, string name) => (T)item.Properties[name].Value;
}

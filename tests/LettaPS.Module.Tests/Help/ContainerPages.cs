namespace LettaPS.Module.Tests.Help;

/// <summary>Pages and examples that take more than a server and a database.</summary>
internal static class ContainerPages
{
    /// <summary>Pages whose examples run on a project in containers, in an order in which each finds what it needs.</summary>
    public static readonly string[] Names =
    [
        "Get-LettaServer", "Backup-LettaDatabase", "Restore-LettaDatabase", "Update-LettaSchema", "Restart-LettaServer", "Stop-LettaServer", "Start-LettaServer", "Reset-LettaDatabase",
        "Get-LettaKeptDatabase", "Remove-LettaKeptDatabase",
    ];

    /// <summary>What takes a registry to pull from, or containers of just these names.</summary>
    private static readonly string[] s_registry = ["docker ", "-Digest"];

    /// <summary>Whether an example runs neither against a server nor on containers here.</summary>
    public static bool IsElsewhere(PageExample example) => s_registry.Any(c => example.Code.Contains(c, StringComparison.Ordinal));

    /// <summary>Whether an example looks for servers in containers.</summary>
    public static bool NeedsContainers(PageExample example) => example.Code.Contains("Get-LettaServer", StringComparison.Ordinal);
}

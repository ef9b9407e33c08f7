namespace LettaPS.Module.Tests.Help;

/// <summary>Pages and examples that take more than a server and a database.</summary>
internal static class ContainerPages
{
    /// <summary>Pages whose examples run on a project in containers.</summary>
    public static readonly string[] Names =
    [
        "Backup-LettaDatabase", "Get-LettaServer", "Reset-LettaDatabase", "Restart-LettaServer", "Restore-LettaDatabase", "Start-LettaServer", "Stop-LettaServer", "Update-LettaSchema",
    ];

    /// <summary>Commands that only a stock PowerShell has: their examples run in tests/Pester/Examples.Tests.ps1.</summary>
    private static readonly string[] s_stock = ["ConvertTo-Html", "Format-Table", "Get-ChildItem", "Group-Object", "Select-Object", "Sort-Object"];

    /// <summary>Why an example does not run here; nothing where it does.</summary>
    public static bool NeedsMore(PageExample example) => s_stock.Any(c => example.Code.Contains(c, StringComparison.Ordinal));
}

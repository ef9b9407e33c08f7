# For Invoke-ScriptAnalyzer: what tests/Pester/ScriptAnalyzer.Tests.ps1 holds every script of the repository to.
@{
    Severity     = @('Error', 'Warning')
    ExcludeRules = @()
    Rules        = @{
        PSUseCompatibleSyntax      = @{ Enable = $true; TargetVersions = @('7.4', '7.6') }
        PSUseConsistentIndentation = @{ Enable = $true; IndentationSize = 4 }
        PSPlaceOpenBrace           = @{ Enable = $true; OnSameLine = $true }
    }
}

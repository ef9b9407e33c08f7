#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5.0' }

# Every script of the repository against PSScriptAnalyzer, which NuGet does not serve: 'dotnet test' leaves these tests out by their tag, and 'build.ps1 Analyze'
# runs them.

BeforeDiscovery {
    $top = Join-Path $PSScriptRoot '..' '..' | Resolve-Path | ForEach-Object Path

    # Of the module's manifest the built one, since the analyser looks for the files that it names.
    $scripts = @(
        Get-ChildItem (Join-Path $top 'samples'), (Join-Path $top 'tests' 'Pester') -Filter '*.ps1'
        Get-Item (Join-Path $top 'build.ps1'), (Join-Path $top 'out' 'LettaPS' 'LettaPS.psd1'), (Join-Path $top 'PSScriptAnalyzerSettings.psd1')
    )
}

Describe 'PSScriptAnalyzer' -Tag 'PSScriptAnalyzer' {
    It 'finds nothing in <_.Name>' -ForEach $scripts {
        $settings = Join-Path $PSScriptRoot '..' '..' 'PSScriptAnalyzerSettings.psd1'

        # Pester's blocks share variables in a way that the analyser does not know.
        $exclude = @(if ($_.Name -like '*.Tests.ps1') { 'PSUseDeclaredVarsMoreThanAssignments' })
        Invoke-ScriptAnalyzer -Path $_.FullName -Settings $settings -ExcludeRule $exclude -ErrorAction Stop |
            ForEach-Object { "$($_.Line): $($_.RuleName): $($_.Message)" } | Should -BeNullOrEmpty
    }
}

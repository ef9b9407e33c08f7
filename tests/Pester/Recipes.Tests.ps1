#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5.0' }

# The scripts in samples, as users run them.

BeforeAll {
    . (Join-Path $PSScriptRoot 'Sandbox.ps1')
    $sandbox = Open-Sandbox
    $connection = Connect-Letta $sandbox.Uri -PassThru
    $samples = Join-Path $root 'samples'
}

AfterAll { Close-Sandbox $sandbox }

Describe 'Backup-LettaNightly.ps1' {
    It 'writes one line and exits with 0' {
        $line = & (Join-Path $samples 'Backup-LettaNightly.ps1') (Join-Path $TestDrive 'nightly') -Connection $connection -NoDump
        $LASTEXITCODE | Should -Be 0
        $line | Should -Match ' OK .* agents=16 '
    }

    It 'exits with 2 where nothing listens' {
        $env:LETTA_BASE_URL = 'http://127.0.0.1:1'
        try {
            $line = & (Join-Path $samples 'Backup-LettaNightly.ps1') (Join-Path $TestDrive 'nothing') -NoDump
            $LASTEXITCODE | Should -Be 2
            $line | Should -Match ' FAILED '
        }
        finally {
            Remove-Item Env:LETTA_BASE_URL
        }
    }
}

Describe 'Report-Letta.ps1' {
    It 'writes a page and a table' {
        & (Join-Path $samples 'Report-Letta.ps1') (Join-Path $TestDrive 'report.html') -CsvPath (Join-Path $TestDrive 'agents.csv') -Connection $connection
        Get-Content (Join-Path $TestDrive 'report.html') -Raw | Should -Match 'AI/ML Expert'
        (Import-Csv (Join-Path $TestDrive 'agents.csv')).Count | Should -Be 16
    }
}

Describe 'Help of the recipes' {
    BeforeDiscovery { $scripts = Get-ChildItem (Join-Path $PSScriptRoot '..' '..' 'samples') -Filter '*.ps1' }

    It '<_.Name> can be asked for' -ForEach $scripts {
        (Get-Help $_.FullName).Synopsis | Should -Not -Match '^\S+\.ps1'
        (Get-Help $_.FullName -Examples).Examples.Example.Count | Should -BeGreaterOrEqual 3
    }
}

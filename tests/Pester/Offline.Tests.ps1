#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5.0' }

# What needs no server: releases, compose files, the pins of Letta Code, help and completion.

BeforeAll {
    . (Join-Path $PSScriptRoot 'Sandbox.ps1')
}

Describe 'Releases' {
    It 'knows the two ends' {
        (Get-LettaRelease '0.11.3').Version | Should -Not -BeNullOrEmpty
        (Get-LettaRelease '0.16.8').Version | Should -Not -BeNullOrEmpty
    }

    It 'says which client fits which server, with nothing running' {
        (Test-LettaCompatibility -LettaCodeVersion '0.13.0' -ServerVersion '0.16.2' -PostgresVersion '15').Status | Should -Contain 'Limited'
        (Test-LettaCompatibility -LettaCodeVersion '0.13.0' -ServerVersion '0.11.3' -PostgresVersion '15').Status | Should -Contain 'Incompatible'
    }
}

Describe 'Compose files' {
    BeforeEach {
        $file = Join-Path $TestDrive 'compose.yml'
        Set-Content $file "services:`n  letta:`n    image: letta/letta:latest # do not move`n"
    }

    It 'finds the tag that moves' {
        (Get-LettaImagePin $file).IsFloating | Should -BeTrue
        (Test-LettaCompose $file).Rule | Should -Contain 'FloatingImage'
    }

    It 'pins it and changes no other byte' {
        Set-LettaImagePin $file -Version 0.16.8
        Get-Content $file -Raw | Should -Match 'image: letta/letta:0\.16\.8 # do not move'
    }

    It 'takes files from the pipeline' {
        (Get-ChildItem $TestDrive -Filter '*.yml' | Get-LettaImagePin | Where-Object IsFloating).Service | Should -Be 'letta'
    }

    It 'changes nothing with -WhatIf' {
        Set-LettaImagePin $file -Version 0.16.8 -WhatIf
        Get-Content $file -Raw | Should -Match ':latest'
    }

    It 'refuses a tag that moves' {
        { Set-LettaImagePin $file -Version latest -ErrorAction Stop } | Should -Throw
    }
}

Describe 'Help' {
    BeforeDiscovery {
        $commands = (Import-PowerShellDataFile (Join-Path $PSScriptRoot '..' '..' 'LettaPS.psd1')).CmdletsToExport
    }

    It '<_> can be asked for' -ForEach $commands {
        Get-Help $_ | Should -Not -BeNullOrEmpty
        (Get-Command $_).OutputType | Should -Not -BeNullOrEmpty -Because 'what comes out is said'
    }

    It 'uses approved verbs only' {
        $approved = (Get-Verb).Verb
        (Get-Command -Module LettaPS).Verb | Where-Object { $_ -notin $approved } | Should -BeNullOrEmpty
    }
}

#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5.0' }

# What a user would type, in a real PowerShell, against the sandbox. Started by build.ps1 Pester, which builds first.

BeforeAll {
    . (Join-Path $PSScriptRoot 'Sandbox.ps1')
    $sandbox = Open-Sandbox
    Connect-Letta $sandbox.Uri
}

AfterAll { Close-Sandbox $sandbox }

Describe 'The main job' {
    It 'lists the agents' {
        (Get-LettaAgent).Count | Should -Be 16
        (Get-LettaAgent 'Lead Engineer').Count | Should -Be 3
    }

    It 'backs every agent up, complete, and verifies it' {
        $backup = Join-Path $TestDrive 'backup'
        $result = Get-LettaAgent | Export-LettaAgent -Path $backup
        $result.Count | Should -Be 16
        $result | Where-Object { -not $_.IsComplete } | Should -BeNullOrEmpty
        (Get-LettaBackup -Path $backup).IsComplete | Should -BeTrue
        Test-LettaBackup -Path $backup | Where-Object { -not $_.IsValid } | Should -BeNullOrEmpty
    }

    It 'stops at once when enough has been seen, and leaves no partial file' {
        $backup = Join-Path $TestDrive 'first'
        Export-LettaAgent -Path $backup | Select-Object -First 1 | Should -HaveCount 1
        Get-ChildItem $backup -Recurse -Filter '*.partial' | Should -BeNullOrEmpty
        (Get-LettaBackup -Path $backup).State | Should -Be 'Unfinished'
        (Export-LettaAgent -Path $backup -Resume).Count | Should -Be 16
    }

    It 'writes nothing with -WhatIf' {
        $backup = Join-Path $TestDrive 'whatif'
        Get-LettaAgent Memo | Export-LettaAgent -Path $backup -WhatIf
        Test-Path $backup | Should -BeFalse
    }

    It 'says what to do when nothing listens' {
        { Connect-Letta 'http://127.0.0.1:1' -ErrorAction Stop } | Should -Throw -ErrorId 'ServerUnreachable,LettaPS.Cmdlets.ConnectLettaCommand'
    }
}

#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5.0' }

# The objects in the hands of PowerShell's own cmdlets.

BeforeAll {
    . (Join-Path $PSScriptRoot 'Sandbox.ps1')
    $sandbox = Open-Sandbox
    Connect-Letta $sandbox.Uri
}

AfterAll { Close-Sandbox $sandbox }

Describe 'Objects' {
    It 'sort, group and measure' {
        (Get-LettaAgent | Sort-Object Name | Select-Object -First 1).Name | Should -Not -BeNullOrEmpty
        (Get-LettaAgent | Group-Object Name | Where-Object Count -GT 1).Name | Should -Contain 'Lead Engineer'
        (Get-LettaAgent | Measure-Object InContextMessageCount -Sum).Sum | Should -BeGreaterThan 0
    }

    It 'stop the server''s work when enough has been seen' {
        Get-LettaAgent | Select-Object -First 1 | Should -HaveCount 1
    }

    It 'become JSON and CSV' {
        $json = Get-LettaAgent Memo | Select-Object Id, Name, Tags | ConvertTo-Json -Depth 3
        ($json | ConvertFrom-Json).Name | Should -Be 'Memo'
        (Get-LettaAgent | ConvertTo-Csv | ConvertFrom-Csv).Count | Should -Be 16
    }

    It 'show as a table with the names' {
        $table = Get-LettaAgent | Format-Table | Out-String
        $table | Should -Match 'Name'
        $table | Should -Match 'AI/ML Expert'
    }

    It 'are read in other runspaces, each with its own connection' {
        $uri = $sandbox.Uri
        $module = (Get-Module LettaPS).Path
        $names = 1..3 | ForEach-Object -Parallel {
            Import-Module $using:module
            Connect-Letta $using:uri
            (Get-LettaAgent Memo).Name
        }
        $names | Should -Be 'Memo', 'Memo', 'Memo'
    }

    It 'bind by property name' {
        [pscustomobject]@{ Id = (Get-LettaAgent Memo).Id } | Export-LettaAgent -Path (Join-Path $TestDrive 'by-id') | Should -HaveCount 1
    }
}

Describe 'Health' {
    It 'gives one object a check, and one truth value with -Quiet' {
        (Test-LettaHealth -Quick).Layer | Should -Contain 'Api'
        Test-LettaHealth -Quick -Quiet | Should -BeOfType [bool]
    }
}

Describe 'Errors' {
    It 'say what to do' {
        Get-LettaAgent 'nobody of that name' -ErrorAction SilentlyContinue -ErrorVariable failed
        $failed | Should -HaveCount 1
        $failed[0].FullyQualifiedErrorId | Should -Match 'AgentNotFound'
    }

    It 'show what to do, once' {
        $shown = (Get-LettaAgent 'nobody of that name' -ErrorAction Continue 2>&1 | Out-String) -replace '\s+', ' '
        [regex]::Matches($shown, 'Search with wildcards').Count | Should -Be 1
    }
}

#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5.0' }

# A fleet moves from one release to another, and becomes readable without either.

BeforeAll {
    . (Join-Path $PSScriptRoot 'Sandbox.ps1')
    $old = Open-Sandbox -Release '0.11.3'
    $new = Open-Sandbox -Release '0.16.8'
    $from = Connect-Letta $old.Uri -PassThru
    $to = Connect-Letta $new.Uri -PassThru
    $backup = Join-Path $TestDrive 'backup'
    $exported = Export-LettaAgent -Connection $from -Path $backup
}

AfterAll {
    Close-Sandbox $old
    Close-Sandbox $new
}

Describe 'The way back' {
    It 'restores an agent whose name the import refuses, under that name' {
        $file = ($exported | Where-Object AgentName -EQ 'AI/ML Expert').Path
        $result = Restore-LettaAgent $file -Connection $to -Conflict Rename
        $result | Should -HaveCount 1
        $result.AgentName | Should -BeLike 'AI/ML Expert*'
    }

    It 'changes nothing with -WhatIf' {
        $before = (Get-LettaAgent -Connection $to).Count
        Restore-LettaAgent $backup -Connection $to -WhatIf | Out-Null
        (Get-LettaAgent -Connection $to).Count | Should -Be $before
    }

    It 'makes a file of today of one of 0.11, without a server' {
        Get-ChildItem $backup -Recurse -Filter '*.af' | Select-Object -First 1 | ConvertTo-LettaAgentFile -OutPath (Join-Path $TestDrive 'new.af')
        (Test-LettaBackup (Join-Path $TestDrive 'new.af')).IsValid | Should -BeTrue
    }

    It 'makes a folder to read' {
        $read = Join-Path $TestDrive 'read'
        (ConvertTo-LettaMarkdown $backup $read).Count | Should -Be 16
        Get-Content (Join-Path $read 'README.md') -Raw | Should -Match 'AI/ML Expert'
        Join-Path $read 'AI-ML Expert' 'README.md' | Should -Exist
    }
}

Describe 'A backup that was changed' {
    It 'names the file' {
        $file = Get-ChildItem $backup -Recurse -Filter '*.af' | Select-Object -First 1
        $bytes = [IO.File]::ReadAllBytes($file.FullName)
        $bytes[100] = $bytes[100] -bxor 1
        [IO.File]::WriteAllBytes($file.FullName, $bytes)
        (Test-LettaBackup $backup | Where-Object { -not $_.IsValid }).Path | Should -Be $file.FullName
    }
}

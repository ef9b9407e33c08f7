#Requires -Modules @{ ModuleName = 'Pester'; ModuleVersion = '5.5.0' }

# The examples of the pages that a server alone is enough for. Those on databases and containers run in the other .NET tests.

BeforeDiscovery {
    $docs = Join-Path $PSScriptRoot '..' '..' 'docs' 'cmdlets' | Resolve-Path
    $elsewhere = 'LettaDatabase|LettaKeptDatabase|LettaSchema|-LettaServer|LettaUpgrade|Compatibility|docker |-Digest|-KeyVault|exit |-DatabaseUri'
    $examples = foreach ($page in Get-ChildItem $docs -Filter *.md) {
        $text = (Get-Content $page -Raw) -split '(?m)^## Examples$' | Select-Object -Last 1
        foreach ($match in [regex]::Matches($text, '(?ms)^### ([^\n]+)\n\n```powershell\n(.*?)^```')) {
            $code = $match.Groups[2].Value
            if ($code -notmatch $elsewhere) { @{ Page = $page.BaseName; Title = $match.Groups[1].Value; Code = $code } }
        }
    }
}

BeforeAll {
    . (Join-Path $PSScriptRoot 'Sandbox.ps1')
    $env:XDG_CONFIG_HOME = Join-Path $TestDrive 'config'
    $env:LETTA_WORK_KEY = 'a password'

    $sandbox = Open-Sandbox
    $address = $sandbox.Uri
    Connect-Letta $address
    $work = (New-Item (Join-Path $TestDrive 'work') -ItemType Directory).FullName
    Export-LettaAgent -Path (Join-Path $work 'backup') | Out-Null
    $set = (Get-ChildItem (Join-Path $work 'backup') -Directory).FullName | Rename-Item -NewName 'letta-backup-20261123T013000Z' -PassThru
    Restore-LettaAgent $set -Conflict Duplicate | Out-Null
    Copy-Item (Get-ChildItem $set -Filter *.af | Select-Object -First 1).FullName (Join-Path $work 'memo.af')
    Copy-Item (Join-Path $set 'id-map.json') $work
    Set-Content (Join-Path $work 'compose.yml') "services:`n  letta:`n    image: letta/letta:0.16.2"
    Set-Content (Join-Path $work 'servers.csv') "BaseUri,KeyVariable`n$address,"
    $old = (Get-Content (Join-Path $set 'id-map.json') -Raw | ConvertFrom-Json -AsHashtable).servers.Values[0].agents.Keys[0]
    foreach ($folder in '.letta', 'projects/thesis/.letta') {
        New-Item (Join-Path $work $folder) -ItemType Directory -Force | Out-Null
        Set-Content (Join-Path $work $folder 'settings.local.json') "{ `"lastAgent`": `"$old`" }"
    }

    New-Item (Join-Path $work 'letta-backup-20260117') -ItemType Directory | Out-Null
    foreach ($file in 'old.json', 'state.json', 'letta-backup-20260117/agent.json') {
        Set-Content (Join-Path $work $file) (Invoke-RestMethod "${address}v1/agents/$((Get-LettaAgent Memo | Select-Object -First 1).Id)" | ConvertTo-Json -Depth 30)
    }

    Save-LettaConnection home
    Mock Read-Host { [Net.NetworkCredential]::new('', 'a password').SecurePassword }
    Push-Location $work
}

AfterAll {
    Pop-Location
    Close-Sandbox $sandbox
}

Describe 'The examples of the pages' {
    It '<Page>: <Title>' -ForEach $examples {
        Connect-Letta $address
        if (-not (Get-LettaConnection -ListSaved | Where-Object Name -eq home)) { Save-LettaConnection home }
        $here = $Code -replace 'http://localhost:8[23]83|https://letta\.example\.org', $address -replace '~/', "$work/" -replace '/srv/', "$work/srv/" -replace '(?m)^Connect-Letta$', "Connect-Letta $address"
        $Error.Clear()
        & ([scriptblock]::Create($here)) | Out-Null
        $Error | Should -BeNullOrEmpty
    }
}

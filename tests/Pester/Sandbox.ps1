# Dot-sourced by the tests in BeforeAll: the built module, and a stand-in Letta server of their own. Needs no more than dotnet and what build.ps1 Build made.

$root = Join-Path $PSScriptRoot '..' '..' | Resolve-Path | ForEach-Object Path
Import-Module (Join-Path $root 'out' 'LettaPS' 'LettaPS.psd1') -Force

function Open-Sandbox {
    param([string] $Release = '0.16.8')
    $program = Get-ChildItem (Join-Path $root 'tests' 'LettaPS.Sandbox' 'bin') -Recurse -Filter 'LettaPS.Sandbox.dll' |
        Sort-Object LastWriteTime | Select-Object -Last 1
    $log = Join-Path $TestDrive "sandbox-$([guid]::NewGuid()).log"
    $process = Start-Process dotnet -ArgumentList $program.FullName, '--port', '0', '--release', $Release -RedirectStandardOutput $log -PassThru
    foreach ($attempt in 1..300) {
        $address = (Get-Content $log -ErrorAction Ignore | Select-String 'http://\S+').Matches.Value | Select-Object -First 1
        if ($address) { return [pscustomobject]@{ Uri = $address; Process = $process } }
        Start-Sleep -Milliseconds 100
    }

    throw "The sandbox did not start after $attempt attempts."
}

function Close-Sandbox {
    param([object] $Sandbox)
    Disconnect-Letta
    if ($Sandbox) { $Sandbox.Process.Kill() }
}

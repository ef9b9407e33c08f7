# Dot-sourced by the tests in BeforeAll: the installed module (Invoke-Suite.ps1), and a stand-in Letta server of their own. A file that is run alone takes the
# module that the build laid out.

$root = Join-Path $PSScriptRoot '..' '..' | Resolve-Path | ForEach-Object Path
Import-Module ($env:LETTAPS_TEST_MODULE ? $env:LETTAPS_TEST_MODULE : (Join-Path $root 'out' 'LettaPS' 'LettaPS.psd1')) -Force

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

#Requires -Version 7.4

<#
.SYNOPSIS
Builds, tests and packs LettaPS.
.DESCRIPTION
A thin wrapper around dotnet. MSBuild does everything that matters, so that a machine without PowerShell can do it too. On such a machine the script itself runs
under the PowerShell of the tool manifest: dotnet tool restore, then dotnet pwsh build.ps1.
.PARAMETER Task
Specifies what to do. Build: lays the module out in out/LettaPS. Test: runs all tests. Pester: runs the Pester suite on the package. Analyze: runs
PSScriptAnalyzer, if it and Pester are installed. Pack: writes the package to out/. Install: installs the module for the current user. Clean: removes what was built.
.PARAMETER Configuration
Debug or Release.
.PARAMETER Scope
For whom Install installs the module: CurrentUser, or AllUsers, which takes an elevated session (sudo).
.EXAMPLE
./build.ps1 Build, Test
.EXAMPLE
sudo pwsh ./build.ps1 Install -Scope AllUsers

Installs the module for every user of the machine, the user of a systemd unit among them.
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0)]
    [ValidateSet('Build', 'Test', 'Pester', 'Analyze', 'Pack', 'Install', 'Clean')]
    [string[]] $Task = 'Build',

    [ValidateSet('Debug', 'Release')]
    [string] $Configuration = 'Release',

    [ValidateSet('CurrentUser', 'AllUsers')]
    [string] $Scope = 'CurrentUser'
)

$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $true
$solution = Join-Path $PSScriptRoot 'LettaPS.sln'
$module = Join-Path $PSScriptRoot 'out' 'LettaPS'

foreach ($step in $Task) {
    switch ($step) {
        'Build' { dotnet build $solution --configuration $Configuration }
        'Test' { dotnet test $solution --configuration $Configuration }
        'Pester' { dotnet test (Join-Path $PSScriptRoot 'tests' 'LettaPS.Pester.Tests') --configuration $Configuration }
        'Analyze' {
            foreach ($name in 'Pester', 'PSScriptAnalyzer') {
                if (-not (Get-Module $name -ListAvailable)) { throw "$name is not installed. Install it: Install-PSResource $name" }
            }

            dotnet build $solution --configuration $Configuration
            $result = Invoke-Pester -Path (Join-Path $PSScriptRoot 'tests' 'Pester' 'ScriptAnalyzer.Tests.ps1') -PassThru
            if ($result.Result -ne 'Passed') { throw "$($result.FailedCount) scripts have findings." }
        }
        'Pack' {
            dotnet pack (Join-Path $PSScriptRoot 'src' 'LettaPS') --configuration Release
        }
        'Install' {
            dotnet build (Join-Path $PSScriptRoot 'src' 'LettaPS') --configuration Release
            $version = (Import-PowerShellDataFile (Join-Path $module 'LettaPS.psd1')).ModuleVersion
            $modules = if ($Scope -eq 'CurrentUser') { ($env:PSModulePath -split [IO.Path]::PathSeparator)[0] }
            elseif ($IsWindows) { Join-Path $env:ProgramFiles 'PowerShell' 'Modules' }
            else { '/usr/local/share/powershell/Modules' }
            $target = Join-Path $modules 'LettaPS' $version
            New-Item $target -ItemType Directory -Force | Out-Null
            Copy-Item (Join-Path $module '*') $target -Recurse -Force
            "Installed LettaPS $version in '$target' for $($Scope -eq 'AllUsers' ? 'all users' : 'the current user')."
        }
        'Clean' {
            dotnet clean $solution --configuration $Configuration
            Remove-Item (Join-Path $PSScriptRoot 'out') -Recurse -ErrorAction Ignore
        }
    }
}

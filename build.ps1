#Requires -Version 7.4

<#
.SYNOPSIS
Builds, tests and packs LettaPS.
.DESCRIPTION
A thin wrapper around dotnet: everything that matters is done by MSBuild, so that a machine without PowerShell can do it too.
.PARAMETER Task
Build: the module, in out/LettaPS. Test: all .NET tests. Pester: what a user would type, in this PowerShell, against the sandbox.
Pack: a package that Install-PSResource takes, in out/. Install: builds the module only and installs it. Clean: removes what was built.
.PARAMETER Configuration
Debug or Release.
.PARAMETER Scope
For whom Install installs the module: CurrentUser, or AllUsers, which takes an elevated session (sudo).
.EXAMPLE
./build.ps1 Build, Test, Pester
.EXAMPLE
sudo pwsh ./build.ps1 Install -Scope AllUsers

Installs the module for every user of the machine, the user of a systemd unit among them.
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0)]
    [ValidateSet('Build', 'Test', 'Pester', 'Pack', 'Install', 'Clean')]
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
        'Pester' {
            dotnet build $solution --configuration $Configuration
            if (-not (Get-Module Pester -ListAvailable | Where-Object Version -GE '5.5.0')) {
                Write-Warning 'Skipped: Pester 5.5 or later is not installed. Install-PSResource Pester installs it.'
                break
            }

            $result = Invoke-Pester -Path (Join-Path $PSScriptRoot 'tests' 'Pester') -PassThru
            if ($result.FailedCount -gt 0) { throw "$($result.FailedCount) Pester tests failed." }
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

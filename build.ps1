#Requires -Version 7.4

<#
.SYNOPSIS
Builds, tests and packs LettaPS.
.DESCRIPTION
A thin wrapper around dotnet: everything that matters is done by MSBuild, so that a machine without PowerShell can do it too.
.PARAMETER Task
Build: the module, in out/LettaPS. Test: all .NET tests. Pester: what a user would type, in this PowerShell, against the sandbox.
Pack: a package that Install-PSResource takes, in out/. Install: the module, for the current user. Clean: removes what was built.
.PARAMETER Configuration
Debug or Release.
.EXAMPLE
./build.ps1 Build, Test, Pester
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0)]
    [ValidateSet('Build', 'Test', 'Pester', 'Pack', 'Install', 'Clean')]
    [string[]] $Task = 'Build',

    [ValidateSet('Debug', 'Release')]
    [string] $Configuration = 'Release'
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
            dotnet build $solution --configuration Release
            $version = (Import-PowerShellDataFile (Join-Path $module 'LettaPS.psd1')).ModuleVersion
            $target = Join-Path ($env:PSModulePath -split [IO.Path]::PathSeparator)[0] 'LettaPS' $version
            New-Item $target -ItemType Directory -Force | Out-Null
            Copy-Item (Join-Path $module '*') $target -Recurse -Force
        }
        'Clean' {
            dotnet clean $solution --configuration $Configuration
            Remove-Item (Join-Path $PSScriptRoot 'out') -Recurse -ErrorAction Ignore
        }
    }
}

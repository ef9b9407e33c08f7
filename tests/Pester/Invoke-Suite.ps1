#Requires -Version 7.4

<#
.SYNOPSIS
Installs the package of the module from a local folder and runs the Pester suite on it.
.DESCRIPTION
The package is installed with Install-PSResource into a module path of its own, which no other module of the user is in. The tests run in this process.
.PARAMETER PackagePath
Specifies the folder with the package that 'dotnet pack' made.
.PARAMETER ModulePath
Specifies the folder to install the package into.
.PARAMETER PesterPath
Specifies the manifest of Pester. The default is the Pester that is installed.
.PARAMETER ResultPath
Specifies the file for the results, as JSON. By default, a failed test ends the script with an error.
.PARAMETER ExcludeTag
Specifies the tags of the tests that are left out.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [string] $PackagePath,

    [Parameter(Mandatory)]
    [string] $ModulePath,

    [string] $PesterPath = 'Pester',

    [string] $ResultPath,

    [string[]] $ExcludeTag = @()
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$null = New-Item $ModulePath -ItemType Directory -Force
Import-Module $PesterPath

# The repository is registered for this run only, in a store of its own.
$store = $env:XDG_DATA_HOME
$paths = $env:PSModulePath
$env:XDG_DATA_HOME = $ModulePath
try {
    Register-PSResourceRepository -Name LettaPSPackages -Uri $PackagePath -Trusted -Force
    if ($IsWindows) {
        # Windows has one module path per user, which the tests leave alone.
        Save-PSResource LettaPS -Repository LettaPSPackages -Path $ModulePath
        $installed = $ModulePath
    }
    else {
        Install-PSResource LettaPS -Repository LettaPSPackages -Scope CurrentUser
        $installed = Join-Path $ModulePath 'powershell' 'Modules'
    }

    $env:PSModulePath = $installed, (Join-Path $PSHOME 'Modules') -join [IO.Path]::PathSeparator
    $env:LETTAPS_TEST_MODULE = (Get-Module LettaPS -ListAvailable).Path
    if (-not $env:LETTAPS_TEST_MODULE) { throw "The package was not installed into '$installed'." }

    $configuration = New-PesterConfiguration
    $configuration.Run.Path = $PSScriptRoot
    $configuration.Run.PassThru = $true
    $configuration.Filter.ExcludeTag = $ExcludeTag
    $configuration.Output.Verbosity = $ResultPath ? 'None' : 'Normal'
    $run = Invoke-Pester -Configuration $configuration
}
finally {
    $env:XDG_DATA_HOME = $store
    $env:PSModulePath = $paths
    $env:LETTAPS_TEST_MODULE = $null
}

if ($ResultPath) {
    $results = @(
        foreach ($container in $run.FailedContainers) {
            @{ Name = Split-Path $container.Item -Leaf; Outcome = 'Failed'; Message = $container.ErrorRecord -join "`n" }
        }

        foreach ($test in $run.Tests) {
            if ($test.Result -eq 'NotRun' -and $ExcludeTag) { continue }
            @{
                Name    = "$(Split-Path $test.ScriptBlock.File -Leaf): $($test.ExpandedPath)"
                Outcome = "$($test.Result)"
                Message = @($test.ErrorRecord; $test.Block.ErrorRecord) -join "`n"
            }
        }
    )
    ConvertTo-Json $results -AsArray | Set-Content $ResultPath
}
elseif ($run.Result -ne 'Passed') {
    throw "$($run.FailedCount) Pester tests failed."
}

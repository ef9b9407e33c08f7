#Requires -Version 7.4

<#
.SYNOPSIS
Installs the package of the module from a local folder and runs the Pester suite on it.
.DESCRIPTION
LettaPS.Pester.Tests runs this script as part of 'dotnet test'. HOME is an empty folder, so that the package is installed into a module path of its own and the
package repository is registered for this run only.
.PARAMETER PackagePath
Specifies the folder with the package that 'dotnet pack' made.
.PARAMETER PesterPath
Specifies the manifest of Pester.
.PARAMETER ResultPath
Specifies the file for the results, as JSON.
.PARAMETER ExcludeTag
Specifies the tags of the tests that are left out.
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory)]
    [string] $PackagePath,

    [Parameter(Mandatory)]
    [string] $PesterPath,

    [Parameter(Mandatory)]
    [string] $ResultPath,

    [string[]] $ExcludeTag = @()
)

$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
Import-Module $PesterPath
Register-PSResourceRepository -Name LettaPSPackages -Uri $PackagePath -Trusted
if ($IsWindows) {
    # Windows has one module path per user, which the tests leave alone.
    $modules = New-Item (Join-Path $PackagePath 'modules') -ItemType Directory
    Save-PSResource LettaPS -Repository LettaPSPackages -Path $modules
}
else {
    $modules = Join-Path $HOME '.local' 'share' 'powershell' 'Modules'
    Install-PSResource LettaPS -Repository LettaPSPackages -Scope CurrentUser
}

$env:PSModulePath = $modules, (Join-Path $PSHOME 'Modules') -join [IO.Path]::PathSeparator
$env:LETTAPS_TEST_MODULE = (Get-Module LettaPS -ListAvailable).Path
if (-not $env:LETTAPS_TEST_MODULE) { throw "The package was not installed into '$modules'." }

$configuration = New-PesterConfiguration
$configuration.Run.Path = $PSScriptRoot
$configuration.Run.PassThru = $true
$configuration.Filter.ExcludeTag = $ExcludeTag
$configuration.Output.Verbosity = 'None'
$run = Invoke-Pester -Configuration $configuration

$results = @(
    foreach ($container in $run.FailedContainers) {
        @{ Name = Split-Path $container.Item -Leaf; Outcome = 'Failed'; Message = $container.ErrorRecord -join "`n" }
    }

    foreach ($test in $run.Tests) {
        # A test that is left out by its tag did not run.
        if ($test.Result -eq 'NotRun' -and -not $test.ShouldRun) { continue }
        @{
            Name    = "$(Split-Path $test.ScriptBlock.File -Leaf): $($test.ExpandedPath)"
            Outcome = "$($test.Result)"
            Message = @($test.ErrorRecord; $test.Block.ErrorRecord) -join "`n"
        }
    }
)
$results | ConvertTo-Json -AsArray | Set-Content $ResultPath

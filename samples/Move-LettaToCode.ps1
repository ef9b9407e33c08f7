#Requires -Version 7.4
#Requires -Modules LettaPS

<#
.SYNOPSIS
Moves the agents of a Letta V1 server into the local backend of Letta Code: health, last backup, conversion, pins, and what to type next.
.DESCRIPTION
Checks the server, makes a last set of all agents and a dump of the database, verifies both, converts every agent of the set, and lists what could not be carried. The
server itself is not changed: to go back, use it as before.

If the backup is not complete and verified, nothing is converted.
.PARAMETER Path
The folder for the last backup. It is made where it does not exist.
.PARAMETER DestinationPath
The root folder of the local backend. The default is where Letta Code looks.
.PARAMETER Connection
The server, as Connect-Letta -PassThru gives it. The default is the server of LETTA_BASE_URL.
.PARAMETER ServerName
Container or compose service of the server whose database is dumped. The default is the container that serves the address of the server.
.PARAMETER DatabaseUri
Address of a database that no container of this machine runs: postgresql://user:password@host:5432/database.
.PARAMETER NoDump
Backs up the agents only.
.PARAMETER Model
The handle of the model for all agents. The default is the first model that the client has.
.PARAMETER SystemPrompt
Keep, the default, or LettaCode, which lets the client use its own prompt.
.PARAMETER Pin
Moves pins of Letta Code to the new identifiers, and pins every agent.
.PARAMETER Force
Replaces agents that are at the destination. What they have learnt in Letta Code is lost.
.EXAMPLE
./Move-LettaToCode.ps1 ~/letta-last -Pin

Moves all agents of the server of LETTA_BASE_URL.
.EXAMPLE
./Move-LettaToCode.ps1 ~/letta-last -DestinationPath ./trial -NoDump

Tries the move in a folder of its own.
.EXAMPLE
./Move-LettaToCode.ps1 ~/letta-last -WhatIf

Says what would be written.
#>
[CmdletBinding(SupportsShouldProcess)]
[OutputType([PSObject])]
param(
    [Parameter(Mandatory, Position = 0)]
    [ValidateNotNullOrEmpty()]
    [string] $Path,

    [ValidateNotNullOrEmpty()]
    [string] $DestinationPath,

    [ValidateNotNull()]
    [object] $Connection,

    [ValidateNotNullOrEmpty()]
    [string] $ServerName,

    [ValidateNotNullOrEmpty()]
    [string] $DatabaseUri,

    [switch] $NoDump,

    [ValidateNotNullOrEmpty()]
    [string] $Model,

    [ValidateSet('Keep', 'LettaCode')]
    [string] $SystemPrompt = 'Keep',

    [switch] $Pin,

    [switch] $Force
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$Path = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($Path)
if (-not $Connection) { $Connection = Connect-Letta -PassThru }

# A server that is not well can still be left: its database has everything. But whoever leaves it should know.
Test-LettaHealth -Connection $Connection | Where-Object { $_.Status -eq 'Failed' } | ForEach-Object { Write-Warning "Health: $($_.Message)" }

$agents = @(Export-LettaAgent -Connection $Connection -Path $Path)
if ($WhatIfPreference) { return }
$incomplete = @($agents | Where-Object { -not $_.IsComplete })
foreach ($agent in $incomplete) { Write-Warning "The backup of '$($agent.AgentName)' is not complete: $($agent.Missing -join ' ')" }

if (-not $NoDump) {
    $target = @{}
    if ($DatabaseUri) { $target.DatabaseUri = $DatabaseUri }
    if ($ServerName) { $target.Name = $ServerName }
    $dump = Backup-LettaDatabase -Path "$Path/" @target
    $damaged = @(Test-LettaBackup -LiteralPath $dump.Path | Where-Object { -not $_.IsValid })
    if ($damaged.Count -gt 0) { throw "The dump '$($dump.Path)' was not verified. Nothing was converted." }
}

$set = Get-LettaBackup -LiteralPath $Path | Where-Object { $_.Kind -eq 'Agents' -and $_.Server -eq $Connection.BaseUri } | Sort-Object CreatedAt | Select-Object -Last 1
$damaged = @(Test-LettaBackup -LiteralPath $set.Path | Where-Object { -not $_.IsValid })
if ($damaged.Count -gt 0) { throw "The backup '$($set.Path)' was not verified: $($damaged.Path -join ', '). Nothing was converted." }

# An agent that cannot be converted, or is there already, does not keep the others from being converted.
$options = @{ SystemPrompt = $SystemPrompt; Pin = $Pin; Force = $Force; ErrorAction = 'Continue' }
if ($DestinationPath) { $options.DestinationPath = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($DestinationPath) }
if ($Model) { $options.Model = $Model }
$converted = @(ConvertTo-LettaCodeAgent -LiteralPath $set.Path @options)
$converted

foreach ($agent in $converted) {
    foreach ($item in $agent.Missing) { Write-Verbose "$($agent.AgentName), missing: $item" }
    foreach ($item in $agent.Warnings) { Write-Verbose "$($agent.AgentName): $item" }
}

Write-Information "$($converted.Count) of $($agents.Count) agents are in Letta Code. The last backup is '$($set.Path)'; the server is unchanged." -InformationAction Continue
if ($converted.Count -gt 0) {
    Write-Information "Type next:`n  $($converted[0].NextSteps -join "`n  ")" -InformationAction Continue
}

#Requires -Version 7.4
#Requires -Modules LettaPS

<#
.SYNOPSIS
Mends the database of a Letta server that a broken upgrade left with the wrong schema: the night of January 17, as it should have gone.
.DESCRIPTION
The image moved, columns are missing, clients get 500 and 409. In this order:

1. Compare-LettaSchema says what the release needs and the database lacks.
2. Backup-LettaDatabase dumps the database as it is.
3. Invoke-LettaSchemaFix adds what is missing, in one transaction, and hands a database that alembic does not know over to it. No agent is exported and
   imported, no database dropped, nothing removed.
4. The comparison is made again, and Test-LettaHealth examines the server.

Where nothing is broken, nothing is done. A database that is merely old is not patched but migrated: use Update-LettaSchema.
.PARAMETER Version
The release that the server runs, such as 0.16.2. Without it, what the server says.
.PARAMETER BackupPath
The folder for the dump. It is made where it does not exist.
.PARAMETER Name
Container or compose service of the server, where it runs in one. Not needed where there is one server only.
.PARAMETER DatabaseUri
Address of a database that no container of this machine runs: postgresql://user:password@host:5432/database. The server is then that of LETTA_BASE_URL.
.PARAMETER Connection
The server, as Connect-Letta -PassThru gives it, where it is neither in a container here nor that of LETTA_BASE_URL.
.PARAMETER ApiKey
The server's password. Without it LETTA_API_KEY, if set.
.EXAMPLE
./Repair-Letta.ps1 -BackupPath ~/letta-backup -WhatIf

Shows what is broken and every statement that would run.
.EXAMPLE
./Repair-Letta.ps1 -BackupPath ~/letta-backup

Mends the only server of this machine.
.EXAMPLE
./Repair-Letta.ps1 0.16.2 ~/letta-backup -DatabaseUri $env:LETTA_PG_URI

Mends a database for a server of 0.16.2 that is elsewhere.
.OUTPUTS
One object: Version, Broken (what was), Statements (how many ran), Dump, Revision, Health (what is not well now).
#>
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'Medium')]
[OutputType([pscustomobject])]
param(
    [Parameter(Position = 0)]
    [ValidatePattern('^\d+\.\d+\.\d+$')]
    [string] $Version,

    [Parameter(Mandatory, Position = 1)]
    [ValidateNotNullOrEmpty()]
    [string] $BackupPath,

    [ValidateNotNullOrEmpty()]
    [string] $Name,

    [ValidateNotNullOrEmpty()]
    [string] $DatabaseUri,

    [ValidateNotNull()]
    [object] $Connection,

    [securestring] $ApiKey
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$BackupPath = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($BackupPath)
$access = @{}
if ($ApiKey) { $access.ApiKey = $ApiKey }
$named = @{}
if ($Name) { $named.Name = $Name }

# The server need not be well: Connect-Letta keeps a connection to one that answers 500, with a warning that says what is said here anyway.
if (-not $Connection) {
    $Connection = if ($DatabaseUri) { Connect-Letta @access -PassThru -WarningAction SilentlyContinue } else {
        Get-LettaServer @named | Connect-Letta @access -PassThru -WarningAction SilentlyContinue
    }
}
if (@($Connection).Count -ne 1) { throw "There are $(@($Connection).Count) servers: $($Connection -join ', '). Give -Name." }
if (-not $Version) { $Version = $Connection.LettaVersion }
$at = @{ Connection = $Connection }
if ($DatabaseUri) { $at.DatabaseUri = $DatabaseUri }

$broken = @(Compare-LettaSchema -Version $Version @at | Where-Object Severity -EQ 'Breaks')
$dump = $null
$fixed = @()
if ($broken) {
    $PSCmdlet.WriteVerbose("What $Version needs and is not there: $($broken -join '; ')")
    $target = $named
    if ($DatabaseUri) { $target = @{ DatabaseUri = $DatabaseUri } }
    $dump = Backup-LettaDatabase -Path "$BackupPath/" @target
    $fixed = @(Invoke-LettaSchemaFix -Version $Version -AdoptAlembic @at)
    if ($WhatIfPreference) { return $fixed }
}

$report = Compare-LettaSchema -Version $Version -Summary @at
if (-not $report.IsUsable) { throw "$($report.BreakCount) differences are left that break ${Version}: $(($fixed | Where-Object Status -EQ 'Left').Message -join '; ')" }
[pscustomobject]@{
    Version    = $Version
    Broken     = $broken
    Statements = @($fixed | Where-Object Status -EQ 'Done').Count
    Dump       = $dump ? $dump.Path : $null
    Revision   = $report.Revision
    Health     = @(Test-LettaHealth @at | Where-Object Status -In 'Warning', 'Failed')
}

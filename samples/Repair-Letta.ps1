#Requires -Version 7.4
#Requires -Modules LettaPS

<#
.SYNOPSIS
Repairs a Letta V1 server that an image pull broke: the database has the wrong schema, or the image has become Letta Code.
.DESCRIPTION
The image moved to another release, columns are missing, and clients get 500 and 409. The script does this, in this order:

1. Compare-LettaSchema reports what the release needs and the database lacks.
2. Backup-LettaDatabase dumps the database as it is.
3. Invoke-LettaSchemaFix adds what is missing, in one transaction, and hands a database that alembic does not know over to it. No agent is exported and
   imported, no database dropped, nothing removed.
4. The comparison is made again, and Test-LettaHealth examines the server.

The image 'letta/letta:latest' has become Letta Code, another product, and the container ends with exit code 64. Then the script does this:

1. Compare-LettaSchema finds the release that the database was last used with. If PostgreSQL was in the server's own container, a temporary container of
   another image reads the volume.
2. Backup-LettaDatabase dumps the database.
3. Set-LettaImagePin pins the compose file to that release. Only the bytes of the reference change.
4. docker compose pulls the image and recreates the container.
5. The agents are listed.

If the image of the V1 server cannot be pulled, the agents are exported from the volume, and the script says where they are.

Nothing is done to a server that is not broken. A database that is merely old is not patched but migrated: use Update-LettaSchema.
.PARAMETER Version
The release that the server runs, such as 0.16.2. The default is what the server reports, or the release that the database was last used with.
.PARAMETER BackupPath
The folder for the dump. It is created if it does not exist.
.PARAMETER Name
Container or compose service of the server, if it runs in one. Not needed if there is one server only.
.PARAMETER DatabaseUri
URI of a database that no container of this machine runs: postgresql://user:password@host:5432/database. The server is then that of LETTA_BASE_URL.
.PARAMETER Connection
The server, as Connect-Letta -PassThru returns it, if it is neither in a container here nor that of LETTA_BASE_URL.
.PARAMETER ApiKey
The server's password. The default is LETTA_API_KEY, if set.
.PARAMETER TimeoutSec
How long the server may take to answer after it was started. The default is 600 seconds.
.EXAMPLE
./Repair-Letta.ps1 -BackupPath ~/letta-backup -WhatIf

Shows what is broken and every change that would be made.
.EXAMPLE
./Repair-Letta.ps1 -BackupPath ~/letta-backup

Repairs the only server of this machine.
.EXAMPLE
./Repair-Letta.ps1 0.16.2 ~/letta-backup -DatabaseUri $env:LETTA_PG_URI

Repairs a database for a server of 0.16.2 that is elsewhere.
.OUTPUTS
One object: Version, Broken (what was), Statements (how many ran), Dump, Revision, Health (what is not well now), and, if the image had become Letta Code,
Image and Agents.
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

    [securestring] $ApiKey,

    [ValidateRange(1, 86400)]
    [int] $TimeoutSec = 600
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$BackupPath = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($BackupPath)
$access = @{}
if ($ApiKey) { $access.ApiKey = $ApiKey }
$named = @{}
if ($Name) { $named.Name = $Name }

# An error with an identifier that stays the same from release to release.
function New-Failure {
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'It changes nothing.')]
    param([string] $ErrorId, [string] $Message)
    [Management.Automation.ErrorRecord]::new([InvalidOperationException]::new($Message), $ErrorId, 'InvalidOperation', $null)
}

function Invoke-Docker {
    param([string[]] $Argument)
    $output = & docker @Argument 2>&1
    if ($LASTEXITCODE -ne 0) { throw (New-Failure 'DockerFailed' "docker $Argument ended with ${LASTEXITCODE}: $($output -join ' ')") }
}

function Invoke-Compose {
    param([object] $Server, [string[]] $Argument)
    $files = $Server.ComposeFile | ForEach-Object { '--file', $_ }
    Invoke-Docker (@('compose', '--project-name', $Server.Project) + $files + $Argument)
}

# What the database of a server is, although its image can no longer read it.
function Get-DatabaseReport {
    param([object] $Server)
    if ($Server.Database.Kind -eq 'Container') { Invoke-Docker 'start', $Server.Database.Container }
    try { Compare-LettaSchema -Server $Server -Summary }
    catch {
        if ($_.FullyQualifiedErrorId -notlike 'PostgresImageNotFound*') { throw }

        # Any image with the same PostgreSQL will do to read the volume. All images of the V1 server have PostgreSQL 15.
        try { Invoke-Docker 'pull', 'letta/letta:0.16.8' } catch { Invoke-Docker 'pull', 'pgvector/pgvector:pg15' }
        Compare-LettaSchema -Server $Server -Summary
    }
}

# The agents straight from the volume, for a server that cannot be brought back.
function Export-FromVolume {
    param([object] $Server, [string] $Path)
    $address = $env:LETTA_BASE_URL
    try {
        $env:LETTA_BASE_URL = $Server.BaseUri
        Export-LettaAgent -Path $Path -Source Database -Confirm:$false
    }
    finally { $env:LETTA_BASE_URL = $address }
}

# The image has become Letta Code: back to the release that the database was last used with.
function Invoke-WayBack {
    param([object] $Server, [string] $Version, [string] $BackupPath)
    $report = Get-DatabaseReport $Server
    if (-not $Version -and $report.Revision) { $Version = (Get-LettaRelease -Revision $report.Revision).Version }
    if (-not $Version) { $Version = ($report.EquivalentReleases | Select-Object -Last 1) ?? $report.NearestRelease }
    if (-not $Version) { throw (New-Failure 'ReleaseNotFound' "The database of $($Server.Name) is not one of the V1 server: there is no release to go back to. Give -Version if you know it.") }
    $image = "letta/letta:$Version"
    if (-not $Server.Service) {
        throw (New-Failure 'ComposeProjectNotFound' "$($Server.Name) runs Letta Code in the place of Letta $Version, and was not created by docker compose. Recreate it by hand with the same volumes and $image.")
    }

    $files = @{ LiteralPath = $Server.ComposeFile; Service = $Server.Service }
    if (-not $PSCmdlet.ShouldProcess($Server.Name, "Dump the database, pin $image and recreate the container")) {
        Set-LettaImagePin @files -Version $Version -WhatIf
        return
    }

    $dump = $Server | Backup-LettaDatabase -Path "$BackupPath/"
    Set-LettaImagePin @files -Version $Version -Confirm:$false
    $image = @(Get-LettaImagePin @files)[-1].Resolved
    $reason = "docker compose pull skips the service '$($Server.Service)'"
    try { Invoke-Compose $Server 'pull', $Server.Service } catch { $reason = "$_" }
    & docker image inspect $image *> $null
    if ($LASTEXITCODE -ne 0) {
        $agents = @(Export-FromVolume $Server $BackupPath)
        throw (New-Failure 'ImagePullFailed' "The image '$image' cannot be pulled: $reason. The $($agents.Count) agents are exported to '$BackupPath', the dump is '$($dump.Path)', and the volume is unchanged.")
    }

    Invoke-Compose $Server 'up', '--detach', '--no-deps', '--force-recreate', $Server.Service
    Start-LettaServer $Server.Name -Wait -TimeoutSec $TimeoutSec
    $connection = Get-LettaServer $Server.Name | Connect-Letta @access -PassThru
    [pscustomobject]@{
        Version    = $connection.LettaVersion
        Broken     = @("$($Server.Image) is Letta Code")
        Statements = 0
        Dump       = $dump.Path
        Revision   = $report.Revision
        Health     = @(Test-LettaHealth -Connection $connection | Where-Object Status -In 'Warning', 'Failed')
        Image      = $image
        Agents     = @(Get-LettaAgent -Connection $connection)
    }
}

# The server need not be well: Connect-Letta keeps a connection to one that answers 500, with a warning that says what is said here anyway.
if (-not $Connection) {
    $Connection = if ($DatabaseUri) { Connect-Letta @access -PassThru -WarningAction SilentlyContinue } else {
        $server = @(Get-LettaServer @named | Where-Object Product -NE 'AppServer')
        if ($server.Count -ne 1) { throw (New-Failure 'ServerAmbiguous' "There are $($server.Count) servers: $($server.Name -join ', '). Give -Name.") }
        if ($server[0].Product -eq 'LettaCode') { return Invoke-WayBack $server[0] $Version $BackupPath }
        $server | Connect-Letta @access -PassThru -WarningAction SilentlyContinue
    }
}
if (@($Connection).Count -ne 1) { throw (New-Failure 'ServerAmbiguous' "There are $(@($Connection).Count) servers: $($Connection -join ', '). Give -Name.") }
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
if (-not $report.IsUsable) { throw (New-Failure 'SchemaFixFailed' "$($report.BreakCount) differences are left that break ${Version}: $(($fixed | Where-Object Status -EQ 'Left').Message -join '; ')") }
[pscustomobject]@{
    Version    = $Version
    Broken     = $broken
    Statements = @($fixed | Where-Object Status -EQ 'Done').Count
    Dump       = $dump ? $dump.Path : $null
    Revision   = $report.Revision
    Health     = @(Test-LettaHealth @at | Where-Object Status -In 'Warning', 'Failed')
}

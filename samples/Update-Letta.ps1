#Requires -Version 7.4
#Requires -Modules LettaPS

<#
.SYNOPSIS
Moves a Letta server in a container to another release, and back by itself if anything goes wrong.
.DESCRIPTION
For a server that docker compose runs. In this order:

0. Compose must be there (docker compose, docker-compose or Podman's), and the compose file must describe the container as it is: if more than the image
   would change, the script refuses.
1. Test-LettaUpgrade must not say Blocked (this includes Letta Code and PostgreSQL), and Test-LettaHealth must find nothing that fails.
2. Every agent is exported into a backup set, and the set is examined.
3. Where tool messages would be damaged by the new release, they are put right (Invoke-LettaSchemaFix -Kind MessageData).
4. The compose file is pinned to the new release and the image is pulled, while the old release still runs.
5. The server is stopped and its database dumped, so that nothing is written after the dump.
6. The new release is started; it migrates the database. It must answer within -TimeoutSec.
7. Compare-LettaSchema must find nothing that breaks. If the start script of the image was bypassed, Update-LettaSchema migrates.
8. Health must find nothing that fails, and every agent is exported again: each must be there with at least the messages, passages, blocks, tools and files
   that it had.

If anything from 4 on fails, or Ctrl+C is pressed, everything is put back: the bytes of the compose and env files, the database as it was in the dump, the container of
the old release. The database that the new release made is kept under a dated name. A reference that floated, or that named another image than the one that
ran, stays pinned to what ran. The script then ends with an error that says what failed.
.PARAMETER Version
The release to move to, such as 0.16.8.
.PARAMETER BackupPath
The folder for the backup sets and the dump. It is made where it does not exist.
.PARAMETER Name
Container or compose service of the server. Not needed where there is one server only.
.PARAMETER ApiKey
The server's password. Without it LETTA_API_KEY, if set.
.PARAMETER Compose
The command that runs compose, such as docker-compose or 'podman', 'compose'. The default is the first of these that works: docker compose, docker-compose,
podman compose, podman-compose.
.PARAMETER NoPull
Pull nothing: the image of the new release is there already.
.PARAMETER TimeoutSec
How long the new release may take to migrate the database and to answer, in seconds: 1 to 86400.
.EXAMPLE
./Update-Letta.ps1 0.16.8 ~/letta-backup

Asks, and moves the only server to 0.16.8.
.EXAMPLE
./Update-Letta.ps1 0.16.8 ~/letta-backup -WhatIf

Makes every test that comes before a change, and changes nothing.
.EXAMPLE
./Update-Letta.ps1 0.16.8 /srv/letta-backup -Name letta -NoPull -Confirm:$false -Verbose

Moves the server letta to an image that is here already, without asking, and tells each step.
.OUTPUTS
One object: Server, From, To, Agents, Backup (the set of before), Dump, BackupAfter (the set of after), Warnings.
#>
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
[OutputType([pscustomobject])]
param(
    [Parameter(Mandatory, Position = 0)]
    [ValidatePattern('^\d+\.\d+\.\d+$')]
    [string] $Version,

    [Parameter(Mandatory, Position = 1)]
    [ValidateNotNullOrEmpty()]
    [string] $BackupPath,

    [ValidateNotNullOrEmpty()]
    [string] $Name,

    [securestring] $ApiKey,

    [ValidateNotNullOrEmpty()]
    [string[]] $Compose,

    [switch] $NoPull,

    [ValidateRange(1, 86400)]
    [int] $TimeoutSec = 1800
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$BackupPath = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($BackupPath)

# An error with an identifier that stays the same from release to release.
function New-Failure {
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'It changes nothing.')]
    param([string] $ErrorId, [string] $Message)
    [Management.Automation.ErrorRecord]::new([InvalidOperationException]::new($Message), $ErrorId, 'InvalidOperation', $null)
}

function Invoke-Program {
    param([string[]] $Command, [string[]] $Argument)
    $first = [Linq.Enumerable]::ToArray([Linq.Enumerable]::Skip($Command, 1))
    & $Command[0] @first @Argument 2>&1
}

function Find-Compose {
    param([string[]] $Given)
    $known = @('docker', 'compose'), @('docker-compose'), @('podman', 'compose'), @('podman-compose')
    if ($Given) { $known = , $Given }
    foreach ($command in $known) {
        if (-not (Get-Command $command[0] -CommandType Application -ErrorAction Ignore)) { continue }
        $null = Invoke-Program $command 'version'
        if ($LASTEXITCODE -eq 0) { return $command }
    }

    throw (New-Failure 'ComposeNotFound' "Compose cannot be run: $($Given ? "'$Given' does not work here" : 'neither docker compose nor docker-compose, podman compose or podman-compose works here'). Nothing was changed.")
}

# As the project was made: its name, folder, files and env files come from the container's labels.
function Invoke-Compose {
    param([object] $Server, [string[]] $Argument, [string[]] $Override = @())
    $options = @('--project-name', $Server.Project)
    if ($Server.ComposeDirectory) { $options += '--project-directory', $Server.ComposeDirectory }
    foreach ($file in $envFile) { $options += '--env-file', $file }
    foreach ($file in @($Server.ComposeFile) + $Override) { $options += '--file', $file }
    $hostBefore = $env:DOCKER_HOST
    try {
        # The same engine that LettaPS has found, such as Podman's.
        if (-not $hostBefore -and $Server.Engine.Scheme -eq 'unix') { $env:DOCKER_HOST = $Server.Engine.OriginalString }
        $output = Invoke-Program $composeCommand ($options + $Argument)
    }
    finally { $env:DOCKER_HOST = $hostBefore }

    if ($LASTEXITCODE -ne 0) { throw (New-Failure 'ComposeFailed' "$composeCommand $Argument ended with ${LASTEXITCODE}: $($output -join ' ')") }
    $output | Where-Object { $_ -isnot [Management.Automation.ErrorRecord] }
}

# Compose would recreate the container as its files say now. That must be what runs, except for the image.
function Assert-SameButImage {
    param([object] $Server)
    $override = [IO.Path]::Combine([IO.Path]::GetTempPath(), "lettaps-$([guid]::NewGuid().ToString('N')).yml")
    [IO.File]::WriteAllText($override, "services:`n  '$($Server.Service)':`n    image: '$($Server.Image)'`n")
    try {
        $wanted = @(Invoke-Compose $Server 'config', '--hash', $Server.Service -Override $override)[-1].Split(' ')[-1]
        $config = [Text.Json.Nodes.JsonNode]::Parse((Invoke-Compose $Server 'config', '--format', 'json' -Override $override) -join "`n")
        $listed = @(Invoke-Compose $Server 'ps', '--all', '--format', 'json', $Server.Service) -join "`n"
    }
    finally { [IO.File]::Delete($override) }

    # The hash that compose itself compares. It is the same if nothing but the image differs.
    if ($listed -match "config-hash=$wanted\b") { return }
    $service = $config['services'][$Server.Service]
    $differences = @(
        foreach ($pair in $service['environment'] ?? @{}) {
            # Compose escapes dollar signs. A masked secret cannot be compared.
            $value = "$($pair.Value)".Replace('$$', '$')
            $now = $Server.Settings.ContainsKey($pair.Key) ? $Server.Settings[$pair.Key] : $null
            if ($null -ne $now ? ($now -notmatch '\*{4}' -and $value -ne $now) : $pair.Key -match '^(LETTA|POSTGRES)_') { "variable '$($pair.Key)'" }
        }

        $published = @($Server.Ports | Where-Object HostPort | ForEach-Object Port)
        foreach ($port in $service['ports'] ?? @()) { if ([int] "$($port['target'])" -notin $published) { "port $($port['target'])" } }
        $mounted = @($Server.Mounts | ForEach-Object Destination)
        foreach ($volume in $service['volumes'] ?? @()) { if ("$($volume['target'])" -notin $mounted) { "volume '$($volume['target'])'" } }
    )
    $what = $differences ? $differences -join ', ' : 'its configuration'
    throw (New-Failure 'ComposeFileMismatch' "The compose file differs from what '$($Server.Name)' runs with, and more than the image would change: $what. Nothing was changed. Bring them in line first: $composeCommand up --detach $($Server.Service)")
}

# What fails, but for models, which no release changes, and backups, which are taken here.
function Assert-Health {
    param([object] $Server, [hashtable] $Key)
    $failed = @($Server | Test-LettaHealth @Key | Where-Object { $_.Status -eq 'Failed' -and $_.Layer -notin 'Models', 'Backups' })
    if ($failed) { throw (New-Failure 'HealthCheckFailed' "Not healthy: $($failed -join '; ')") }
}

function Export-Verified {
    param([object] $Connection, [string] $Path)
    $agents = @(Export-LettaAgent -Connection $Connection -Path $Path)
    foreach ($agent in $agents) {
        $test = Test-LettaBackup -LiteralPath $agent.Path
        if (-not $test.IsValid) { throw (New-Failure 'BackupDamaged' "The backup $($agent.Path) is not valid: $($test.Problems)") }
    }

    $agents
}

$key = @{}
if ($ApiKey) { $key.ApiKey = $ApiKey }
$named = @{}
if ($Name) { $named.Name = $Name }
$server = @(Get-LettaServer @named)
if ($server.Count -ne 1) { throw (New-Failure 'ServerAmbiguous' "There are $($server.Count) servers: $($server.Name -join ', '). Give -Name.") }
$server = $server[0]
if (-not $server.Service) { throw (New-Failure 'ComposeProjectNotFound' "$($server.Name) was not made by docker compose: this script changes compose files. Pull the image and make the container anew by hand.") }

$composeCommand = @(Find-Compose $Compose)
$envFile = @($server.ComposeEnvironmentFile)
if (-not $envFile -and $server.ComposeDirectory) { $envFile = @([IO.Path]::Combine($server.ComposeDirectory, '.env') | Where-Object { [IO.File]::Exists($_) }) }

$pinning = @{ LiteralPath = $server.ComposeFile; Service = $server.Service }
if ($envFile) { $pinning.EnvFile = $envFile }
Assert-SameButImage $server
$test = $server | Test-LettaUpgrade -To $Version @key
if ($test.Verdict -eq 'Blocked') { throw (New-Failure 'UpgradeRefused' "The upgrade to $Version is blocked: $($test.Reasons -join '; ')") }
Assert-Health $server $key
$test.Checks | Where-Object { $_.Name -eq 'Sessions' -and $_.Verdict -ne 'Ready' } | ForEach-Object { $PSCmdlet.WriteWarning("$($_.Message) If the upgrade is rolled back, their sessions are terminated.") }
if (-not $PSCmdlet.ShouldProcess($server.Name, "Move Letta from $($test.From) to $Version")) { return }

# Asked once, for all of it.
$ConfirmPreference = 'None'
$connection = $server | Connect-Letta @key -PassThru
$PSCmdlet.WriteVerbose("Backing up the agents of $($server.Name)")
$before = @(Export-Verified $connection $BackupPath)

$damage = @(Compare-LettaSchema -Connection $connection -Version $Version | Where-Object Kind -EQ 'MessageData')
if ($damage) {
    $PSCmdlet.WriteVerbose('Putting tool messages right')
    $null = $damage | Invoke-LettaSchemaFix -Kind MessageData
}

# What is to come back is what runs, whatever the file names: a reference that floats could bring any image, and somebody may have changed it already.
$files = @{}
if ($envFile) { $files.EnvFile = $envFile }
Get-LettaImagePin @pinning | Where-Object { $_.IsFloating -or $_.Resolved -ne $server.Image } | Set-LettaImagePin -FromRunning @files

# Every file that pinning may change: those of the project, what they extend or include, and the env files, where a tag in a variable stands.
$pinned = @{}
foreach ($file in @($server.ComposeFile) + @(Get-LettaImagePin @pinning | ForEach-Object Path) + $envFile) { $pinned[$file] = [IO.File]::ReadAllBytes($file) }

$dump = $null
$failure = $null
$stopped = $false
$started = $false
$done = $false
try {
    $PSCmdlet.WriteVerbose("Pinning to $Version")
    Set-LettaImagePin @pinning -Version $Version
    if (-not $NoPull) { $null = Invoke-Compose $server 'pull', $server.Service }

    $PSCmdlet.WriteVerbose('Stopping and dumping')
    $stopped = $true
    $server | Stop-LettaServer
    $dump = $server | Backup-LettaDatabase -Path "$BackupPath/"

    $PSCmdlet.WriteVerbose("Starting $Version")
    $started = $true
    $null = Invoke-Compose $server 'up', '--detach', '--no-deps', $server.Service
    Start-LettaServer $server.Name -Wait -TimeoutSec $TimeoutSec
    $new = Get-LettaServer $server.Name
    $connection = $new | Connect-Letta @key -PassThru
    if ($connection.LettaVersion -ne $Version) { throw (New-Failure 'ServerVersionMismatch' "The server that answers is $($connection.LettaVersion), not $Version.") }

    if (-not (Compare-LettaSchema -Connection $connection -Version $Version -Summary).IsUsable) {
        $PSCmdlet.WriteVerbose('Migrating')
        $null = $new | Update-LettaSchema -NoBackup -TimeoutSec $TimeoutSec
        $breaks = @(Compare-LettaSchema -Connection $connection -Version $Version | Where-Object Severity -EQ 'Breaks')
        if ($breaks) { throw (New-Failure 'SchemaFixFailed' "The schema is not that of ${Version}: $($breaks -join '; ')") }
    }

    $PSCmdlet.WriteVerbose('Comparing the agents with the backup')
    Assert-Health $new $key
    $after = @{}
    Export-Verified $connection $BackupPath | ForEach-Object { $after[$_.AgentId] = $_ }
    foreach ($agent in $before) {
        if (-not $after.ContainsKey($agent.AgentId)) { throw (New-Failure 'AgentNotFound' "Agent '$($agent.AgentName)' ($($agent.AgentId)) is gone.") }
        foreach ($count in 'MessageCount', 'PassageCount', 'BlockCount', 'ToolCount', 'FileCount') {
            $now = $after[$agent.AgentId].$count
            if ($now -lt $agent.$count) { throw (New-Failure 'AgentContentIncomplete' "Agent '$($agent.AgentName)' had $($agent.$count) $($count.ToLowerInvariant()) and has $now.") }
        }
    }

    $done = $true
}
catch {
    $failure = $_
}
finally {
    # Here and not in catch, so that Ctrl+C goes back too.
    if (-not $done) {
        try {
            $PSCmdlet.WriteVerbose("Going back to $($test.From)")
            foreach ($file in $pinned.Keys) { [IO.File]::WriteAllBytes($file, $pinned[$file]) }

            # Where compose failed before it made the container anew, the old one is still there, and nothing has touched the database.
            if ($started -and -not (Get-LettaServer | Where-Object Id -EQ $server.Id)) {
                Stop-LettaServer $server.Name
                $null = Invoke-Compose $server 'up', '--no-start', '--no-deps', $server.Service

                # The preflight has shown who else is connected.
                $null = Restore-LettaDatabase $dump.Path -Name $server.Name -Force -Confirm:$false
            }

            if ($stopped) { Start-LettaServer $server.Name -Wait -TimeoutSec $TimeoutSec }
        }
        catch {
            $place = $dump ? $dump.Path : 'its place, unchanged'
            $wayBack = "When the cause is gone: Restore-LettaDatabase <dump> -Name $($server.Name)."
            throw (New-Failure 'RollbackFailed' "The upgrade to $Version failed ($failure), and going back failed too: $_ The agents are in $BackupPath, the database is in $place. $wayBack")
        }
    }
}

if ($failure) { throw (New-Failure 'UpgradeFailed' "The upgrade to $Version failed and was undone; $($server.Name) runs $($test.From) again. $failure") }

[pscustomobject]@{
    Server      = $server.Name
    From        = $test.From
    To          = $Version
    Agents      = $before.Count
    Backup      = $before ? [IO.Path]::GetDirectoryName($before[0].Path) : $null
    Dump        = $dump.Path
    BackupAfter = $before ? [IO.Path]::GetDirectoryName($after[$before[0].AgentId].Path) : $null
    Warnings    = $test.Reasons
}

#Requires -Version 7.4
#Requires -Modules LettaPS

<#
.SYNOPSIS
Backs a Letta server up, verifies the backup and removes old ones: for a scheduled task, a systemd timer or cron.
.DESCRIPTION
Writes a backup set with every agent and a dump of the database into one folder, verifies both, and only then removes old sets and dumps of the same server.
One line is written for the run, and appended to a log file if one is named.

A night is good if the set is complete and verified, holds agents, and the dump is verified. After any other night nothing is removed. Old means both: older
than -KeepDays, and not one of the newest -KeepCount complete sets or verified dumps. The newest complete set and the newest dump are never removed. Nothing is
removed either if the set has less than half of the agents or messages of the last complete set before it: look at the server first.

The server is that of LETTA_BASE_URL and LETTA_API_KEY, else http://localhost:8283 without a password; or the one of -Connection.

Exit codes:
0  the backup is complete and verified
2  there is no good backup of this run
3  the backup is verified, but not complete: an agent could not be read, a file lacks something, or the server has no agents (nothing old is removed)
1  is never given by this script: PowerShell itself ends so when it cannot run it, because the module is not found for example
.PARAMETER Path
The folder for the sets and dumps. It is made where it does not exist.
.PARAMETER Connection
The server, as Connect-Letta -PassThru gives it.
.PARAMETER ServerName
Container or compose service of the server whose database is dumped. Without it the container that serves the address of the server.
.PARAMETER DatabaseUri
Address of a database that no container of this machine runs: postgresql://user:password@host:5432/database. Dumped with the pg_dump of this machine.
.PARAMETER NoDump
Back up the agents only.
.PARAMETER KeepCount
How many sets, and how many dumps, are kept at least: 1 to 10000.
.PARAMETER KeepDays
How many days a set or dump is kept at least: 0 to 36500.
.PARAMETER LogPath
A file to which the line of this run is appended.
.EXAMPLE
./Backup-LettaNightly.ps1 /srv/letta-backup -LogPath /var/log/letta-backup.log

Backs up agents and database, keeps everything of the last 30 days and at least 14 of each.
.EXAMPLE
./Backup-LettaNightly.ps1 /srv/letta-backup -NoDump -KeepCount 7 -KeepDays 7

Agents only, for a week.
.EXAMPLE
./Backup-LettaNightly.ps1 /srv/letta-backup -WhatIf

Says what would be written and removed.
#>
[CmdletBinding(SupportsShouldProcess)]
[OutputType([string])]
param(
    [Parameter(Mandatory, Position = 0)]
    [ValidateNotNullOrEmpty()]
    [string] $Path,

    [ValidateNotNull()]
    [object] $Connection,

    [ValidateNotNullOrEmpty()]
    [string] $ServerName,

    [ValidateNotNullOrEmpty()]
    [string] $DatabaseUri,

    [switch] $NoDump,

    [ValidateRange(1, 10000)]
    [int] $KeepCount = 14,

    [ValidateRange(0, 36500)]
    [int] $KeepDays = 30,

    [ValidateNotNullOrEmpty()]
    [string] $LogPath
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$started = [DateTimeOffset]::UtcNow
$keepFrom = $started.AddDays(-$KeepDays)

# .NET does not know the current location of PowerShell, nor ~.
$Path = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($Path)
if ($LogPath) { $LogPath = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($LogPath) }

# Backups by their time, the oldest first.
function Get-ByAge {
    param([object[]] $Backup)
    $times = [DateTimeOffset[]]@($Backup | ForEach-Object CreatedAt)
    [Array]::Sort($times, $Backup)
    $Backup
}

# The old ones among backups: older than a time, and not one of the newest complete ones.
function Select-Old {
    param([object[]] $Backup, [int] $Keep, [DateTimeOffset] $Before)
    $sorted = @(Get-ByAge $Backup)
    [Array]::Reverse($sorted)
    $complete = 0
    foreach ($one in $sorted) {
        if ($complete -ge $Keep -and $one.CreatedAt -lt $Before) { $one }
        if ($one.State -eq 'Complete') { $complete++ }
    }
}

try {
    if (-not $Connection) { $Connection = Connect-Letta -PassThru }
    $server = $Connection.BaseUri

    # Before the agents are read: a dump of another server beside them would be worse than none.
    $target = @{}
    if ($DatabaseUri) { $target.DatabaseUri = $DatabaseUri }
    if ($ServerName) { $target.Name = $ServerName }
    if (-not $NoDump -and $target.Count -eq 0) {
        $serving = @(Get-LettaServer | Where-Object {
                $_.BaseUri -and $_.BaseUri.Port -eq $server.Port -and ($_.BaseUri.Host -eq $server.Host -or ($_.BaseUri.IsLoopback -and $server.IsLoopback))
            })
        if ($serving.Count -ne 1) { throw "$($serving.Count) containers serve $server. Say what to dump with -ServerName or -DatabaseUri, or give -NoDump." }
        $target.Name = $serving[0].Name
    }

    # One agent that cannot be read must not cost the others their backup: such errors are counted, and named in the line. What ends the export ends this.
    $agents = @(Export-LettaAgent -Connection $Connection -Path $Path -ErrorAction SilentlyContinue -ErrorVariable failures)
    $dump = $null
    if (-not $NoDump) { $dump = Backup-LettaDatabase -Path "$Path/" @target }

    # What the export writes is judged by the set itself: State is Complete if every agent is there, every file is as written, and nothing is missing.
    $backups = @(if ([IO.Directory]::Exists($Path)) { Get-LettaBackup -LiteralPath $Path -ErrorAction SilentlyContinue })
    $sets = @($backups | Where-Object { $_.Kind -eq 'Agents' -and $_.State -in 'Complete', 'Incomplete' -and $_.Server -eq $server })
    $new = $null
    $set = $null
    $clean = $true
    $incomplete = @()
    if ($WhatIfPreference) {
        $result = 'WhatIf'
    }
    else {
        foreach ($one in $sets) { if ($one.CreatedAt -ge $started) { $new = $one } }
        if (-not $new -and $failures) { throw "No set was finished: $failures" }
        if ($new) {
            $set = $new.Path
            $damaged = @(Test-LettaBackup -LiteralPath $set | Where-Object { -not $_.IsValid })
            if ($damaged) { throw "$($damaged.Count) files of $set are damaged, the first is $($damaged[0].Path): $($damaged[0].Problems)" }
        }

        if ($dump) {
            $damaged = @(Test-LettaBackup -LiteralPath $dump.Path | Where-Object { -not $_.IsValid })
            if ($damaged) { throw "The dump $($dump.Path) is damaged: $($damaged[0].Problems)" }
        }

        $incomplete = @($agents | Where-Object { -not $_.IsComplete })
        $clean = $new -and $new.State -eq 'Complete' -and -not $failures
        $result = if ($clean) { 'OK' } else { 'INCOMPLETE' }

        # An emptied server must not push its last real backups out.
        $last = $null
        foreach ($one in Get-ByAge $sets) { if ($one.State -eq 'Complete' -and $one.CreatedAt -lt $started) { $last = $one } }
        if ($clean -and $last -and ($new.AgentCount * 2 -lt $last.AgentCount -or $new.MessageCount * 2 -lt $last.MessageCount)) {
            $clean = $false
            $PSCmdlet.WriteWarning("The set has $($new.AgentCount) agents and $($new.MessageCount) messages, and the last one had $($last.AgentCount) and $($last.MessageCount). Nothing old is removed.")
        }
    }

    $removed = 0
    if ($clean) {
        foreach ($old in Select-Old -Backup $sets -Keep $KeepCount -Before $keepFrom) {
            if ($PSCmdlet.ShouldProcess($old.Path, 'Remove old backup set')) {
                # What somebody else put into the folder stays: an ID map, notes.
                foreach ($file in @($old.Files.Path) + "$($old.Path)/manifest.json") { [IO.File]::Delete($file) }
                if (-not [IO.Directory]::GetFileSystemEntries($old.Path)) { [IO.Directory]::Delete($old.Path) }
                $removed++
            }
        }

        if ($dump) {
            # Backup-LettaDatabase names dumps by server, database and time: only those of the same series are removed.
            $series = [IO.Path]::GetFileName($dump.Path) -replace '\d{8}T\d{6}Z\.dump$', '????????T??????Z.dump'
            $dumps = @($backups | Where-Object { $_.Kind -eq 'Database' -and $_.State -eq 'Complete' -and [IO.Path]::GetFileName($_.Path) -like $series })
            foreach ($old in Select-Old -Backup $dumps -Keep $KeepCount -Before $keepFrom) {
                if ($PSCmdlet.ShouldProcess($old.Path, 'Remove old dump')) {
                    [IO.File]::Delete($old.Path)
                    [IO.File]::Delete("$($old.Path).json")
                    $removed++
                }
            }
        }
    }

    $line = if ($WhatIfPreference) { "WhatIf server=$server" } else {
        $messages = 0
        $agents | ForEach-Object { $messages += $_.MessageCount }
        "$result server=$server agents=$($agents.Count) messages=$messages incomplete=$($incomplete.Count) failed=$($failures.Count) " +
        "removed=$removed set=$set dump=$(if ($dump) { $dump.Path } else { 'none' })$(if ($failures) { " error=$($failures[0])" })"
    }

    $code = $result -eq 'INCOMPLETE' ? 3 : 0
}
catch {
    $line = "FAILED error=$_"

    # From PowerShell 7.5 on what to do is beside the message, before it is at its end.
    $advice = $_.ErrorDetails ? $_.ErrorDetails.RecommendedAction : ''
    if ($advice -and -not "$_".EndsWith($advice)) { $line += " $advice" }
    $code = 2
}

$line = "$($started.ToString('yyyy-MM-ddTHH:mm:ssZ')) $line seconds=$([int]([DateTimeOffset]::UtcNow - $started).TotalSeconds)" -replace '\s+', ' '
$line
if ($LogPath -and -not $WhatIfPreference) {
    # What became of the backup is what the exit code tells, whatever became of the log.
    try { [IO.File]::AppendAllText($LogPath, "$line`n") }
    catch { $PSCmdlet.WriteWarning("The line was not appended to '$LogPath': $_") }
}

exit $code

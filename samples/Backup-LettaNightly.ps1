#Requires -Version 7.4
#Requires -Modules LettaPS

<#
.SYNOPSIS
Backs a Letta server up, verifies the backup and removes old ones: for a scheduled task, a systemd timer or cron.
.DESCRIPTION
Writes a backup set with every agent and a dump of the database into one folder, examines every file of the set, and only then removes old sets and dumps
of the same server. One line is written for the run, and appended to a log file where one is named.

Old means both: older than -KeepDays, and not one of the newest -KeepCount. Where anything failed in this run, nothing is removed; what this run wrote and
verified is never removed.

The server is that of LETTA_BASE_URL and LETTA_API_KEY, else http://localhost:8283 without a password; or the one of -Connection.

Exit codes:
0  the backup is complete and verified
2  there is no good backup of this run
3  it is verified, but not of everything: an agent could not be read, or a file lacks something (nothing old is removed if an agent could not be read)
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

# What is old among things that are sorted by age, the oldest first: never one of the newest.
function Select-Old {
    param([object[]] $Item, [int] $Keep, [DateTimeOffset] $Before, [scriptblock] $TakenAt)
    for ($i = 0; $i -lt $Item.Count - $Keep; $i++) {
        if ((& $TakenAt $Item[$i]) -lt $Before) { $Item[$i] }
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

    $sets = @(if ([IO.Directory]::Exists($Path)) { Get-LettaBackup -LiteralPath $Path | Where-Object { $_.State -eq 'Finished' -and $_.Server -eq $server } })
    if ($WhatIfPreference) {
        $result = 'WhatIf'
    }
    else {
        $set = $sets | Where-Object CreatedAt -GE $started | ForEach-Object Path
        if (-not $set) { throw "No set was finished: $failures" }

        $damaged = @(Test-LettaBackup -LiteralPath $set | Where-Object { -not $_.IsValid })
        if ($damaged) { throw "$($damaged.Count) files of $set are damaged, the first is $($damaged[0].Path): $($damaged[0].Problems)" }

        $incomplete = @($agents | Where-Object { -not $_.IsComplete })
        $result = if ($failures -or $incomplete) { 'INCOMPLETE' } else { 'OK' }
    }

    $removed = 0
    if (-not $failures) {
        foreach ($old in Select-Old -Item $sets -Keep $KeepCount -Before $keepFrom -TakenAt { $args[0].CreatedAt }) {
            if ($PSCmdlet.ShouldProcess($old.Path, 'Remove old backup set')) {
                [IO.Directory]::Delete($old.Path, $true)
                $removed++
            }
        }

        if ($dump) {
            # Backup-LettaDatabase names dumps by server, database and time, so that those of one database sort by age.
            $series = [IO.Path]::GetFileName($dump.Path) -replace '\d{8}T\d{6}Z\.dump$', '????????T??????Z.dump'
            $dumps = @([IO.Directory]::GetFiles($Path, $series))
            [Array]::Sort($dumps, [StringComparer]::Ordinal)
            foreach ($old in Select-Old -Item $dumps -Keep $KeepCount -Before $keepFrom -TakenAt { [DateTimeOffset][IO.File]::GetLastWriteTimeUtc($args[0]) }) {
                if ($PSCmdlet.ShouldProcess($old, 'Remove old dump')) {
                    [IO.File]::Delete($old)
                    [IO.File]::Delete("$old.json")
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

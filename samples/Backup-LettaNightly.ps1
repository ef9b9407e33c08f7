#Requires -Version 7.4
#Requires -Modules LettaPS

<#
.SYNOPSIS
Backs a Letta server up, verifies the backup and removes old ones: for a scheduled task, a systemd timer or cron.
.DESCRIPTION
Writes a backup set with every agent and a dump of the database into one folder, verifies both, and only then removes old sets and dumps of the same server.
One line is written for the run, and appended to a log file if one is named.

A night is good if the set is complete and verified, holds agents, and the dump is verified. After any other night nothing is removed. Remove-LettaBackup decides
what is old: older than -KeepDays and not among the newest -KeepCount complete backups. It never removes the newest complete set and the newest dump, and removes
nothing if the set has less than half of the agents or messages of the set before it.

The server is that of LETTA_BASE_URL and LETTA_API_KEY, else http://localhost:8283 without a password; or the one of -Connection. The database is the first of
these: -DatabaseUri, -ServerName, LETTA_PG_URI, the container that serves the address of the server.

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
Container or compose service of the server whose database is dumped.
.PARAMETER DatabaseUri
Address of a database that no container of this machine runs: postgresql://user:password@host:5432/database. Dumped with the pg_dump of this machine. Other users
of the machine can read a command line: give an address with a password in LETTA_PG_URI instead. A database of another release than the server's is refused.
.PARAMETER NoDump
Back up the agents only.
.PARAMETER KeepCount
How many sets, and how many dumps, are kept at least: 1 to 10000.
.PARAMETER KeepDays
How many days a set or dump is kept at least: 0 to 36500.
.PARAMETER LogPath
A file to which the line of this run is appended.
.PARAMETER OnFailure
A script block, or the name or path of a command, to run after a night that is not good. It gets the line and the exit code as arguments. Whatever becomes of it,
the exit code of this script stays the same.
.EXAMPLE
./Backup-LettaNightly.ps1 /srv/letta-backup -LogPath /var/log/letta-backup.log

Backs up agents and database, keeps everything of the last 30 days and at least 14 of each.
.EXAMPLE
./Backup-LettaNightly.ps1 /srv/letta-backup -NoDump -KeepCount 7 -KeepDays 7

Agents only, for a week.
.EXAMPLE
./Backup-LettaNightly.ps1 /srv/letta-backup -OnFailure /usr/local/bin/alert

Runs the program with the line and the exit code if there is no good backup.
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
    [string] $LogPath,

    [ValidateScript({ $_ -is [scriptblock] -or $_ -is [string] }, ErrorMessage = 'Give a script block, or the name or path of a command.')]
    [object] $OnFailure
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$started = [DateTimeOffset]::UtcNow

# .NET does not know the current location of PowerShell, nor ~.
$Path = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($Path)
if ($LogPath) { $LogPath = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($LogPath) }

# An error with an identifier by which a log can be searched.
function New-Failure {
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'It changes nothing.')]
    param([string] $ErrorId, [string] $Message)
    [Management.Automation.ErrorRecord]::new([InvalidOperationException]::new($Message), $ErrorId, 'InvalidOperation', $null)
}

# A value of the line: in quotation marks if a program could not tell where it ends.
function Format-Value {
    param([string] $Value, [switch] $Always)
    $text = $Value -replace '\s+', ' '
    if (-not $Always -and $text -and $text -notmatch '[\s"]') { return $text }
    '"' + $text.Replace('\', '\\').Replace('"', '\"') + '"'
}

# A database that is named by its address must be of the server's release: a dump of another one would look like a backup of this one.
function Confirm-Release {
    [CmdletBinding()]
    param([string] $DatabaseUri, [object] $Connection)
    $known = @(Get-LettaRelease | Where-Object ReportedVersion -EQ $Connection.LettaVersion)
    try { $report = Compare-LettaSchema -DatabaseUri $DatabaseUri -Summary }
    catch {
        # The agents are backed up all the same, and the dump fails for the same reason.
        $PSCmdlet.WriteVerbose("The release of the database is not known: $_")
        return
    }

    if ($known -and $report.RevisionRelease -and $report.Revision -notin $known.AlembicHead) {
        throw (New-Failure 'DatabaseReleaseMismatch' "The database '$($report.Database)' is of release $($report.RevisionRelease), but the server is $($Connection.LettaVersion).")
    }
}

# Until the server has answered, it is known by its address only, which may hold a password.
$server = $Connection ? $Connection.BaseUri : 'unknown'
$address = $null
if (-not $Connection -and [uri]::TryCreate(($env:LETTA_BASE_URL ? $env:LETTA_BASE_URL : 'http://localhost:8283'), 'Absolute', [ref] $address)) {
    $server = $address.GetComponents([UriComponents]::SchemeAndServer -bor [UriComponents]::Path, [UriFormat]::UriEscaped)
}

try {
    if ($OnFailure -is [string] -and -not (Get-Command $OnFailure -ErrorAction Ignore)) { throw (New-Failure 'OnFailureNotFound' "There is no command '$OnFailure' for -OnFailure.") }
    if (-not $Connection) { $Connection = Connect-Letta -PassThru }
    $server = $Connection.BaseUri

    # Before the agents are read: a dump of another server beside them would be worse than none.
    $target = @{}
    if (-not $DatabaseUri -and -not $ServerName -and $env:LETTA_PG_URI) { $DatabaseUri = $env:LETTA_PG_URI }
    if ($DatabaseUri) { $target.DatabaseUri = $DatabaseUri }
    if ($ServerName) { $target.Name = $ServerName }
    if (-not $NoDump -and $target.Count -eq 0) {
        $serving = @(Get-LettaServer | Where-Object {
                $_.BaseUri -and $_.BaseUri.Port -eq $server.Port -and ($_.BaseUri.Host -eq $server.Host -or ($_.BaseUri.IsLoopback -and $server.IsLoopback))
            })
        if ($serving.Count -ne 1) {
            throw (New-Failure 'DatabaseRequired' "$($serving.Count) containers serve $server. Say what to dump with -ServerName, -DatabaseUri or LETTA_PG_URI, or give -NoDump.")
        }

        $target.Name = $serving[0].Name
    }

    if (-not $NoDump -and $DatabaseUri) { Confirm-Release $DatabaseUri $Connection }

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
        if (-not $new -and $failures) { throw (New-Failure ($failures[0].FullyQualifiedErrorId -split ',')[0] "No set was finished: $failures") }
        if ($new) {
            $set = $new.Path
            $damaged = @(Test-LettaBackup -LiteralPath $set | Where-Object { -not $_.IsValid })
            if ($damaged) { throw (New-Failure 'BackupDamaged' "$($damaged.Count) files of $set are damaged, the first is $($damaged[0].Path): $($damaged[0].Problems)") }
        }

        if ($dump) {
            $damaged = @(Test-LettaBackup -LiteralPath $dump.Path | Where-Object { -not $_.IsValid })
            if ($damaged) { throw (New-Failure 'DumpDamaged' "The dump $($dump.Path) is damaged: $($damaged[0].Problems)") }
        }

        $incomplete = @($agents | Where-Object { -not $_.IsComplete })
        $clean = $new -and $new.State -eq 'Complete' -and -not $failures
        $result = if ($clean) { 'OK' } else { 'INCOMPLETE' }
    }

    # Only what is of this server and this database. Which of it is old, and whether anything may go, is for Remove-LettaBackup to say.
    $removed = @()
    if ($clean) {
        # Backup-LettaDatabase names dumps by server, database and time.
        $series = if ($dump) { [IO.Path]::GetFileName($dump.Path) -replace '\d{8}T\d{6}Z\.dump$', '????????T??????Z.dump' }
        $own = @($sets) + @($backups | Where-Object { $dump -and $_.Kind -eq 'Database' -and [IO.Path]::GetFileName($_.Path) -like $series })
        if ($own) {
            $removed = @(Remove-LettaBackup -LiteralPath $own.Path -KeepCount $KeepCount -KeepDays $KeepDays -Confirm:$false -ErrorAction Continue)
        }
    }

    $line = if ($WhatIfPreference) { "WhatIf server=$server" } else {
        $messages = 0
        $agents | ForEach-Object { $messages += $_.MessageCount }
        "$result server=$server agents=$($agents.Count) messages=$messages incomplete=$($incomplete.Count) failed=$($failures.Count) " +
        "removed=$($removed.Count) set=$(Format-Value $set) dump=$(Format-Value ($dump ? $dump.Path : 'none'))" +
        $(if ($failures) { " error_id=$(($failures[0].FullyQualifiedErrorId -split ',')[0]) error=$(Format-Value $failures[0] -Always)" })
    }

    $code = $result -eq 'INCOMPLETE' ? 3 : 0
}
catch {
    # From PowerShell 7.5 on what to do is beside the message, before it is at its end.
    $message = "$_"
    $advice = $_.ErrorDetails ? $_.ErrorDetails.RecommendedAction : ''
    if ($advice -and -not $message.EndsWith($advice)) { $message += " $advice" }
    $line = "FAILED server=$server error_id=$(($_.FullyQualifiedErrorId -split ',')[0]) error=$(Format-Value $message -Always)"
    $code = 2
}

$line = "$($started.ToString('yyyy-MM-ddTHH:mm:ssZ')) $line seconds=$([int]([DateTimeOffset]::UtcNow - $started).TotalSeconds)"
$line
if ($LogPath -and -not $WhatIfPreference) {
    # What became of the backup is what the exit code tells, whatever became of the log.
    try { [IO.File]::AppendAllText($LogPath, "$line`n") }
    catch { $PSCmdlet.WriteWarning("The line was not appended to '$LogPath': $_") }
}

if ($OnFailure -and $code -ne 0 -and -not $WhatIfPreference) {
    try { & $OnFailure $line $code | Out-String -Stream | ForEach-Object { $PSCmdlet.WriteVerbose($_) } }
    catch { $PSCmdlet.WriteWarning("-OnFailure failed: $_") }
}

exit $code

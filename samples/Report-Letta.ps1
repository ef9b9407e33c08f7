#Requires -Version 7.4
#Requires -Modules LettaPS

<#
.SYNOPSIS
Writes a report of one or many Letta servers: health, agents and backups, as one HTML page and as CSV.
.DESCRIPTION
Asks each server for its health and its agents; reads the backups of each in -BackupPath. Nothing is changed. A server that does not answer is in the report with
what is wrong, and the others are reported all the same.

Names come from strangers: in the page they are escaped, and the page holds no script; in the CSV a text that a spreadsheet would take for a formula has an
apostrophe before it.
.PARAMETER Path
The HTML page. A file that is there is replaced.
.PARAMETER CsvPath
The table of the agents as CSV.
.PARAMETER Connection
The servers: connections of Connect-Letta -PassThru, addresses, names of saved connections, or rows of a CSV file with a column BaseUri or Name and, for the
password, KeyVariable. Without it the server of Connect-Letta, else that of LETTA_BASE_URL.
.PARAMETER BackupPath
A folder with backup sets. Their age is one of the health checks.
.EXAMPLE
./Report-Letta.ps1 report.html

Reports the server that this session is connected to.
.EXAMPLE
./Report-Letta.ps1 fleet.html -CsvPath agents.csv -Connection (Connect-Letta http://one:8283 -PassThru), (Connect-Letta http://two:8283 -PassThru)

Reports two servers on one page.
.EXAMPLE
./Report-Letta.ps1 fleet.html -Connection (Import-Csv servers.csv)

Reports the servers of a table with the columns BaseUri and KeyVariable. One that does not answer is in the report.
.EXAMPLE
./Report-Letta.ps1 /var/www/letta.html -BackupPath /srv/letta-backup

With the time of each agent's newest backup.
#>
[CmdletBinding(SupportsShouldProcess)]
[OutputType([void])]
param(
    [Parameter(Mandatory, Position = 0)]
    [ValidateNotNullOrEmpty()]
    [string] $Path,

    [ValidateNotNullOrEmpty()]
    [string] $CsvPath,

    [ValidateNotNull()]
    [object[]] $Connection,

    [ValidateNotNullOrEmpty()]
    [string] $BackupPath
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

# An error with an identifier that stays the same from release to release.
function New-Failure {
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'It changes nothing.')]
    param([string] $ErrorId, [string] $Message)
    [Management.Automation.ErrorRecord]::new([InvalidOperationException]::new($Message), $ErrorId, 'InvalidOperation', $null)
}

$Path = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($Path)
if ($CsvPath) { $CsvPath = $PSCmdlet.GetUnresolvedProviderPathFromPSPath($CsvPath) }
foreach ($folder in @($Path, $CsvPath) -ne '' | ForEach-Object { [IO.Path]::GetDirectoryName($_) }) {
    if (-not [IO.Directory]::Exists($folder)) {
        throw (New-Failure 'PathNotFound' "The folder '$folder' of the report does not exist. Create it: New-Item -ItemType Directory '$folder'")
    }
}

if (-not $Connection) {
    $Connection = @((Get-LettaConnection) ?? ($env:LETTA_BASE_URL ? $env:LETTA_BASE_URL : 'http://localhost:8283'))
}

function Connect-ReportedServer {
    # A connection, or what is wrong with the server that was named.
    param([object] $Given)
    $title = $Given -is [string] -or $Given -is [uri] ? "$Given" : "$($Given.PSObject.Properties['BaseUri']?.Value ?? $Given.PSObject.Properties['Name']?.Value ?? $Given)"
    if ($Given.GetType().FullName -eq 'LettaPS.LettaConnection') {
        return [pscustomobject]@{ Title = "$Given"; Connection = $Given; Trouble = $null }
    }

    try {
        $connected = $Given -is [string] -or $Given -is [uri] ? (Connect-Letta $Given -PassThru 6> $null) : ($Given | Connect-Letta -PassThru -ErrorAction Stop 6> $null)
        [pscustomobject]@{ Title = "$connected"; Connection = $connected; Trouble = $null }
    }
    catch {
        [pscustomobject]@{ Title = $title; Connection = $null; Trouble = "$_" }
    }
}

function ConvertTo-HtmlTable {
    param([string[]] $Column, [object[]] $Row)
    $encode = { [Net.WebUtility]::HtmlEncode("$($args[0])") }
    '<table><tr>' + (-join ($Column | ForEach-Object { "<th>$(& $encode $_)</th>" })) + '</tr>'
    foreach ($item in $Row) {
        '<tr>' + (-join ($Column | ForEach-Object { "<td>$(& $encode $item.$_)</td>" })) + '</tr>'
    }

    '</table>'
}

function ConvertTo-CsvLine {
    param([object[]] $Value)
    ($Value | ForEach-Object {
        $text = "$_"
        if ($text -match '^[=+\-@\t\r]') { $text = "'$text" }
        '"' + $text.Replace('"', '""') + '"'
    }) -join ','
}

$backups = @(if ($BackupPath) { Get-LettaBackup -LiteralPath $BackupPath -ErrorAction SilentlyContinue })
$agentColumns = 'Name', 'Id', 'Model', 'CreatedAt', 'InContextMessageCount', 'Tags', 'LastBackup'
$html = @()
$csv = @(ConvertTo-CsvLine (@('Server') + $agentColumns))
$servers = @(foreach ($given in $Connection) { Connect-ReportedServer $given })
foreach ($reported in $servers) {
    if (-not $reported.Connection) {
        $html += "<h2 class=""Failed"">$([Net.WebUtility]::HtmlEncode($reported.Title))</h2><p class=""Failed"">$([Net.WebUtility]::HtmlEncode($reported.Trouble))</p>"
        continue
    }

    $server = $reported.Connection
    $sets = @($backups | Where-Object { $_.Kind -eq 'Agents' -and $_.State -in 'Complete', 'Incomplete' -and $_.Server -eq $server.BaseUri })
    $check = @{ Connection = $server }
    if ($BackupPath) { $check.BackupPath = $BackupPath }
    $health = @(Test-LettaHealth @check 6> $null)
    $trouble = $null
    $agents = @()
    try {
        $agents = @(
            Get-LettaAgent -Connection $server -IncludeHidden | ForEach-Object {
                $agent = $_
                $holding = @($sets | Where-Object { $_.Files.AgentId -contains $agent.Id })
                [pscustomobject]@{
                    Name       = $agent.Name
                    Id         = $agent.Id
                    Model      = $agent.Model
                    CreatedAt  = $agent.CreatedAt ? $agent.CreatedAt.ToString('yyyy-MM-dd') : ''
                    InContextMessageCount  = $agent.InContextMessageCount
                    Tags       = $agent.Tags -join ', '
                    LastBackup = $holding ? $holding[-1].CompletedAt.ToString('yyyy-MM-dd HH:mm') : 'never'
                }
            }
        )
    }
    catch {
        $trouble = $_
    }

    $worst = foreach ($status in 'Failed', 'Warning', 'Passed') { if ($health.Status -contains $status) { $status; break } }
    $html += "<h2 class=""$worst"">$([Net.WebUtility]::HtmlEncode($server.ToString()))</h2>"
    $html += ConvertTo-HtmlTable 'Layer', 'Name', 'Status', 'Message', 'Recommendation' @($health | Where-Object Status -In 'Warning', 'Failed')
    if ($trouble) { $html += "<p class=""Failed"">$([Net.WebUtility]::HtmlEncode("The agents cannot be listed: $trouble"))</p>" }
    $html += ConvertTo-HtmlTable $agentColumns $agents
    $csv += $agents | ForEach-Object { $agent = $_; ConvertTo-CsvLine (@($server.BaseUri) + @($agentColumns | ForEach-Object { $agent.$_ })) }
}

$page = @"
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Letta servers</title>
<style>body{font:14px sans-serif;margin:2em}table{border-collapse:collapse;margin:1em 0}td,th{border:1px solid #ccc;padding:.3em .6em;text-align:left}
.Failed{color:#b00}.Warning{color:#a60}.Passed{color:#070}</style></head>
<body><h1>Letta servers, $([DateTime]::UtcNow.ToString('yyyy-MM-dd HH:mm')) UTC</h1>
$($html -join "`n")
</body></html>
"@

if ($PSCmdlet.ShouldProcess($Path, 'Write report')) {
    [IO.File]::WriteAllText($Path, $page)
    if ($CsvPath) { [IO.File]::WriteAllLines($CsvPath, [string[]]$csv) }
}

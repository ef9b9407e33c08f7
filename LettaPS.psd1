@{
    RootModule           = 'LettaPS.dll'
    ModuleVersion        = '{{VERSION}}'
    GUID                 = '0f6f6a0e-6f0c-4d0e-9b4e-5b8f7d0c2a61'
    Author               = 'LettaPS contributors'
    CompanyName          = 'LettaPS'
    Copyright            = '(c) LettaPS contributors. MIT licence.'
    Description          = 'Looks after self-hosted Letta servers: back up, verify, repair, restore and move agents, on any release from 0.11.3 to 0.16.8.'
    PowerShellVersion    = '7.4'
    CompatiblePSEditions = @('Core')
    TypesToProcess       = @('LettaPS.Types.ps1xml')
    FormatsToProcess     = @('LettaPS.Format.ps1xml')
    CmdletsToExport      = @(
        'Backup-LettaDatabase'
        'Compare-LettaSchema'
        'Connect-Letta'
        'ConvertTo-LettaAgentFile'
        'ConvertTo-LettaCodeAgent'
        'ConvertTo-LettaMarkdown'
        'Disconnect-Letta'
        'Export-LettaAgent'
        'Get-LettaAgent'
        'Get-LettaBackup'
        'Get-LettaConnection'
        'Get-LettaImagePin'
        'Get-LettaKeptDatabase'
        'Get-LettaRelease'
        'Get-LettaServer'
        'Invoke-LettaSchemaFix'
        'Remove-LettaBackup'
        'Remove-LettaConnection'
        'Remove-LettaKeptDatabase'
        'Reset-LettaDatabase'
        'Restart-LettaServer'
        'Restore-LettaAgent'
        'Restore-LettaDatabase'
        'Save-LettaConnection'
        'Search-LettaBackup'
        'Set-LettaImagePin'
        'Start-LettaServer'
        'Stop-LettaServer'
        'Test-LettaBackup'
        'Test-LettaCompatibility'
        'Test-LettaCompose'
        'Test-LettaHealth'
        'Test-LettaUpgrade'
        'Update-LettaCodePin'
        'Update-LettaSchema'
    )
    FunctionsToExport    = @()
    AliasesToExport      = @()
    VariablesToExport    = @()
    PrivateData          = @{
        PSData = @{
            Tags       = @('Letta', 'AI', 'Agents', 'Backup', 'Restore', 'PostgreSQL', 'Docker', 'PSEdition_Core', 'Windows', 'Linux', 'MacOS')
            LicenseUri = 'https://opensource.org/license/mit'
            ReleaseNotes = '{{RELEASE_NOTES}}'
        }
    }
}

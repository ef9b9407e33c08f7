using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Completion;
using LettaPS.Core.Databases.Migrations;
using LettaPS.Parameters;
using LettaPS.Paths;

namespace LettaPS.Cmdlets;

/// <summary>
/// Runs Letta's own migrations on the database of a server, after a dump: in the server's container, or in a container of a given image before the server is
/// moved to that. Always against the server's database, never a stray SQLite file.
/// </summary>
[Cmdlet(VerbsData.Update, "LettaSchema", DefaultParameterSetName = ByName, SupportsShouldProcess = true)]
[OutputType(typeof(LettaSchemaUpdate))]
public sealed class UpdateLettaSchemaCommand : ServerDatabaseCmdlet
{
    /// <summary>Name of the server's container or compose service; with wildcards. Not needed where there is one server only.</summary>
    [Parameter(Position = 0, ParameterSetName = ByName, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ServerNameCompleter))]
    public string[]? Name { get; set; }

    /// <summary>
    /// An image of Letta, such as <c>letta/letta:0.16.8</c>, whose migrations are to run. It must have been pulled. The server is stopped meanwhile, and stays
    /// so where its own image is another: it could not start on the migrated database.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Image { get; set; }

    /// <summary>Where the dump goes that is taken before: a folder in which it is named by the time, or a file that ends in <c>.dump</c>.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? BackupPath { get; set; }

    /// <summary>Take no dump. There is then no way back: Letta's migrations cannot be undone.</summary>
    [Parameter]
    public SwitchParameter NoBackup { get; set; }

    /// <summary>How long the server may take to answer afterwards, in seconds, 1 to 86400; 180 where not given.</summary>
    [Parameter]
    [ValidateRange(1, 86400)]
    public int TimeoutSec { get; set; } = DefaultTimeoutSec;

    private protected override string Activity => "Migrating the database";

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForEachTarget(Name, TimeSpan.FromSeconds(TimeoutSec), async (target, cancellationToken) =>
    {
        if (BackupPath is null && !NoBackup)
        {
            throw BackupRequired("Letta's migrations cannot be undone: the way back is a dump.", "Say where it is to go with -BackupPath, or give -NoBackup.", target);
        }

        var server = target.Server ?? throw new LettaException(
            ErrorIds.ServerNotFound,
            LettaErrorKind.NotFound,
            $"Letta's migrations need a container of the server, and no container of the engine serves the {target}.",
            "Name the container of the server: Update-LettaSchema -Name <container>",
            target.Database);
        if (!await ShouldProcessAsync(target.ToString(), $"Migrate with {Image ?? server.Image}").ConfigureAwait(false))
        {
            return;
        }

        string? dump = null;
        if (BackupPath is not null && !NoBackup)
        {
            dump = DumpPath.For(FilePaths.Resolve(this, BackupPath), target, DumpFormat.Custom);
            await DumpAsync(target, dump, DumpFormat.Custom, force: false, cancellationToken).ConfigureAwait(false);
        }

        Progress.SetStatus($"migrating {target.Database}");
        var update = await new SchemaUpdate(Engine, server.Id, target.Host, TimeProvider.System).RunAsync(Image, cancellationToken).ConfigureAwait(false);
        foreach (var line in update.Output)
        {
            await WriteVerboseAsync(line).ConfigureAwait(false);
        }

        if (update is { IsChanged: true, IsServerStarted: false } && Image is not null)
        {
            await WriteWarningAsync($"'{server.Name}' is stopped: its own image cannot start on what {Image} migrated. Set that image in the compose file and make the container anew.").ConfigureAwait(false);
        }

        await WriteObjectAsync(update with { BackupPath = dump }).ConfigureAwait(false);
    });
}

using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Completion;
using LettaPS.Core.Servers;
using LettaPS.Parameters;

namespace LettaPS.Cmdlets;

/// <summary>
/// Finds Letta servers in containers, whoever made them: what runs, of which image, from which compose file, with which settings, and where the data is.
/// Servers that run are asked for their version. Secrets are masked.
/// </summary>
[Cmdlet(VerbsCommon.Get, "LettaServer", DefaultParameterSetName = ByName)]
[OutputType(typeof(LettaServerInfo))]
public sealed class GetLettaServerCommand : ServerCmdlet
{
    private const int LogLines = 50;

    /// <summary>Names of containers or compose services; with wildcards.</summary>
    [Parameter(Position = 0, ParameterSetName = ByName, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ServerNameCompleter))]
    public string[] Name { get; set; } = ["*"];

    private protected override bool OneForAName => false;

    private protected override bool WithAppServers => true;

    /// <inheritdoc/>
    private protected override string Activity => "Looking for Letta servers";

    /// <inheritdoc/>
    protected override void ProcessRecord() => RunWithProgress(async cancellationToken =>
    {
        // Given objects are looked at again: the state they show is of then.
        var names = InputObject?.Select(s => WildcardPattern.Escape(s.Name)).ToArray() ?? Name;
        InputObject = null;
        foreach (var server in await FindServersAsync(names, cancellationToken).ConfigureAwait(false))
        {
            Progress.SetStatus($"asking {server.Name}");
            var version = server is { State: ContainerState.Running, BaseUri: { } address }
                ? await ServerVersion.AskAsync(address, connection => AdapterLoadContext.Factory.OpenServer(connection, retrying: WriteRetryAsync), cancellationToken).ConfigureAwait(false)
                : null;
            await WriteObjectAsync(server with { ReportedVersion = version, Product = await ProductAsync(server, cancellationToken).ConfigureAwait(false) }).ConfigureAwait(false);
        }
    });

    /// <summary>The product of a server; that of one which does not come up may be known only by its log.</summary>
    private async Task<LettaServerProduct> ProductAsync(LettaServerInfo server, CancellationToken cancellationToken)
    {
        if (server.Product != LettaServerProduct.V1 || (server.State == ContainerState.Running && server.RestartCount == 0) || server.State == ContainerState.Created)
        {
            return server.Product;
        }

        var log = await Engine.ReadLogAsync(server.Id, LogLines, null, cancellationToken).ConfigureAwait(false);
        return StartupLogAnalyzer.Find(log)?.ErrorId == StartupLogAnalyzer.LettaCodeId ? LettaServerProduct.LettaCode : server.Product;
    }
}

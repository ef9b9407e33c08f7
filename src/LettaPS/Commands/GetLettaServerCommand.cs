using System.Management.Automation;
using LettaPS.Core;
using LettaPS.Core.Connections;
using LettaPS.Core.Servers;
using LettaPS.Hosting;

namespace LettaPS.Commands;

/// <summary>
/// Finds Letta servers in containers, whoever made them: what runs, of which image, from which compose file, with which settings, and where the data is.
/// Servers that run are asked for their version. Secrets are masked.
/// </summary>
[Cmdlet(VerbsCommon.Get, "LettaServer", DefaultParameterSetName = ByName)]
[OutputType(typeof(LettaServerInfo))]
public sealed class GetLettaServerCommand : ServerCmdlet
{
    private static readonly TimeSpan s_answerLimit = TimeSpan.FromSeconds(3);

    /// <summary>Names of containers or compose services; with wildcards.</summary>
    [Parameter(Position = 0, ParameterSetName = ByName, ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = ["*"];

    private protected override string Activity => "Looking for Letta servers";

    /// <inheritdoc/>
    protected override void ProcessRecord() => RunWithProgress(async cancel =>
    {
        // Given objects are looked at again: the state they show is of then.
        var names = InputObject?.Select(s => WildcardPattern.Escape(s.Name)).ToArray() ?? Name;
        InputObject = null;
        foreach (var server in await FindServersAsync(names, cancel).ConfigureAwait(false))
        {
            Progress.Tell($"asking {server.Name}");
            await WriteObjectAsync(server with { Version = await AskVersionAsync(server, cancel).ConfigureAwait(false) }).ConfigureAwait(false);
        }
    });

    private static async Task<string?> AskVersionAsync(LettaServerInfo server, CancellationToken cancel)
    {
        if (server.State is not ContainerState.Running || server.BaseUri is null)
        {
            return null;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(s_answerLimit);
        using var client = AdapterContext.Door.OpenServer(new LettaConnection(server.BaseUri, timeout: s_answerLimit));
        try
        {
            await client.CheckAsync(limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is LettaException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            // What does not answer, or wants a password for more than its version, is shown all the same.
        }

        return client.Connection.ServerVersion;
    }
}

using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Completion;
using LettaPS.Core.IO;
using LettaPS.Core.LettaCode;
using LettaPS.Core.Restores;
using LettaPS.Parameters;
using LettaPS.Paths;

namespace LettaPS.Cmdlets;

/// <summary>
/// Converts agents of backups, and of agent files of any form, into the local backend of Letta Code, with their history, memory, passages, files and tools. No server is
/// needed. Each agent is read back and compared with its source before it appears at the destination.
/// </summary>
[Cmdlet(VerbsData.ConvertTo, "LettaCodeAgent", DefaultParameterSetName = ByPath, SupportsShouldProcess = true)]
[OutputType(typeof(LettaCodeAgent))]
public sealed class ConvertToLettaCodeAgentCommand : AsyncCmdlet
{
    private const string ByPath = "Path";
    private const string ByLiteralPath = "LiteralPath";

    private readonly List<string> _paths = [];
    private ProgressBar _progress = null!;

    /// <summary>Specifies sets, folders of sets, folders with <c>.af</c> or <c>.json</c> files, or single files; with wildcards. Of several sets, each agent's newest.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = ByPath, ValueFromPipeline = true)]
    [PathInput]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(BackupPatternCompleter))]
    public string[]? Path { get; set; }

    /// <summary>Specifies the same, with wildcard characters taken literally.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByLiteralPath, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string[]? LiteralPath { get; set; }

    /// <summary>Specifies the root folder of the local backend. The default is where the client looks.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    public string? DestinationPath { get; set; }

    /// <summary>Specifies the identifiers that the agents had on their server.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? AgentId { get; set; }

    /// <summary>Specifies names of agents; with wildcards.</summary>
    [Parameter]
    [SupportsWildcards]
    [ValidateWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? AgentName { get; set; }

    /// <summary>Specifies the handle of the model. The default is the client's first model.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Model { get; set; }

    /// <summary>Specifies which system prompt the agents get. The default is Keep.</summary>
    [Parameter]
    public LettaCodeSystemPrompt SystemPrompt { get; set; }

    /// <summary>Indicates that the agents are pinned in the client's settings.</summary>
    [Parameter]
    public SwitchParameter Pin { get; set; }

    /// <summary>Indicates that an agent that is at the destination is replaced.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing() => _progress = NewProgress("Converting agents for Letta Code", "agents");

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var given in LiteralPath ?? Path!)
        {
            try
            {
                _paths.AddRange(FilePaths.Matching(this, given, LiteralPath is not null));
            }
            catch (LettaException e)
            {
                WriteError(e.ToErrorRecord(given));
            }
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        if (_paths.Count > 0)
        {
            var destination = DestinationPath is null ? System.IO.Path.GetFullPath(LettaCodeExport.DefaultPath) : FilePaths.Resolve(this, DestinationPath);
            RunToEnd(_progress, cancellationToken => ConvertAsync(destination, cancellationToken));
        }
    }

    private async Task ConvertAsync(string destination, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("lettaps-");
        try
        {
            using var plan = await RestorePlan.ReadAsync(_paths, folder.FullName, cancellationToken).ConfigureAwait(false);
            foreach (var failure in plan.Failures)
            {
                await WriteErrorAsync(failure).ConfigureAwait(false);
            }

            var agents = new List<PlannedAgent>();
            foreach (var agent in await SelectAsync(plan.Agents).ConfigureAwait(false))
            {
                if (await ShouldProcessAsync(destination, $"Convert {agent}").ConfigureAwait(false))
                {
                    agents.Add(agent);
                }
            }

            if (agents.Count > 0)
            {
                await ConvertAsync(destination, plan, agents, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private async Task ConvertAsync(string destination, RestorePlan plan, List<PlannedAgent> agents, CancellationToken cancellationToken)
    {
        var door = AdapterLoadContext.Factory;
        var options = new LettaCodeOptions { Model = Model, SystemPrompt = SystemPrompt, Force = Force, HasCloudKey = !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("LETTA_API_KEY")) };
        using var export = await LettaCodeExport.OpenAsync(destination, plan, options, door.OpenMemoryRepositories(), door.FindLettaCodeProcesses(destination), TimeProvider.System, null, cancellationToken).ConfigureAwait(false);
        _progress.Total = agents.Count;
        var converted = new List<LettaCodeAgent>();
        try
        {
            foreach (var agent in agents)
            {
                try
                {
                    var result = await export.ConvertAsync(agent, cancellationToken).ConfigureAwait(false);
                    converted.Add(result);
                    await WriteObjectAsync(result).ConfigureAwait(false);
                }
                catch (Exception e) when (!ItemBoundary.EndsRun(e))
                {
                    await WriteErrorAsync(ItemBoundary.Error(e, $"The agent '{agent.Name}' cannot be converted", agent.SourceId), agent.SourceId).ConfigureAwait(false);
                }

                _progress.AddDone();
            }
        }
        finally
        {
            // What was converted before an interruption is pinned all the same.
            if (converted.Count > 0 && (Pin || SystemPrompt != LettaCodeSystemPrompt.Keep))
            {
                LettaCodeSettings.Write(LettaCodeSettings.DefaultPath, converted, Pin, SystemPrompt);
            }
        }
    }

    private async Task<List<PlannedAgent>> SelectAsync(List<PlannedAgent> agents)
    {
        foreach (var name in AgentName?.NotAmong(agents.Select(a => a.Name)) ?? [])
        {
            await WriteErrorAsync(NotFound($"an agent with the name '{name}'", name)).ConfigureAwait(false);
        }

        foreach (var id in AgentId?.Where(i => !agents.Exists(a => IsSame(a.SourceId, i))) ?? [])
        {
            await WriteErrorAsync(NotFound($"the agent '{id}'", id)).ConfigureAwait(false);
        }

        return [.. agents.Where(a => (AgentName is null && AgentId is null) || AgentName?.IsMatchedBy(a.Name) == true || AgentId?.Any(i => IsSame(a.SourceId, i)) == true)];
    }

    private static bool IsSame(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);

    private static LettaException NotFound(string what, string target) => new(
        ErrorIds.AgentNotFound, LettaErrorKind.NotFound, $"The files do not hold {what}.", "List the agents of the files: Get-LettaBackup <path> | Select-Object -ExpandProperty Files", target);
}

using System.Text.RegularExpressions;
using LettaPS.Core.Releases;
using LettaPS.Core.Servers;
using LettaPS.Core.Text;

namespace LettaPS.Core.Health.Layers;

/// <summary>
/// Whether the server can read its tables, asked through the API, one request a table. Each is chosen so that the statement names all columns while
/// as few rows as possible are read, and no message at all: on 0.13 and later, reading the tool messages of 0.11 changes them (letta-facts.md 10.1).
/// </summary>
internal sealed partial class TablesLayer : HealthLayer
{
    /// <summary>Stands for the id of an agent in a path.</summary>
    private const string Agent = "{agent}";

    private const string Nobody = "00000000-0000-4000-8000-000000000000";

    // What each reads follows from the sources of each tag (letta/server/rest_api/routers/v1). Steps cannot be listed (the request fails in every release
    // from 0.11.3 to 0.16.8); one that does not exist is 404 where the table is right. Messages of a group that does not exist are none.
    private static readonly TableProbe[] s_probes =
    [
        new("agents", null),
        new("messages", $"agents/{Agent}/messages?limit=1&group_id=group-{Nobody}"),
        new("conversations", $"conversations/?agent_id={Agent}&limit=1", r => r.HasConversations),
        new("block", "blocks/?limit=1"),
        new("tools", "tools/?limit=1"),
        new("sources", "folders/?limit=1"),
        new("archives", "archives/?limit=1", r => r.HasArchives),
        new("identities", "identities/?limit=1"),
        new("groups", "groups/?limit=1"),
        new("runs", "runs/?limit=1", r => r.ListsRuns),
        new("steps", $"steps/step-{Nobody}"),
        new("providers", "providers/?limit=1"),
    ];

    /// <inheritdoc/>
    public override LettaHealthLayer Layer => LettaHealthLayer.Tables;

    /// <inheritdoc/>
    public override IReadOnlyList<LettaHealthLayer> RestsOn => [LettaHealthLayer.Api];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Names => [.. s_probes.Select(p => p.Table)];

    /// <inheritdoc/>
    public override async Task<IReadOnlyList<Finding>> ExamineAsync(HealthContext context, CancellationToken cancellationToken)
    {
        var release = new ReleaseCapabilities(await context.Version.ConfigureAwait(false));
        var agents = await context.Agents.ConfigureAwait(false);
        var agent = agents.IsSuccess && AgentId().Match(agents.Body) is { Success: true } found ? found.Value : null;
        return await Task.WhenAll(s_probes.Where(p => p.IsThere?.Invoke(release) != false).Select(p => ProbeAsync(p, agents, agent, context, cancellationToken))).ConfigureAwait(false);
    }

    private static async Task<Finding> ProbeAsync(TableProbe probe, ServerAnswer agents, string? agent, HealthContext context, CancellationToken cancellationToken)
    {
        if (probe.Path is null)
        {
            return Judge(probe.Table, agents);
        }

        if (agent is null && probe.Path.Contains(Agent, StringComparison.Ordinal))
        {
            return Finding.Skip(probe.Table, agents.IsSuccess ? "There is no agent to ask for." : "Not examined: the check Tables/agents failed.");
        }

        try
        {
            return Judge(probe.Table, await context.Probe.GetAsync(probe.Path.Replace(Agent, agent, StringComparison.Ordinal), cancellationToken).ConfigureAwait(false));
        }
        catch (LettaException e)
        {
            return Finding.Fail(probe.Table, e.Message, e.RecommendedAction);
        }
    }

    private static Finding Judge(string table, ServerAnswer answer)
    {
        var finding = answer switch
        {
            { IsSuccess: true, IsJson: true } => Finding.Pass(table, "The server reads it."),
            { Status: 404, IsJson: true } when table == "steps" => Finding.Pass(table, "The server reads it."),
            { Status: >= 500, IsJson: true } => Finding.Fail(
                table,
                $"The server cannot read {table}: HTTP {answer.Status}.",
                "Letta answers so when its database lacks a table or column that its release expects. Compare-LettaSchema says which, Invoke-LettaSchemaFix adds it.",
                Detail(answer.Body)),
            { IsJson: false } => Finding.Fail(
                table, $"What answers for {table} is not Letta (HTTP {answer.Status}).", "A proxy before the server passes on only some paths, or has an error of its own.", Detail(answer.Body)),
            _ => Finding.Warn(table, $"The server refuses to list {table}: HTTP {answer.Status}.", null, Detail(answer.Body)),
        };
        return finding with { Duration = answer.Duration };
    }

    private static string? Detail(string body) => UntrustedText.Detail(body, 300) is { Length: > 0 } text ? text : null;

    [GeneratedRegex("agent-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", RegexOptions.CultureInvariant)]
    private static partial Regex AgentId();

    /// <summary>A request that reads a table.</summary>
    /// <param name="Path">The path; <see langword="null"/> for the list of agents, which is asked for anyway.</param>
    /// <param name="IsThere">Whether a release has that path; <see langword="null"/> where all have it.</param>
    private sealed record TableProbe(string Table, string? Path, Func<ReleaseCapabilities, bool>? IsThere = null);
}

using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Completion;
using LettaPS.Core.IO;
using LettaPS.Core.Sources;
using LettaPS.Parameters;

namespace LettaPS.Cmdlets;

/// <summary>
/// Gets agents of Letta servers, the newest first, as they arrive page by page. Releases from 0.11.3 to 0.16.8 give the same objects.
/// </summary>
[Cmdlet(VerbsCommon.Get, "LettaAgent", DefaultParameterSetName = ByName, SupportsPaging = true)]
[OutputType(typeof(LettaAgent))]
public sealed class GetLettaAgentCommand : AgentSourceCmdlet
{
    private const string ByName = "Name";
    private const string ById = "Id";
    private const string ByServer = "Server";

    private ProgressBar? _progress;
    private ulong _toSkip;
    private ulong _toGive;

    /// <summary>Names, with wildcards, in any case. A name without wildcards that no agent has is an error.</summary>
    [Parameter(Position = 0, ParameterSetName = ByName, ValueFromPipeline = true)]
    [Parameter(Position = 0, ParameterSetName = ByServer)]
    [TextInput]
    [SupportsWildcards]
    [ValidateWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(AgentNameCompleter))]
    public string[]? Name { get; set; }

    /// <summary>Identifiers: <c>agent-</c> and a UUID.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ById, ValueFromPipelineByPropertyName = true)]
    [Alias("AgentId")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(AgentIdCompleter))]
    public string[]? Id { get; set; }

    /// <summary>Servers in containers, as <c>Get-LettaServer</c> gives them. <c>LETTA_API_KEY</c> is sent only to the one that <c>LETTA_BASE_URL</c> names.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = ByServer)]
    [ServerInput]
    [ValidateNotNullOrEmpty]
    public LettaServerInfo[]? Server { get; set; }

    /// <summary>Only agents that have all of these tags.</summary>
    [Parameter(ParameterSetName = ByName)]
    [Parameter(ParameterSetName = ByServer)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(AgentTagCompleter))]
    public string[] Tag { get; set; } = [];

    /// <summary>Also agents that the server hides: those of groups that work in the background, and subagents.</summary>
    [Parameter(ParameterSetName = ByName)]
    [Parameter(ParameterSetName = ByServer)]
    public SwitchParameter IncludeHidden { get; set; }

    /// <inheritdoc/>
    private protected override LettaServerInfo[]? Containers => Server;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        (_toSkip, _toGive) = (PagingParameters.Skip, PagingParameters.First);
        if (PagingParameters.IncludeTotalCount)
        {
            // The server counts hidden agents too and knows no names with wildcards: the true number is known only at the end.
            WriteObject(PagingParameters.NewTotalCount(0, 0));
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var servers = Servers;
        foreach (var connection in servers)
        {
            if (_toGive > 0)
            {
                RunToEnd(_progress ??= NewProgress("Listing Letta agents", "agents"), cancellationToken => GetAsync(connection, servers.Count > 1, cancellationToken));
            }
        }
    }

    /// <summary>Of several servers, one that fails is one error, and the others go on.</summary>
    private async Task GetAsync(LettaConnection connection, bool several, CancellationToken cancellationToken)
    {
        try
        {
            await GetAsync(connection, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (several && !ItemBoundary.EndsRun(e))
        {
            await WriteErrorAsync(ItemBoundary.Error(e, $"The agents of '{connection.BaseUri}' cannot be listed", connection.BaseUri), connection.BaseUri).ConfigureAwait(false);
        }
    }

    private async Task GetAsync(LettaConnection connection, CancellationToken cancellationToken)
    {
        using var server = await OpenSourceAsync(connection, received: null, warn: null, cancellationToken).ConfigureAwait(false);
        if (Id is not null)
        {
            await GetByIdAsync(server, cancellationToken).ConfigureAwait(false);
            return;
        }

        var patterns = (Name ?? ["*"]).Select(n => new NamePattern(n)).ToList();
        var query = new AgentQuery(Tag, IncludeHidden: IncludeHidden) { OnInvalid = e => WriteErrorAsync(e) };
        await foreach (var agent in server.ListAsync(query, cancellationToken).ConfigureAwait(false))
        {
            // Every pattern is asked, so that each knows whether it has found anything.
            if (patterns.FindAll(p => p.IsMatch(agent.Name)).Count > 0 && !await GiveAsync(agent).ConfigureAwait(false))
            {
                return;
            }
        }

        foreach (var pattern in patterns.Where(p => p is { Literal: true, Found: false }))
        {
            await WriteErrorAsync(NotFound(pattern.Text, connection), pattern.Text).ConfigureAwait(false);
        }
    }

    private async Task GetByIdAsync(IAgentSource server, CancellationToken cancellationToken)
    {
        foreach (var id in Id!)
        {
            try
            {
                if (!await GiveAsync(await server.GetAsync(id, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false))
                {
                    return;
                }
            }
            catch (Exception e) when (e is not LettaException { Kind: LettaErrorKind.Connection or LettaErrorKind.Denied or LettaErrorKind.Timeout } && !ItemBoundary.EndsRun(e))
            {
                await WriteErrorAsync(ItemBoundary.Error(e, $"The agent '{id}' cannot be read", id), id).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Writes an agent, unless paging leaves it out.</summary>
    /// <returns>Whether more are wanted.</returns>
    private async Task<bool> GiveAsync(LettaAgent agent)
    {
        if (_toSkip > 0)
        {
            _toSkip--;
            return true;
        }

        await WriteObjectAsync(agent).ConfigureAwait(false);
        _progress!.AddDone();
        return --_toGive > 0;
    }

    private static LettaException NotFound(string name, LettaConnection connection) => new(
        ErrorIds.AgentNotFound,
        LettaErrorKind.NotFound,
        $"No agent at '{connection.BaseUri}' is named '{name}'.",
        $"Search with wildcards, hidden agents included: Get-LettaAgent '*{name.Replace("'", "''", StringComparison.Ordinal)}*' -IncludeHidden",
        name);

    private sealed class NamePattern(string text)
    {
        private readonly WildcardPattern _pattern = WildcardPattern.Get(text, WildcardOptions.IgnoreCase | WildcardOptions.CultureInvariant);

        public string Text => text;

        public bool Literal { get; } = !WildcardPattern.ContainsWildcardCharacters(text);

        public bool Found { get; private set; }

        public bool IsMatch(string name)
        {
            // A name may hold the characters of wildcards itself: "[old] Memo" is found by its own name.
            var match = _pattern.IsMatch(name) || string.Equals(name, text, StringComparison.OrdinalIgnoreCase);
            Found |= match;
            return match;
        }
    }
}

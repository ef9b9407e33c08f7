using System.Text.Json;
using System.Text.Json.Nodes;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Agents;
using LettaPS.Core.IO;
using LettaPS.Core.Json;
using LettaPS.Core.Releases;
using LettaPS.Core.Sources;
using LettaPS.Core.Text;

namespace LettaPS.Adapters.Http;

/// <summary>
/// Reads one agent whole through the API. The state, the export, the history, the passages and the rest are read side by side; only exports wait for
/// each other. What the server cannot give is noted and the agent is read all the same.
/// </summary>
internal sealed class AgentReader(
    HttpTransport http,
    ReleaseCapabilities release,
    SemaphoreSlim exportGate,
    string agentId,
    Func<CancellationToken, Task<JsonElement>> readState,
    SnapshotOptions options,
    AgentReader.Logs logs,
    Action<string> warn)
{
    private const int ListPageSize = 500;

    /// <summary>Longest list of groups, archives, conversations or files in one answer.</summary>
    private const int MaxListLength = 100_000;

    // 0.12.0, the first release that does not write tool messages in the old way.
    private static readonly DateTimeOffset s_endOfOldToolMessages = new(2025, 10, 9, 0, 0, 0, TimeSpan.Zero);

    private readonly List<string> _missing = [];
    private HistoryReader _history = null!;

    /// <summary>Reads the agent. When it throws, nothing works on the logs any more.</summary>
    /// <param name="connection">The server.</param>
    /// <param name="caller">Gives up.</param>
    public async Task<AgentSnapshot> ReadAsync(LettaConnection connection, CancellationToken caller)
    {
        using var together = CancellationTokenSource.CreateLinkedTokenSource(caller);
        var cancellationToken = together.Token;
        _history = new HistoryReader(http, release, agentId, logs.Messages, Note, () => warn(OldToolMessages));
        var history = Begin(() => ReadHistoryAsync(cancellationToken));
        var passages = Begin(() => ReadPassagesAsync(cancellationToken));
        var state = Begin(() => readState(cancellationToken));
        var export = Begin(() => ReadExportAsync(state, cancellationToken));
        var rest = Begin(() => ReadRestAsync(state, cancellationToken));
        await WhenAllOrNone(together, state, history, passages, export, rest).ConfigureAwait(false);

        var agent = LettaAgent.FromState(state.Result, connection);
        var inContext = MessageIds(state.Result);
        var exported = export.Result?.Find(agent.Name, history.Result, inContext);
        logs.Messages.Arrange(Merge(history.Result, exported, inContext));
        WarnOfOldToolMessages(agent, export.Result);
        NoteWhatIsNotThere(inContext, rest.Result.Conversations);
        NoteUnreadable(state.Result);
        NoteHiddenSecrets(state.Result);
        return new AgentSnapshot(agent, "Api", options.IncludeSecrets ? state.Result : WithoutSecrets(state.Result))
        {
            SchemaRevision = export.Result?.SchemaRevision,
            Messages = logs.Messages,
            InContext = inContext,
            Passages = logs.Passages,
            Files = logs.Files,
            Sources = [.. state.Result.Items("sources")],
            FileViews = rest.Result.FileViews,
            McpServers = export.Result?.McpServers ?? [],
            Identities = rest.Result.Identities,
            Archives = rest.Result.Archives,
            Groups = rest.Result.Groups,
            Conversations = rest.Result.Conversations,
            OtherParts = export.Result?.OtherParts ?? [],
            OtherFields = exported?.OtherFields.Where(f => !state.Result.TryGetProperty(f.Key, out _)).ToDictionary() ?? [],
            UnreadMessages = _history.UnreadItems,
            Missing = _missing,
        };
    }

    private static Task<T> Begin<T>(Func<Task<T>> part) => Task.Run(part);

    /// <summary>Waits until every part has ended. When one fails, the others are cancelled, and its failure is the one that is told.</summary>
    private static async Task WhenAllOrNone(CancellationTokenSource together, params Task[] parts)
    {
        foreach (var part in parts)
        {
            _ = part.ContinueWith(_ => together.Cancel(), CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        try
        {
            await Task.WhenAll(parts).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (parts.Any(p => p.IsFaulted))
        {
            await parts.First(p => p.IsFaulted).ConfigureAwait(false);
        }
    }

    private List<Guid> MessageIds(JsonElement state)
    {
        var ids = new List<Guid>();
        var strange = 0;
        foreach (var id in state.Items("message_ids"))
        {
            if (EntityId.TryParse(id.ValueKind == JsonValueKind.String ? id.GetString() : null, "message", out var uuid))
            {
                ids.Add(uuid);
            }
            else
            {
                strange++;
            }
        }

        if (strange > 0)
        {
            Note($"{strange} entries of the context (message_ids): they are not identifiers of messages.");
        }

        return ids;
    }

    /// <summary>What the server refuses or fails at is missing from the backup; what breaks the connection fails the agent.</summary>
    private static bool CanBeMissed(LettaException e) => e.ErrorId is ErrorIds.ServerFailed or ErrorIds.RequestRefused or ErrorIds.NotFound or ErrorIds.InvalidAnswer or ErrorIds.InvalidId;

    private async Task<T> OptionalAsync<T>(string what, T without, Func<Task<T>> read)
    {
        try
        {
            return await read().ConfigureAwait(false);
        }
        catch (Exception e) when (e is LettaException letta ? CanBeMissed(letta) : !ItemBoundary.EndsRun(e))
        {
            Note($"{what}: {e.Message}");
            return without;
        }
    }

    private void Note(string missing)
    {
        lock (_missing)
        {
            _missing.Add(missing);
        }
    }

    private List<MessageEntry> Merge(List<MessageEntry> history, ExportedAgent? export, IReadOnlyList<Guid> inContext)
    {
        var merged = export is null ? history : HistoryMerge.Merge(history, export.Rows, inContext, export.InContext);
        if (options.IncludeHistory)
        {
            return merged;
        }

        var wanted = inContext.ToHashSet();
        return [.. merged.Where(m => wanted.Contains(m.Id))];
    }

    /// <summary>Every message that is referred to must have been read; what could not be read is missing.</summary>
    private void NoteWhatIsNotThere(List<Guid> inContext, List<ConversationLog> conversations)
    {
        var found = logs.Messages.Entries.Select(e => e.Id).ToHashSet();
        var lost = inContext.Count(id => !found.Contains(id));
        if (lost > 0)
        {
            Note($"{lost} of the {inContext.Count} messages in context: the server does not show them.");
        }

        foreach (var conversation in options.IncludeHistory ? conversations : [])
        {
            if (conversation.Messages.Count(id => !found.Contains(id)) is > 0 and var of)
            {
                Note($"{of} of the {conversation.Messages.Count} messages of the conversation {conversation.Conversation.StringOrNull("id")}: the history of the agent does not have them.");
            }
        }

        foreach (var (reason, ids) in _history.Unread.Where(u => !found.Contains(u.Key)).GroupBy(u => u.Value, u => u.Key).Select(g => (g.Key, g.ToList())))
        {
            Note($"{ids.Count} messages, first {EntityId.Format("message", ids[0])}: {reason} What the server shows of them is in the file as it is.");
        }

        if (_history.Strange.Count > 0)
        {
            Note($"{_history.Strange.Count} items of the history: {_history.Strange[0]} What the server shows of them is in the file as it is.");
        }
    }

    /// <summary>What the state has in place of an object is kept in it, but cannot be restored.</summary>
    private void NoteUnreadable(JsonElement state)
    {
        foreach (var (name, items) in ((string, IEnumerable<JsonElement>)[])[("blocks", AgentState.Blocks(state)), ("tools", state.Items("tools")), ("sources", state.Items("sources"))])
        {
            if (items.Count(i => i.ValueKind != JsonValueKind.Object) is > 0 and var strange)
            {
                Note($"{strange} items of the agent's {name}: the server shows no object for them.");
            }
        }
    }

    private void NoteHiddenSecrets(JsonElement state)
    {
        foreach (var variable in AgentState.Variables(state).Where(v => options.IncludeSecrets && AgentState.Value(v) is null && v.StringOrNull("value") is { Length: > 0 }))
        {
            Note($"The value of the environment variable {variable.StringOrNull("key")}: the server does not show it.");
        }
    }

    private Task<List<MessageEntry>> ReadHistoryAsync(CancellationToken cancellationToken) => OptionalAsync("The history", [], () => _history.ReadAsync(cancellationToken));

    private void WarnOfOldToolMessages(LettaAgent agent, ExportedRows? export)
    {
        if (release.DamagesOldToolMessages && (agent.CreatedAt < s_endOfOldToolMessages || export?.HasOldToolMessages == true))
        {
            warn(OldToolMessages);
        }
    }

    private static string OldToolMessages =>
        "This server has agents from the time of Letta 0.11. Servers from 0.13 on change the tool messages of that time in the database when they are read, "
        + "and later cannot read some pages of them. Nothing is lost in this backup. Invoke-LettaSchemaFix -Kind MessageData makes the rows safe.";

    private async Task<bool> ReadPassagesAsync(CancellationToken cancellationToken)
    {
        if (!options.IncludeArchive)
        {
            return true;
        }

        var reader = new PassageReader(http, agentId, logs.Passages, Note);
        return await OptionalAsync("The archival passages", false, () => reader.ReadAsync(cancellationToken)).ConfigureAwait(false);
    }

    private async Task<ExportedRows?> ReadExportAsync(Task<JsonElement> state, CancellationToken cancellationToken)
    {
        if (!options.IncludeExport)
        {
            return null;
        }

        await exportGate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await http.GetAsync(
                $"agents/{agentId}/export?{ApiQueries.Export(release)}",
                (json, token) => ExportedRows.ReadAsync(json, logs.Messages, token),
                cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is LettaException letta ? CanBeMissed(letta) : !ItemBoundary.EndsRun(e))
        {
            // Nothing is missing for that: everything but the servers of MCP tools is had from elsewhere.
            if ((await state.ConfigureAwait(false)).Items("tools").Any(t => t.StringOrNull("tool_type") == "external_mcp"))
            {
                Note($"The MCP servers of the agent's tools: {e.Message}");
            }

            return null;
        }
        finally
        {
            exportGate.Release();
        }
    }

    private async Task<Rest> ReadRestAsync(Task<JsonElement> stateTask, CancellationToken cancellationToken)
    {
        var archives = Begin(() => !release.HasArchives || !options.IncludeArchive
            ? Task.FromResult(new List<JsonElement>())
            : OptionalAsync("The archives", [], () => ListAsync("The archives", $"archives/?agent_id={agentId}", "archive", cancellationToken)));
        var conversations = Begin(() => !release.HasConversations
            ? Task.FromResult(new List<ConversationLog>())
            : OptionalAsync("The conversations", [], () => ReadConversationsAsync(cancellationToken)));
        var groupsThere = Begin(() => OptionalAsync("The groups", [], () => ReadListAsync($"agents/{agentId}/groups", cancellationToken)));
        await Task.WhenAll(archives, conversations, groupsThere).ConfigureAwait(false);
        var groups = groupsThere.Result;
        var state = await stateTask.ConfigureAwait(false);
        if (AgentState.Group(state) is { } managed && groups.TrueForAll(g => g.StringOrNull("id") != managed.StringOrNull("id")))
        {
            groups.Add(managed);
        }

        return new Rest(
            archives.Result,
            conversations.Result,
            groups,
            await ReadIdentitiesAsync(state, cancellationToken).ConfigureAwait(false),
            await ReadFilesAsync(state, cancellationToken).ConfigureAwait(false));
    }

    private async Task<List<JsonElement>> ReadIdentitiesAsync(JsonElement state, CancellationToken cancellationToken)
    {
        var identities = state.Items("identities").ToList();
        foreach (var id in state.Strings("identity_ids").Where(id => identities.TrueForAll(i => i.StringOrNull("id") != id)))
        {
            if (await OptionalAsync<JsonElement?>(
                $"The identity {UntrustedText.Shorten(id)}", null, async () => await http.GetAsync($"identities/{EntityId.Require(id, "identity")}", cancellationToken).ConfigureAwait(false)).ConfigureAwait(false) is { } identity)
            {
                identities.Add(identity);
            }
        }

        return identities;
    }

    /// <summary>Reads the files of the attached sources into the log.</summary>
    /// <returns>Which of them are open to the agent, and what it sees.</returns>
    private async Task<List<JsonElement>> ReadFilesAsync(JsonElement state, CancellationToken cancellationToken)
    {
        var sources = state.Items("sources").DistinctBy(s => s.StringOrNull("id")).OrderBy(s => s.StringOrNull("name"), StringComparer.Ordinal).ToList();
        foreach (var source in sources)
        {
            var what = $"The files of the source '{source.StringOrNull("name")}'";
            await OptionalAsync(what, false, async () =>
            {
                var id = EntityId.Require(source.StringOrNull("id"), "source");
                foreach (var file in await ListAsync(what, $"sources/{id}/files?include_content=true", "file", cancellationToken).ConfigureAwait(false))
                {
                    logs.Files.Append(JsonValues.ToUtf8(file));
                }

                return true;
            }).ConfigureAwait(false);
        }

        return sources.Count == 0 || !release.ListsFileViews
            ? []
            : await OptionalAsync("What the agent sees of its files", [], () => ReadFileViewsAsync(cancellationToken)).ConfigureAwait(false);
    }

    private async Task<List<JsonElement>> ReadFileViewsAsync(CancellationToken cancellationToken)
    {
        var views = new List<JsonElement>();
        var cursors = new HashSet<string>(StringComparer.Ordinal);
        string? cursor = null;
        while (true)
        {
            var page = await http.GetAsync($"agents/{agentId}/files?limit={ListPageSize}" + (cursor is null ? string.Empty : $"&cursor={Uri.EscapeDataString(cursor)}"), cancellationToken).ConfigureAwait(false);
            views.AddRange(page.Items("files"));
            if (!page.TryGetProperty("has_more", out var more) || more.ValueKind != JsonValueKind.True)
            {
                return views;
            }

            var next = page.StringOrNull("next_cursor");
            if (next is null || !cursors.Add(next))
            {
                Note($"What the agent sees of its files, after the first {views.Count}: the server repeats its pages instead of going on.");
                return views;
            }

            cursor = next;
        }
    }

    private async Task<List<ConversationLog>> ReadConversationsAsync(CancellationToken cancellationToken)
    {
        var logs = new List<ConversationLog>();
        foreach (var conversation in await ListAsync("The conversations", $"conversations/?agent_id={agentId}", "conv", cancellationToken).ConfigureAwait(false))
        {
            var what = $"Which messages belong to the conversation {UntrustedText.Shorten(conversation.StringOrNull("id"))}";
            var messages = await OptionalAsync(
                what, [], () => new ConversationReader(http, EntityId.Require(conversation.StringOrNull("id"), "conv"), reason => Note($"{what}: {reason}")).ReadAsync(cancellationToken)).ConfigureAwait(false);
            logs.Add(new ConversationLog(conversation, messages));
        }

        return logs;
    }

    /// <summary>Lists items page by page, going on after the last identifier. Where that does not work, what was read is kept and the rest is noted.</summary>
    private async Task<List<JsonElement>> ListAsync(string what, string path, string prefix, CancellationToken cancellationToken)
    {
        var all = new List<JsonElement>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        string? cursor = null;
        while (true)
        {
            List<JsonElement> page;
            try
            {
                page = await ReadListAsync($"{path}&limit={ListPageSize}{(cursor is null ? string.Empty : "&after=" + cursor)}", cancellationToken).ConfigureAwait(false);
            }
            catch (LettaException e) when (all.Count > 0 && PartialRead.IsMissable(e))
            {
                Note($"{what} after the first {all.Count}: {e.Message}");
                return all;
            }

            var before = all.Count;
            all.AddRange(page.Where(i => i.ValueKind == JsonValueKind.Object && seen.Add(i.StringOrNull("id") ?? i.GetRawText())));
            if (page.Count(i => i.ValueKind != JsonValueKind.Object) is > 0 and var strange)
            {
                Note($"{what}: the server shows no object for {strange} of them.");
            }

            if (PartialRead.IsLastPage(page.Count, ListPageSize))
            {
                return all;
            }

            if (all.Count == before || !EntityId.TryParse(all[^1].StringOrNull("id"), prefix, out var last))
            {
                Note($"{what} after the first {all.Count}: the server repeats its pages instead of going on.");
                return all;
            }

            cursor = EntityId.Format(prefix, last);
        }
    }

    private Task<List<JsonElement>> ReadListAsync(string path, CancellationToken cancellationToken) => http.GetListAsync(path, MaxListLength, cancellationToken);

    /// <summary>The state without the values of environment variables; the server gives them in clear.</summary>
    private static JsonElement WithoutSecrets(JsonElement state)
    {
        var copy = JsonObject.Create(state)!;
        foreach (var list in (string[])["secrets", "tool_exec_environment_variables"])
        {
            if (copy[list] is not JsonArray variables)
            {
                continue;
            }

            foreach (var variable in variables.OfType<JsonObject>())
            {
                foreach (var value in (string[])["value", "value_enc"])
                {
                    if (variable.ContainsKey(value))
                    {
                        variable[value] = null;
                    }
                }
            }
        }

        return JsonValues.ToElement(copy);
    }

    /// <summary>Where the long lists go. They belong to whoever made them until the snapshot has them.</summary>
    /// <param name="Passages">The archival passages.</param>
    /// <param name="Files">The files of attached sources.</param>
    internal sealed record Logs(MessageLog Messages, JsonLog Passages, JsonLog Files) : IDisposable
    {
        public void Dispose()
        {
            Messages.Dispose();
            Passages.Dispose();
            Files.Dispose();
        }
    }

    private sealed record Rest(
        List<JsonElement> Archives,
        List<ConversationLog> Conversations,
        List<JsonElement> Groups,
        List<JsonElement> Identities,
        List<JsonElement> FileViews);
}

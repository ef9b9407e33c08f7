using System.Text.Json;
using System.Text.Json.Nodes;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Agents;
using LettaPS.Core.Json;
using LettaPS.Core.Sources;

namespace LettaPS.Adapters.Http;

/// <summary>
/// Reads one agent whole through the API. The state, the export, the history, the passages and the rest are read side by side; only exports wait for
/// each other. What the server cannot give is noted and the agent is read all the same.
/// </summary>
internal sealed class AgentReader(
    HttpTransport http,
    ServerDialect dialect,
    SemaphoreSlim exportGate,
    string agentId,
    Func<CancellationToken, Task<JsonElement>> readState,
    SnapshotOptions options,
    AgentReader.Logs logs,
    Action<string> warn)
{
    private const int PassagePageSize = 200;
    private const int ListPageSize = 500;

    /// <summary>Longest list of groups, archives, conversations or files in one answer.</summary>
    private const int MaxListLength = 100_000;

    // 0.12.0, the first release that does not write tool messages in the old way.
    private static readonly DateTimeOffset s_endOfOldToolMessages = new(2025, 10, 9, 0, 0, 0, TimeSpan.Zero);

    private readonly List<string> _missing = [];

    /// <summary>Reads the agent. When it throws, nothing works on the logs any more.</summary>
    /// <param name="connection">The server.</param>
    /// <param name="caller">Gives up.</param>
    public async Task<AgentSnapshot> ReadAsync(LettaConnection connection, CancellationToken caller)
    {
        using var together = CancellationTokenSource.CreateLinkedTokenSource(caller);
        var cancellationToken = together.Token;
        var history = Begin(() => ReadHistoryAsync(cancellationToken));
        var passages = Begin(() => ReadPassagesAsync(cancellationToken));
        var state = Begin(() => readState(cancellationToken));
        var export = Begin(() => ReadExportAsync(state, cancellationToken));
        var rest = Begin(() => ReadRestAsync(state, cancellationToken));
        await WhenAllOrNone(together, state, history, passages, export, rest).ConfigureAwait(false);

        var agent = LettaAgent.FromState(state.Result, connection);
        var inContext = MessageIds(state.Result);
        logs.Messages.Arrange(Merge(history.Result, export.Result, inContext));
        WarnOfOldToolMessages(agent, export.Result);
        NoteLostContext(inContext);
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

    private static List<Guid> MessageIds(JsonElement state) =>
        [.. state.Strings("message_ids").Select(id => EntityId.TryParse(id, "message", out var uuid) ? uuid : throw Malformed(id))];

    private static LettaException Malformed(string? id) =>
        new("InvalidAnswer", LettaErrorKind.InvalidData, $"The server names a message '{id}', which is not an identifier of Letta's.", "Backup-LettaDatabase keeps it as it is.", id);

    /// <summary>What the server refuses or fails at is missing from the backup; what breaks the connection fails the agent.</summary>
    private static bool CanBeMissed(LettaException e) => e.ErrorId is "ServerError" or "RequestRefused" or "NotFound" or "InvalidAnswer" or "UnknownMessageType";

    private async Task<T> OptionalAsync<T>(string what, T without, Func<Task<T>> read)
    {
        try
        {
            return await read().ConfigureAwait(false);
        }
        catch (LettaException e) when (CanBeMissed(e))
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

    private List<MessageEntry> Merge(List<MessageEntry> history, ExportedRows? export, IReadOnlyList<Guid> inContext)
    {
        var merged = export is null ? history : HistoryMerge.Merge(history, export.Rows, inContext, export.InContext);
        if (options.IncludeHistory)
        {
            return merged;
        }

        var wanted = inContext.ToHashSet();
        return [.. merged.Where(m => wanted.Contains(m.Id))];
    }

    private void NoteLostContext(List<Guid> inContext)
    {
        var found = logs.Messages.Entries.Select(e => e.Id).ToHashSet();
        var lost = inContext.Count(id => !found.Contains(id));
        if (lost > 0)
        {
            Note($"{lost} of the {inContext.Count} messages in context: the server does not show them.");
        }
    }

    private void NoteHiddenSecrets(JsonElement state)
    {
        foreach (var variable in AgentState.Variables(state).Where(v => options.IncludeSecrets && AgentState.Value(v) is null && v.StringOrNull("value") is { Length: > 0 }))
        {
            Note($"The value of the environment variable {variable.StringOrNull("key")}: the server does not show it.");
        }
    }

    private async Task<List<MessageEntry>> ReadHistoryAsync(CancellationToken cancellationToken)
    {
        var reader = new HistoryReader(http, dialect, agentId, logs.Messages, Note, () => warn(OldToolMessages));
        return await OptionalAsync("The history", [], () => reader.ReadAsync(cancellationToken)).ConfigureAwait(false);
    }

    private void WarnOfOldToolMessages(LettaAgent agent, ExportedRows? export)
    {
        if (dialect.DamagesOldToolMessages && (agent.CreatedAt < s_endOfOldToolMessages || export?.HasOldToolMessages == true))
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

        return await OptionalAsync("The archival passages", false, async () =>
        {
            string? last = null;
            for (var more = true; more;)
            {
                var (count, lastOfPage) = await http.GetAsync(
                    () => $"agents/{agentId}/archival-memory?limit={PassagePageSize}" + (last is null ? string.Empty : $"&after={last}"),
                    async (json, token) =>
                    {
                        var n = 0;
                        await foreach (var passage in json.ReadArrayAsync(token).ConfigureAwait(false))
                        {
                            // Kept at once and remembered as the cursor, so that a page that breaks off is gone on with from here.
                            logs.Passages.Append(PassageRow.FromApi(passage).Span);
                            last = EntityId.Require(passage.StringOrNull("id"), "passage");
                            n++;
                        }

                        return (n, last);
                    },
                    cancellationToken).ConfigureAwait(false);
                more = count == PassagePageSize;
                last = lastOfPage;
            }

            return true;
        }).ConfigureAwait(false);
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
                $"agents/{agentId}/export?{dialect.ExportQuery}",
                async (json, token) => await ExportedRows.ReadAsync(json, logs.Messages, (await state.ConfigureAwait(false)).StringOrNull("name"), token).ConfigureAwait(false),
                cancellationToken).ConfigureAwait(false);
        }
        catch (LettaException e) when (CanBeMissed(e))
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
        var archives = Begin(() => !dialect.HasArchives || !options.IncludeArchive
            ? Task.FromResult(new List<JsonElement>())
            : OptionalAsync("The archives", [], () => ListAsync($"archives/?agent_id={agentId}", "archive", cancellationToken)));
        var conversations = Begin(() => !dialect.HasConversations
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
            var checkedId = EntityId.Require(id, "identity");
            if (await OptionalAsync<JsonElement?>($"The identity {checkedId}", null, async () => await http.GetAsync($"identities/{checkedId}", cancellationToken).ConfigureAwait(false)).ConfigureAwait(false) is { } identity)
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
        var sources = state.Items("sources").OrderBy(s => s.StringOrNull("name"), StringComparer.Ordinal).ToList();
        foreach (var source in sources)
        {
            var id = EntityId.Require(source.StringOrNull("id"), "source");
            await OptionalAsync($"The files of the source '{source.StringOrNull("name")}'", false, async () =>
            {
                foreach (var file in await ListAsync($"sources/{id}/files?include_content=true", "file", cancellationToken).ConfigureAwait(false))
                {
                    logs.Files.Append(JsonSerializer.SerializeToUtf8Bytes(file));
                }

                return true;
            }).ConfigureAwait(false);
        }

        return sources.Count == 0 || !dialect.ListsFileViews
            ? []
            : await OptionalAsync("What the agent sees of its files", [], () => ReadFileViewsAsync(cancellationToken)).ConfigureAwait(false);
    }

    private async Task<List<JsonElement>> ReadFileViewsAsync(CancellationToken cancellationToken)
    {
        var views = new List<JsonElement>();
        string? cursor = null;
        do
        {
            var page = await http.GetAsync($"agents/{agentId}/files?limit={ListPageSize}" + (cursor is null ? string.Empty : $"&cursor={Uri.EscapeDataString(cursor)}"), cancellationToken).ConfigureAwait(false);
            views.AddRange(page.Items("files"));
            var next = page.StringOrNull("next_cursor");
            cursor = page.TryGetProperty("has_more", out var more) && more.ValueKind == JsonValueKind.True && next != cursor ? next : null;
        }
        while (cursor is not null);
        return views;
    }

    private async Task<List<ConversationLog>> ReadConversationsAsync(CancellationToken cancellationToken)
    {
        var logs = new List<ConversationLog>();
        foreach (var conversation in await ListAsync($"conversations/?agent_id={agentId}", "conv", cancellationToken).ConfigureAwait(false))
        {
            var id = EntityId.Require(conversation.StringOrNull("id"), "conv");
            var messages = await OptionalAsync(
                $"Which messages belong to the conversation {id}", [], () => new ConversationReader(http, id).ReadAsync(cancellationToken)).ConfigureAwait(false);
            logs.Add(new ConversationLog(conversation, messages));
        }

        return logs;
    }

    /// <summary>Lists things page by page, going on after the last identifier.</summary>
    private async Task<List<JsonElement>> ListAsync(string path, string prefix, CancellationToken cancellationToken)
    {
        var all = new List<JsonElement>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (true)
        {
            var cursor = all.Count == 0 ? string.Empty : "&after=" + EntityId.Require(all[^1].StringOrNull("id"), prefix);
            var page = await ReadListAsync($"{path}&limit={ListPageSize}{cursor}", cancellationToken).ConfigureAwait(false);
            var before = all.Count;
            all.AddRange(page.Where(i => seen.Add(i.StringOrNull("id") ?? throw Malformed(null))));
            if (page.Count < ListPageSize || all.Count == before)
            {
                return all;
            }
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

        return JsonSerializer.SerializeToElement(copy);
    }

    /// <summary>Where the long lists go. They belong to whoever made them until the snapshot has them.</summary>
    /// <param name="Messages">The messages.</param>
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

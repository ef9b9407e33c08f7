using System.Buffers;
using System.Text;
using System.Text.Json;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.AgentFiles.Writing;
using LettaPS.Core.Json;
using LettaPS.Core.Secrets;

namespace LettaPS.Core.AgentTables;

/// <summary>The rows of an agent that are few, and what the API would show of them.</summary>
/// <param name="withSecrets">Whether the values of secrets are shown.</param>
/// <param name="encryptionKey">The server's <c>LETTA_ENCRYPTION_KEY</c>, or <see langword="null"/>.</param>
internal sealed class AgentRows(bool withSecrets, string? encryptionKey)
{
    private readonly Dictionary<string, List<DatabaseRow>> _rows = new(StringComparer.Ordinal);
    private readonly ArrayBufferWriter<byte> _buffer = new();

    /// <summary>What cannot be shown, in words.</summary>
    public List<string> Missing { get; } = [];

    /// <summary>Keeps a row.</summary>
    public void Add(DatabaseRow row)
    {
        if (!_rows.TryGetValue(row.Shape.Name, out var rows))
        {
            _rows[row.Shape.Name] = rows = [];
        }

        rows.Add(row);
    }

    /// <summary>The rows of a table.</summary>
    public IReadOnlyList<DatabaseRow> Of(string table) => _rows.GetValueOrDefault(table) ?? [];

    /// <summary>A value made of what is written.</summary>
    public JsonElement Element(Action<Utf8JsonWriter> write)
    {
        _buffer.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(_buffer, SnapshotFileWriter.WriterOptions))
        {
            write(json);
        }

        return JsonValues.Parse(_buffer.WrittenSpan);
    }

    /// <summary>What the API shows of the rows of a table.</summary>
    public IReadOnlyList<JsonElement> Elements(string table, RowField[] fields) => [.. Of(table).Select(r => Element(w => WriteObject(w, r, fields)))];

    /// <summary>The MCP servers, as exports have them.</summary>
    public IReadOnlyList<JsonElement> McpServers() => [.. Of("mcp_server").Select(row => Element(json =>
    {
        json.WriteStartObject();
        json.WriteFields(row, AnswerFields.McpServer);
        if (row.Shape.Ordinal("stdio_config") is var config && !row.IsNull(config))
        {
            json.WritePropertyName("stdio_config"u8);
            json.WriteRawValue(LoneSurrogates.Replace(withSecrets ? row.Bytes(config) : Encoding.UTF8.GetBytes(McpEnvironment.Without(row.Bytes(config)))), skipInputValidation: true);
        }

        json.WriteEndObject();
    }))];

    /// <summary>The groups.</summary>
    public IReadOnlyList<JsonElement> Groups() => [.. Of("groups").Select(g => Element(json => WriteGroup(json, g)))];

    /// <summary>A conversation.</summary>
    /// <param name="inContext">Identifiers of its messages in context.</param>
    public JsonElement Conversation(DatabaseRow row, IEnumerable<string> inContext) => Element(json =>
    {
        json.WriteStartObject();
        json.WriteFields(row, AnswerFields.Conversation);
        json.WriteTexts("in_context_message_ids", inContext);
        json.WriteTexts("isolated_block_ids", Linked("blocks_conversations", "conversation_id", row.Text("id"), "block_id"));
        json.WriteEndObject();
    });

    /// <summary>The agent's state.</summary>
    public JsonElement State() => Element(json =>
    {
        var agent = Of(AgentTables.Agents)[0];
        json.WriteStartObject();
        json.WriteFields(agent, AnswerFields.Agent);
        WriteHandle(json, "model", agent, "llm_config");
        WriteHandle(json, "embedding", agent, "embedding_config");
        WriteList(json, "blocks", Chosen("block", "blocks_agents", "block_id"), WriteBlock);
        WriteList(json, "tools", Of("tools"), (w, r) => WriteObject(w, r, AnswerFields.Tool));
        WriteList(json, "sources", Chosen("sources", "sources_agents", "source_id"), (w, r) => WriteObject(w, r, AnswerFields.Source));
        json.WriteTexts("tags", Of("agents_tags").Select(t => t.Text("tag")!));
        WriteList(json, "secrets", Of("agent_environment_variables"), WriteVariable);
        var identities = Chosen("identities", "identities_agents", "identity_id").ToList();
        json.WriteTexts("identity_ids", identities.Select(i => i.Text("id")!));
        WriteList(json, "identities", identities, WriteIdentity);
        json.WritePropertyName("managed_group"u8);
        if (Of("groups").FirstOrDefault(g => g.Text("manager_agent_id") == agent.Text("id")) is { } group)
        {
            WriteGroup(json, group);
        }
        else
        {
            json.WriteNullValue();
        }

        json.WriteEndObject();
    });

    /// <summary>What lists show of an agent.</summary>
    /// <param name="agent">Its row.</param>
    /// <param name="labels">The labels of its blocks.</param>
    public static JsonElement ListedState(DatabaseRow agent, IEnumerable<string> tags, IEnumerable<string> labels) =>
        new AgentRows(withSecrets: false, encryptionKey: null).Element(json =>
        {
            json.WriteStartObject();
            json.WriteFields(agent, AnswerFields.Agent);
            WriteHandle(json, "model", agent, "llm_config");
            WriteHandle(json, "embedding", agent, "embedding_config");
            json.WriteTexts("tags", tags);
            json.WriteStartArray("blocks"u8);
            foreach (var label in labels)
            {
                json.WriteStartObject();
                json.WriteString("label"u8, label);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });

    private static void WriteObject(Utf8JsonWriter json, DatabaseRow row, RowField[] fields)
    {
        json.WriteStartObject();
        json.WriteFields(row, fields);
        json.WriteEndObject();
    }

    private static void WriteList(Utf8JsonWriter json, string name, IEnumerable<DatabaseRow> rows, Action<Utf8JsonWriter, DatabaseRow> write)
    {
        json.WriteStartArray(name);
        foreach (var row in rows)
        {
            write(json, row);
        }

        json.WriteEndArray();
    }

    private static void WriteHandle(Utf8JsonWriter json, string name, DatabaseRow agent, string config)
    {
        if (agent.Text(config) is { } text && JsonValues.Parse(LoneSurrogates.Replace(Encoding.UTF8.GetBytes(text))).StringOrNull("handle") is { } handle)
        {
            json.WriteString(name, handle);
        }
    }

    private void WriteBlock(Utf8JsonWriter json, DatabaseRow row) => WriteLinked(json, row, AnswerFields.Block, "tags", "blocks_tags", "block_id", "tag");

    private void WriteGroup(Utf8JsonWriter json, DatabaseRow row) => WriteLinked(json, row, AnswerFields.Group, "shared_block_ids", "groups_blocks", "group_id", "block_id");

    private void WriteIdentity(Utf8JsonWriter json, DatabaseRow row) =>
        WriteLinked(json, row, AnswerFields.Identity, "block_ids", "identities_blocks", "identity_id", "block_id");

    /// <summary>Writes a row and a list of what it is linked with.</summary>
    private void WriteLinked(Utf8JsonWriter json, DatabaseRow row, RowField[] fields, string list, string links, string from, string to)
    {
        json.WriteStartObject();
        json.WriteFields(row, fields);
        json.WriteTexts(list, Linked(links, from, row.Text("id"), to));
        json.WriteEndObject();
    }

    private void WriteVariable(Utf8JsonWriter json, DatabaseRow row)
    {
        json.WriteStartObject();
        json.WriteFields(row, AnswerFields.Variable);
        json.WriteString("value"u8, withSecrets ? ValueOf(row) : null);
        json.WriteEndObject();
    }

    /// <summary>The value of a variable: releases from 0.12 on keep it in <c>value_enc</c>, encrypted where the server has a key.</summary>
    private string? ValueOf(DatabaseRow row)
    {
        if (row.Text("value_enc") is not { Length: > 0 } stored)
        {
            return row.Text("value");
        }

        if (!SecretCipher.LooksEncrypted(row.Bytes(row.Shape.Ordinal("value_enc"))))
        {
            return stored;
        }

        if (encryptionKey is not null && SecretCipher.Decrypt(stored, encryptionKey) is { } plain)
        {
            return Encoding.UTF8.GetString(plain);
        }

        Missing.Add($"The value of the environment variable {row.Text("key")}: it is encrypted, and {(encryptionKey is null ? "LETTA_ENCRYPTION_KEY is not known" : "the LETTA_ENCRYPTION_KEY that is known does not open it")}.");
        return null;
    }

    /// <summary>Those rows of a table that the agent is linked with.</summary>
    private IEnumerable<DatabaseRow> Chosen(string table, string links, string column)
    {
        var ids = Of(links).Select(l => l.Text(column)).ToHashSet();
        return Of(table).Where(r => ids.Contains(r.Text("id")));
    }

    private IEnumerable<string> Linked(string links, string from, string? id, string to) =>
        Of(links).Where(l => l.Text(from) == id).Select(l => l.Text(to)!);
}

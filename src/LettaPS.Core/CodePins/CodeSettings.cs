using System.Text;
using System.Text.Json;
using LettaPS.Core.Agents;
using LettaPS.Core.Connections;
using LettaPS.Core.IdMaps;
using LettaPS.Core.IO;

namespace LettaPS.Core.CodePins;

/// <summary>
/// Letta Code's settings (<c>~/.letta/settings.json</c>, <c>./.letta/settings.local.json</c>) with identifiers of agents brought up to date. Only the
/// identifiers change; every other byte of the file stays, its order, its spaces and what Letta Code may add later.
/// </summary>
internal static class CodeSettings
{
    private static readonly JsonReaderOptions s_options = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <summary>Finds the identifiers to change.</summary>
    /// <param name="file">The settings.</param>
    /// <param name="ids">Old and new identifiers of agents on the server.</param>
    /// <param name="server">The server; entries about other servers stay.</param>
    /// <exception cref="LettaException"><c>InvalidSettings</c>: the file is not JSON.</exception>
    public static CodeSettingsEdit Plan(TextFile file, ServerIdMap ids, Uri server)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentNullException.ThrowIfNull(server);
        var bytes = Encoding.UTF8.GetBytes(file.Text);
        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            return Edit(file, bytes, document.RootElement, ids, server);
        }
        catch (JsonException e)
        {
            throw new LettaException(
                ErrorIds.InvalidSettings, LettaErrorKind.InvalidData, $"'{file.Path}' is not Letta Code's settings: it is not well-formed JSON (line {e.LineNumber + 1}).", $"Repair the file, which Letta Code cannot read either: Get-Content -LiteralPath '{file.Path}'", file.Path, e);
        }
    }

    private static CodeSettingsEdit Edit(TextFile file, byte[] bytes, JsonElement root, ServerIdMap ids, Uri server)
    {
        var changed = new List<LettaCodePinChange>();
        var elsewhere = new List<string>();
        var result = new MemoryStream(bytes.Length);
        var copied = 0;
        var walk = new Walk();
        var reader = new Utf8JsonReader(bytes, s_options);
        while (reader.Read())
        {
            walk.Take(ref reader);
            if (reader.TokenType != JsonTokenType.String || !walk.MayHoldAgent || reader.GetString() is not { } old
                || !EntityId.TryParse(old, "agent", out _) || ids.FindAgent(old) is not { } now || now == old)
            {
                continue;
            }

            if (!IsAbout(root, walk, server))
            {
                elsewhere.Add($"{walk.Path} is about another server and was left: {old}.");
                continue;
            }

            // Between the quotation marks.
            var start = (int)reader.TokenStartIndex + 1;
            result.Write(bytes, copied, start - copied);
            result.Write(Encoding.UTF8.GetBytes(now));
            copied = start + reader.ValueSpan.Length;
            changed.Add(new LettaCodePinChange(walk.Path, old, now));
        }

        result.Write(bytes, copied, bytes.Length - copied);
        return new CodeSettingsEdit(new FileChange(file, file.WithText(Encoding.UTF8.GetString(result.GetBuffer(), 0, (int)result.Length))), changed, [.. elsewhere, .. Conversations(root, changed)]);
    }

    /// <summary>A conversation of the old agent is none of the new one's.</summary>
    private static IEnumerable<string> Conversations(JsonElement root, List<LettaCodePinChange> changed) => changed
        .Where(c => c.Path == "lastSession.agentId" && root.TryGetProperty("lastSession", out var session) && session.TryGetProperty("conversationId", out var conversation) && conversation.ValueKind == JsonValueKind.String && conversation.GetString() != "default")
        .Select(_ => "lastSession names a conversation, which no restore can bring back; Letta Code will begin another.");

    private static bool IsAbout(JsonElement root, Walk walk, Uri server)
    {
        if (walk.Root is "pinnedAgentsByServer" or "sessionsByServer")
        {
            return walk.Keys.Count > 1 && walk.Keys[1] is { } key && IsServer(key, server);
        }

        // A key that is there twice is two lists: the place counts in the one that is read.
        return walk.Root != "agents" || walk.Index is not { } index
            || root.EnumerateObject().Where(p => p.Name == "agents").Select(p => p.Value).ElementAt(walk.Occurrence) is not { ValueKind: JsonValueKind.Array } agents
            || agents[index] is not { ValueKind: JsonValueKind.Object } agent || !agent.TryGetProperty("baseUrl", out var url) || url.ValueKind != JsonValueKind.String
            || IsServer(url.GetString()!, server);
    }

    /// <summary>Letta Code names servers by host and port, with or without scheme.</summary>
    private static bool IsServer(string name, Uri server)
    {
        var text = name.Contains("://", StringComparison.Ordinal) ? name : $"{server.Scheme}://{name}";
        return Uri.TryCreate(text, UriKind.Absolute, out var uri) && ServerAddress.IsSame(uri, server);
    }

    /// <summary>Where a reader is.</summary>
    private sealed class Walk
    {
        private static readonly HashSet<string> s_places = ["pinnedAgents", "lastSession", "lastAgent", "agents", "pinnedAgentsByServer", "sessionsByServer"];

        // For each container the name or number of what is read in it.
        private readonly List<(bool IsArray, string? Name, int Index)> _open = [];

        private readonly Dictionary<string, int> _roots = new(StringComparer.Ordinal);

        /// <summary>Which of the properties of this name at the root is read, from 0.</summary>
        public int Occurrence => Root is { } root ? _roots[root] : 0;

        public string? Root => _open.Count > 0 ? _open[0].Name : null;

        public IReadOnlyList<string?> Keys => [.. _open.Select(o => o.Name)];

        /// <summary>Number of the entry, in a list at the root.</summary>
        public int? Index => _open.Count > 1 && _open[1].IsArray ? _open[1].Index : null;

        public bool MayHoldAgent => Root is { } root && s_places.Contains(root);

        public string Path => string.Concat(_open.Select((o, i) => o.IsArray ? $"[{o.Index}]" : i == 0 ? o.Name : $".{o.Name}"));

        public void Take(ref Utf8JsonReader reader)
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    Count();
                    _open.Add((reader.TokenType == JsonTokenType.StartArray, null, -1));
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    _open.RemoveAt(_open.Count - 1);
                    break;
                case JsonTokenType.PropertyName:
                    var name = reader.GetString()!;
                    _open[^1] = _open[^1] with { Name = name };
                    if (_open.Count == 1)
                    {
                        _roots[name] = _roots.GetValueOrDefault(name, -1) + 1;
                    }

                    break;
                default:
                    Count();
                    break;
            }
        }

        private void Count()
        {
            if (_open.Count > 0 && _open[^1].IsArray)
            {
                _open[^1] = _open[^1] with { Index = _open[^1].Index + 1 };
            }
        }
    }
}

/// <summary>What is to change in a settings file.</summary>
/// <param name="File">The file before and after.</param>
/// <param name="Changes">The identifiers.</param>
/// <param name="Notes">What was left, and what the user should know.</param>
internal sealed record CodeSettingsEdit(FileChange File, IReadOnlyList<LettaCodePinChange> Changes, IReadOnlyList<string> Notes);

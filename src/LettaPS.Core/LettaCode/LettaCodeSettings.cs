using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LettaPS.Core.IO;

namespace LettaPS.Core.LettaCode;

/// <summary>The client's settings of a user, <c>~/.letta/settings.json</c>, in which it keeps what it knows of each agent of each root.</summary>
internal static class LettaCodeSettings
{
    private const string Agents = "agents";

    private static readonly JsonSerializerOptions s_format = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Where the settings are.</summary>
    public static string DefaultPath => Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".letta", "settings.json");

    /// <summary>Writes entries of agents. Everything else in the settings stays; the old file is kept beside the new one.</summary>
    /// <param name="path">The settings; created where they are not there.</param>
    /// <param name="pin">Whether they are pinned, in place of the agents of the V1 server that they were.</param>
    /// <param name="systemPrompt">Whether the client is to put its own system prompt in place of theirs, as it does for agents whose prompt it manages.</param>
    /// <exception cref="LettaException"><c>InvalidSettings</c>: the file is not a JSON object.</exception>
    public static void Write(string path, IEnumerable<LettaCodeAgent> agents, bool pin, LettaCodeSystemPrompt systemPrompt)
    {
        ArgumentNullException.ThrowIfNull(agents);
        var file = File.Exists(path) ? TextFile.Read(path) : null;
        var settings = Parse(path, file?.Text);
        if (settings[Agents] is not JsonArray list)
        {
            settings[Agents] = list = [];
        }

        foreach (var agent in agents)
        {
            var key = new LettaCodeRoot(agent.DestinationPath).Key;
            var entry = list.OfType<JsonObject>().FirstOrDefault(e => Is(e["agentId"], agent.AgentId) && Is(e["baseUrl"], key));
            if (entry is null)
            {
                list.Add(entry = new JsonObject { ["agentId"] = agent.AgentId, ["baseUrl"] = key });
            }

            if (pin)
            {
                entry["pinned"] = true;
                Unpin(settings, list, agent.SourceAgentId);
            }

            if (systemPrompt == LettaCodeSystemPrompt.LettaCode)
            {
                // A prompt with this hash is the client's to update.
                entry["systemPromptPreset"] = "default";
                entry["systemPromptHash"] = $"sha256:{Hash(agent)}";
            }
        }

        var text = settings.ToJsonString(s_format);
        if (text == file?.Text)
        {
            // The file beside it keeps what was there before the first run.
            return;
        }

        if (file is not null)
        {
            SafeFileReplace.Replace(new FileChange(file, file.WithText(text)), backup: true);
            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var created = new AtomicFile(path);
        created.Stream.Write(Encoding.UTF8.GetBytes(text));
        created.Commit();
    }

    /// <summary>Removes the pins of the agent on its V1 server, which the new ones replace. Its entries stay, and the old file has the pins.</summary>
    private static void Unpin(JsonObject settings, JsonArray agents, string sourceId)
    {
        foreach (var entry in agents.OfType<JsonObject>().Where(e => Is(e["agentId"], sourceId)))
        {
            entry.Remove("pinned");
        }

        foreach (var pins in (settings["pinnedAgentsByServer"] as JsonObject ?? []).Select(p => p.Value).Append(settings["pinnedAgents"]).OfType<JsonArray>())
        {
            foreach (var old in pins.Where(p => Is(p, sourceId)).ToList())
            {
                pins.Remove(old);
            }
        }
    }

    private static string Hash(LettaCodeAgent agent)
    {
        var system = LettaCodeRoot.Read(agent.Path) is { } record && record.TryGetProperty("system", out var value) ? value.GetString()! : string.Empty;
        return Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(system))).TrimEnd('=').Replace('+', '-').Replace('/', '_');
    }

    private static bool Is(JsonNode? node, string text) => node is JsonValue value && value.TryGetValue<string>(out var given) && given == text;

    private static JsonObject Parse(string path, string? text)
    {
        try
        {
            return text is null ? [] : JsonNode.Parse(text, null, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true }) as JsonObject
                ?? throw new JsonException();
        }
        catch (JsonException e)
        {
            throw new LettaException(ErrorIds.InvalidSettings, LettaErrorKind.InvalidData, $"'{path}' is not a JSON object. The agents were converted, but not pinned.", $"Repair the file, then run the command again with -Force: Get-Content -LiteralPath '{path}'", path, e);
        }
    }
}

using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using LettaPS.Core.AgentFiles.Writing;
using LettaPS.Core.Agents;

namespace LettaPS.Core.LettaCode;

/// <summary>
/// The names and constants of Letta Code's local backend, format 2 of its transcripts. The client compares the manifest strictly, ignores agents whose
/// identifier does not begin with <c>agent-local-</c>, and drops rows of another shape without a word.
/// </summary>
internal static class LettaCodeFormat
{
    /// <summary>The key of the conversation that every agent has.</summary>
    public const string DefaultConversation = "default";

    /// <summary>Version of the transcripts that is written, and the only one that a destination may have.</summary>
    public const int SchemaVersion = 2;

    public const string MessageFormat = "pi-session-entry-jsonl";

    public const string ProviderStack = "pi-ai";

    /// <summary>Provider and API of messages that came from a V1 server: a name of our own, so that the client does not replay signatures of models.</summary>
    public const string Provider = "letta-v1";

    /// <summary>A handle that stands for the first model that the client has.</summary>
    public const string DefaultModel = "local/default";

    /// <summary>Above this length the client clips the result of a tool when it loads a conversation; the file keeps it.</summary>
    public const int ToolResultLimit = 40_000;

    /// <summary>The longest Markdown file of a memory: the client reads each through a pipe of 1 MiB and drops longer ones without a word.</summary>
    public const int MemoryFileLimit = 512 << 10;

    /// <summary>The oldest client that the conversion was tested with.</summary>
    public static Version OldestTested { get; } = new(0, 30, 28);

    /// <summary>The newest client that the conversion was tested with.</summary>
    public static Version NewestTested { get; } = new(0, 32, 18);

    private const string AgentPrefix = "agent-local";

    private static readonly DateTimeOffset s_madeUp = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The identifier that an agent has in the local backend, the same at every conversion.</summary>
    /// <param name="sourceId">Its identifier on its server, or whatever identifies it where no server is known.</param>
    public static string AgentId(string sourceId) => EntityId.Format(AgentPrefix, EntityId.TryParse(sourceId, "agent", out var uuid) || EntityId.TryParse(sourceId, AgentPrefix, out uuid) ? uuid : Derive(sourceId));

    /// <summary>A UUID that is the same for the same text.</summary>
    public static Guid Derive(string text)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(text), hash);

        // Version 8, of a form of our own; variant of RFC 9562.
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash[..16], bigEndian: true);
    }

    /// <summary>The key of a conversation, from which its folder has its name.</summary>
    /// <param name="conversationId">The conversation.</param>
    /// <param name="agentId">Its agent.</param>
    public static string ConversationKey(string conversationId, string agentId) => conversationId == DefaultConversation ? $"{DefaultConversation}:{agentId}" : $"conversation:{conversationId}";

    /// <summary>A text as the name of a file or folder: base64url without padding.</summary>
    public static string Segment(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text)).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    /// <summary>A time as JavaScript writes it.</summary>
    public static string Iso(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>Whether the client takes a time for made up and shows an estimate instead: all of January 1, 2026 (UTC).</summary>
    public static bool IsTakenForMadeUp(DateTimeOffset time) => time >= s_madeUp && time < s_madeUp.AddDays(1);

    /// <summary>Writes an object as a whole JSON file.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="write">Writes what is between the braces.</param>
    public static void WriteFile(Stream stream, Action<Utf8JsonWriter> write)
    {
        using var json = new Utf8JsonWriter(stream, SnapshotFileWriter.WriterOptions with { Indented = true });
        json.WriteStartObject();
        write(json);
        json.WriteEndObject();
        json.Flush();
        stream.WriteByte((byte)'\n');
    }

    /// <summary>Writes the manifest of a conversation.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="time">The time that it says.</param>
    public static void WriteManifest(Stream stream, DateTimeOffset time) => WriteFile(stream, json =>
    {
        json.WriteNumber("schema_version"u8, SchemaVersion);
        json.WriteString("message_format"u8, MessageFormat);
        json.WriteString("provider_stack"u8, ProviderStack);
        json.WriteString("created_at"u8, Iso(time));
    });
}

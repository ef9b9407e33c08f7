using System.Text.Json;
using LettaPS.Core.Json;

namespace LettaPS.Core.LettaCode;

/// <summary>A root folder of Letta Code's local backend.</summary>
/// <param name="path">The folder, which need not exist.</param>
internal sealed class LettaCodeRoot(string path)
{
    /// <summary>The environment variable that tells the client where its root is.</summary>
    public const string Variable = "LETTA_LOCAL_BACKEND_DIR";

    /// <summary>Full path of the folder.</summary>
    public string Path { get; } = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));

    /// <summary>One file an agent. The client parses each of them when it starts.</summary>
    public string AgentsFolder => System.IO.Path.Combine(Path, "agents");

    /// <summary>One folder a conversation.</summary>
    public string ConversationsFolder => System.IO.Path.Combine(Path, "conversations");

    /// <summary>One folder an agent, with its memory.</summary>
    public string MemoryFolder => System.IO.Path.Combine(Path, "memfs");

    /// <summary>The folder in which conversions are prepared: on the same file system, and where the client does not look.</summary>
    public string WorkFolder => System.IO.Path.Combine(Path, ".lettaps");

    /// <summary>How settings of the client name the root.</summary>
    public string Key => $"local:{Path}";

    /// <summary>Where the client looks: the folder of <see cref="Variable"/>, else one in the user's home.</summary>
    public static string DefaultPath => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named
        ? named
        : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".letta", "lc-local-backend");

    /// <summary>The file of an agent.</summary>
    /// <param name="agentId">The agent.</param>
    public string AgentFile(string agentId) => System.IO.Path.Combine(AgentsFolder, LettaCodeFormat.Segment(agentId) + ".json");

    /// <summary>The folder of a conversation.</summary>
    public string ConversationFolder(string key) => System.IO.Path.Combine(ConversationsFolder, LettaCodeFormat.Segment(key));

    /// <summary>The folder that holds the memory of an agent.</summary>
    /// <param name="agentId">The agent.</param>
    public string AgentMemoryFolder(string agentId) => System.IO.Path.Combine(MemoryFolder, agentId);

    /// <summary>Refuses a folder that another version of the client wrote or that the client could not start with.</summary>
    /// <exception cref="LettaException"><c>LettaCodeSchemaNotSupported</c>, <c>InvalidLettaCodeAgent</c>.</exception>
    public void Check(CancellationToken cancellationToken)
    {
        foreach (var folder in Folders(ConversationsFolder))
        {
            cancellationToken.ThrowIfCancellationRequested();
            CheckManifest(System.IO.Path.Combine(folder, "manifest.json"), System.IO.Path.Combine(folder, "messages.jsonl"));
        }

        foreach (var file in Directory.Exists(AgentsFolder) ? Directory.EnumerateFiles(AgentsFolder, "*.json") : [])
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!System.IO.Path.GetFileName(file).StartsWith("._", StringComparison.Ordinal) && Read(file) is null)
            {
                throw new LettaException(
                    ErrorIds.InvalidLettaCodeAgent, LettaErrorKind.InvalidData, $"'{file}' is not a JSON object. Letta Code does not start with it.", $"Move the file to another folder: Move-Item -LiteralPath '{file}' -Destination ~", file);
            }
        }
    }

    /// <summary>The object of a JSON file; <see langword="null"/> where it is not one.</summary>
    public static JsonElement? Read(string file)
    {
        try
        {
            var value = JsonSerializer.Deserialize<JsonElement>(File.ReadAllBytes(file));
            return value.ValueKind == JsonValueKind.Object ? value : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The folders in a folder; none where it is not there.</summary>
    public static IEnumerable<string> Folders(string folder) => Directory.Exists(folder) ? Directory.EnumerateDirectories(folder) : [];

    private static void CheckManifest(string manifest, string messages)
    {
        string found;
        if (!File.Exists(manifest))
        {
            if (!File.Exists(messages) || new FileInfo(messages).Length == 0)
            {
                return;
            }

            found = "no version";
        }
        else if (Read(manifest) is not { } value)
        {
            found = "a manifest that is not a JSON object";
        }
        else if (value.TryGetProperty("schema_version", out var version) && version.ValueKind == JsonValueKind.Number && version.TryGetInt32(out var number) && number == LettaCodeFormat.SchemaVersion
            && value.StringOrNull("message_format") == LettaCodeFormat.MessageFormat && value.StringOrNull("provider_stack") == LettaCodeFormat.ProviderStack)
        {
            return;
        }
        else
        {
            found = $"schema {(version.ValueKind == JsonValueKind.Undefined ? "unknown" : version.GetRawText())}, '{value.StringOrNull("message_format")}', '{value.StringOrNull("provider_stack")}'";
        }

        throw new LettaException(
            ErrorIds.LettaCodeSchemaNotSupported,
            LettaErrorKind.Refused,
            $"The conversations at the destination have another format: '{manifest}' has {found}. LettaPS writes schema {LettaCodeFormat.SchemaVersion}, '{LettaCodeFormat.MessageFormat}'.",
            "Convert into a new folder: ConvertTo-LettaCodeAgent -DestinationPath ~/.letta/lc-from-v1",
            manifest);
    }
}

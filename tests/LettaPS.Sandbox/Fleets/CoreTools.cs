using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Fleets;

/// <summary>The tools that a server brings along, by the names that Letta gives them, described in our own words.</summary>
internal static class CoreTools
{
    private static readonly (string Name, string Type, string Description, string[] Arguments)[] s_tools =
    [
        ("send_message", "letta_core", "Says something to the user.", ["message"]),
        ("conversation_search", "letta_core", "Looks for a text in the messages so far.", ["query"]),
        ("archival_memory_insert", "letta_core", "Keeps a text for later.", ["content"]),
        ("archival_memory_search", "letta_core", "Looks for kept texts.", ["query"]),
        ("core_memory_append", "letta_memory_core", "Adds to a block.", ["label", "content"]),
        ("core_memory_replace", "letta_memory_core", "Changes a block.", ["label", "old_content", "new_content"]),
        ("memory_insert", "letta_sleeptime_core", "Adds a line to a block.", ["label", "new_str"]),
        ("memory_replace", "letta_sleeptime_core", "Changes a line of a block.", ["label", "old_str", "new_str"]),
        ("memory_rethink", "letta_sleeptime_core", "Rewrites a block.", ["label", "new_memory"]),
        ("memory_finish_edits", "letta_sleeptime_core", "Says that the blocks are as they should be.", []),
        ("open_files", "letta_files_core", "Opens files.", ["file_requests"]),
        ("grep_files", "letta_files_core", "Looks for a pattern in files.", ["pattern"]),
        ("semantic_search_files", "letta_files_core", "Looks for a meaning in files.", ["query"]),
        ("web_search", "letta_builtin", "Searches the web.", ["query"]),
        ("run_code", "letta_builtin", "Runs code.", ["code", "language"]),
        ("fetch_webpage", "letta_builtin", "Reads a web page.", ["url"]),
    ];

    public static void Add(SandboxState state, Release release)
    {
        foreach (var (name, type, description, arguments) in s_tools)
        {
            state.Tools.Add(state.Stamp(
                new ToolRow
                {
                    Name = name,
                    Description = description,
                    ToolType = type,
                    Tags = [type],
                    JsonSchema = Schema(name, description, arguments),
                    ReturnCharLimit = release >= Release.V0162 ? 50_000 : 1_000_000,
                    EnableParallelExecution = release >= Release.V0162 ? name.Contains("search", StringComparison.Ordinal) : null,
                    Metadata = JsonText.EmptyObject,
                },
                "tool"));
        }
    }

    public static System.Text.Json.JsonElement Schema(string name, string description, IReadOnlyList<string> arguments) => JsonText.From(new
    {
        name,
        description,
        parameters = new
        {
            type = "object",
            properties = arguments.ToDictionary(a => a, a => new { type = "string", description = $"The {a.Replace('_', ' ')}." }),
            required = arguments,
        },
    });
}

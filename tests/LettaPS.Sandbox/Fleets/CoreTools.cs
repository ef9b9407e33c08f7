using System.Text.Json;
using System.Text.Json.Nodes;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Fleets;

/// <summary>The tools that a server brings along, with the names, kinds and arguments that Letta gives them, described in our own words.</summary>
internal static class CoreTools
{
    private const string Question = "{query question}[]";
    private const string Requests = "{file_name offset:integer? length:integer?}[]";
    private const string Chunks = "{start_index:integer end_index:integer context}[]";
    private const string Languages = "python|js|ts|r|java";

    private static readonly string[] s_parallel =
        ["fetch_webpage", "semantic_search_files", "grep_files", "web_search", "run_code", "conversation_search", "archival_memory_search"];

    /// <summary>
    /// Arguments are separated by blanks: a name, after a colon its type if it is not string, <c>?</c> if it may be left out. The second text
    /// is that of 0.16 where it is another; none means that a release has no such tool.
    /// </summary>
    private static readonly (string Name, string Type, string Description, string? Before, string? Now)[] s_tools =
    [
        ("archival_memory_insert", "letta_core", "Keeps a text for later.", "content", "content tags:string[]?"),
        ("archival_memory_search", "letta_core", "Looks for kept texts.", "query page:integer? start:integer?",
            "query tags:string[]? tag_match_mode:any|all? top_k:integer? start_datetime? end_datetime?"),
        ("conversation_search", "letta_core", "Looks for a text in the messages so far.", "query page:integer?",
            "query? roles:assistant|user|tool[]? limit:integer? start_date? end_date?"),
        ("core_memory_append", "letta_memory_core", "Adds to a block.", "label content", "label content"),
        ("core_memory_replace", "letta_memory_core", "Changes a block.", "label old_content new_content", "label old_content new_content"),
        ("memory_finish_edits", "letta_sleeptime_core", "Says that the blocks are as they should be.", "", ""),
        ("memory_insert", "letta_sleeptime_core", "Adds a line to a block.", "label new_str insert_line:integer?", "label new_string insert_line:integer?"),
        ("memory_replace", "letta_sleeptime_core", "Changes a line of a block.", "label old_str new_str", "label old_string new_string"),
        ("memory_rethink", "letta_sleeptime_core", "Rewrites a block.", "label new_memory", "label new_memory"),
        ("send_message", "letta_core", "Says something to the user.", "message", "message"),
        ("send_message_to_agent_and_wait_for_reply", "letta_multi_agent_core", "Asks another agent.", "message other_agent_id", "message other_agent_id"),
        ("send_message_to_agent_async", "letta_multi_agent_core", "Tells another agent.", "message other_agent_id", "message other_agent_id"),
        ("send_message_to_agents_matching_tags", "letta_multi_agent_core", "Asks all agents with some tags.",
            "message match_all:string[] match_some:string[]", "message match_all:string[] match_some:string[]"),
        ("finish_rethinking_memory", "letta_voice_sleeptime_core", "Says that the memory is as it should be.", "", ""),
        ("rethink_user_memory", "letta_voice_sleeptime_core", "Rewrites what is known about the user.", "new_memory", "new_memory"),
        ("search_memory", "letta_voice_sleeptime_core", "Looks for a text in what was said.",
            "convo_keyword_queries:string[]? start_minutes_ago:integer? end_minutes_ago:integer?",
            "convo_keyword_queries:string[]? start_minutes_ago:integer? end_minutes_ago:integer?"),
        ("store_memories", "letta_voice_sleeptime_core", "Keeps parts of what was said.", "chunks:" + Chunks, "chunks:" + Chunks),
        ("run_code", "letta_builtin", "Runs code.", "code language:" + Languages, "code language:" + Languages),
        ("web_search", "letta_builtin", "Searches the web.", "tasks:" + Question + " limit:integer? return_raw:boolean?",
            "query num_results:integer? category:company|news|pdf? include_text:boolean? include_domains:string[]? exclude_domains:string[]? "
            + "start_published_date? end_published_date? user_location?"),
        ("grep_files", "letta_files_core", "Looks for a pattern in files.", "pattern include? context_lines:integer? offset:integer?",
            "pattern include? context_lines:integer? offset:integer?"),
        ("open_files", "letta_files_core", "Opens files.", "file_requests:" + Requests + " close_all_others:boolean?",
            "file_requests:" + Requests + " close_all_others:boolean?"),
        ("semantic_search_files", "letta_files_core", "Looks for a meaning in files.", "query limit:integer?", "query limit:integer?"),
        ("memory", "letta_memory_core", "Changes blocks as if they were files.", null,
            "command path? file_text? description? old_string? new_string? insert_line:integer? insert_text? old_path? new_path?"),
        ("memory_apply_patch", "letta_memory_core", "Changes blocks by a patch.", null, "label patch"),
        ("run_code_with_tools", "letta_builtin", "Runs code that may call tools.", null, "code"),
        ("fetch_webpage", "letta_builtin", "Reads a web page.", null, "url"),
    ];

    /// <summary>Adds those that are not there yet.</summary>
    public static void Add(SandboxState state, Release release)
    {
        var is016 = release >= Release.V0162;
        foreach (var (name, type, description, before, now) in s_tools)
        {
            if ((is016 ? now : before) is { } arguments && !state.Tools.Any(t => t.Name == name))
            {
                state.Tools.Add(state.Stamp(
                    new ToolRow
                    {
                        Name = name,
                        Description = description,
                        ToolType = type,
                        Tags = [type],
                        JsonSchema = Schema(name, description, arguments),
                        ReturnCharLimit = is016 ? 50_000 : 1_000_000,
                        EnableParallelExecution = is016 ? s_parallel.Contains(name) : null,
                        Metadata = JsonText.EmptyObject,
                    },
                    "tool"));
            }
        }
    }

    /// <summary>How a tool's arguments are described to a model.</summary>
    /// <param name="name">The tool's name.</param>
    /// <param name="description">The tool's description.</param>
    /// <param name="arguments">The arguments in the short form of this class.</param>
    public static JsonElement Schema(string name, string description, string arguments) =>
        JsonText.From(new JsonObject { ["name"] = name, ["description"] = description, ["parameters"] = Parameters(arguments) });

    private static JsonObject Parameters(string arguments)
    {
        JsonObject properties = [];
        JsonArray required = [];
        foreach (var argument in Split(arguments))
        {
            var (name, type) = argument.TrimEnd('?').Split(':', 2) is [var n, var t] ? (n, t) : (argument.TrimEnd('?'), "string");
            var property = TypeOf(type);
            property["description"] = $"The {name.Replace('_', ' ')}.";
            properties.Add(name, property);
            if (!argument.EndsWith('?'))
            {
                required.Add(name);
            }
        }

        return new JsonObject { ["type"] = "object", ["properties"] = properties, ["required"] = required };
    }

    private static JsonObject TypeOf(string type)
    {
        if (type.EndsWith("[]", StringComparison.Ordinal))
        {
            return new JsonObject { ["type"] = "array", ["items"] = TypeOf(type[..^2]) };
        }

        return type.StartsWith('{')
            ? Parameters(type[1..^1])
            : type.Contains('|')
            ? new JsonObject { ["type"] = "string", ["enum"] = new JsonArray([.. type.Split('|').Select(v => JsonValue.Create(v))]) }
            : new JsonObject { ["type"] = type };
    }

    /// <summary>Splits at the blanks that are not in braces.</summary>
    private static IEnumerable<string> Split(string arguments)
    {
        var (depth, start) = (0, 0);
        for (var i = 0; i <= arguments.Length; i++)
        {
            if (i == arguments.Length || (arguments[i] == ' ' && depth == 0))
            {
                if (i > start)
                {
                    yield return arguments[start..i];
                }

                start = i + 1;
            }
            else
            {
                depth += arguments[i] == '{' ? 1 : arguments[i] == '}' ? -1 : 0;
            }
        }
    }
}

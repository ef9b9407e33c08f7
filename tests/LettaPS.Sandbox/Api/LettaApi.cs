using LettaPS.Sandbox.Answers;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Api;

/// <summary>What the endpoints share.</summary>
internal sealed class LettaApi
{
    private LettaApi(Release release, SandboxState state)
    {
        Release = release;
        State = state;
        Shapes = new Shapes(release);
        Messages = new MessageShape(release);
        Agents = new AgentShape(release, state, Shapes, Messages);
        Factory = new AgentFactory(this);
    }

    public Release Release { get; }

    public SandboxState State { get; }

    public Shapes Shapes { get; }

    public MessageShape Messages { get; }

    public AgentShape Agents { get; }

    public AgentFactory Factory { get; }

    public bool Is016 => Release >= Release.V0162;

    public bool Is0168 => Release >= Release.V0168;

    /// <summary>All endpoints of a release.</summary>
    public static (LettaApi Api, Routes Routes) Make(Release release, SandboxState state)
    {
        var api = new LettaApi(release, state);
        var routes = new Routes(release);
        ServerApi.Add(routes, api);
        FilesApi.Add(routes, api);
        AgentsApi.Add(routes, api);
        MessagesApi.Add(routes, api);
        PassagesApi.Add(routes, api);
        BlocksApi.Add(routes, api);
        ToolsApi.Add(routes, api);
        SourcesApi.Add(routes, api);
        IdentitiesApi.Add(routes, api);
        ConversationsApi.Add(routes, api);
        ArchivesApi.Add(routes, api);
        AgentChangesApi.Add(routes, api);
        BlockChangesApi.Add(routes, api);
        ToolChangesApi.Add(routes, api);
        PassageChangesApi.Add(routes, api);
        SourceChangesApi.Add(routes, api);
        IdentityChangesApi.Add(routes, api);
        return (api, routes);
    }

    /// <summary>The agent that a path names.</summary>
    public AgentRow Agent(Call call)
    {
        State.Schema.Read("agents");
        return AgentWithoutRow(call);
    }

    /// <summary>The same where only the existence of the row is asked for.</summary>
    public AgentRow AgentWithoutRow(Call call) =>
        State.Agents.Find(call.Id("agent", "agent_id")) ?? throw Problem.NotFound($"Agent with ID {call.Ids[0]} not found");

    /// <summary>The 500 of an exception that nobody expected.</summary>
    public Problem Unexpected() => new(500, Is016 ? "An unknown error occurred" : "An internal server error occurred");

    /// <summary>The 500 of a failed statement, which 0.16.8 words otherwise.</summary>
    public Problem DatabaseError() => Is0168 ? new Problem(500, "A database error occurred.") : Unexpected();

    /// <summary>The answer to a statement that the database refused.</summary>
    public Problem Refused(SchemaException e) => e.IsConflict && Is016 ? new Problem(409, e.Message) : DatabaseError();

    /// <summary>A handler of requests that read whole rows of some tables.</summary>
    public Handler Reading(Handler handler, params string[] tables) => call =>
    {
        State.Schema.Read(tables);
        return handler(call);
    };

    /// <summary>The 404 of a row that a write asked for.</summary>
    public static Problem NoRow(string model, string table, string id) =>
        Problem.NotFound($"{model} not found with {table}.id = '{id}'");
}

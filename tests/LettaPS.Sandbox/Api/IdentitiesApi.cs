using System.Text.Json;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Api;

/// <summary>Identities and groups.</summary>
internal sealed class IdentitiesApi
{
    private readonly LettaApi _api;

    private IdentitiesApi(LettaApi api) => _api = api;

    public static void Add(Routes routes, LettaApi api)
    {
        var identities = new IdentitiesApi(api);
        routes.Get("/v1/identities/", api.Reading(identities.List, "identities"));
        routes.Get("/v1/identities/{}", api.Reading(identities.Get, "identities"));
        routes.Get("/v1/groups/", api.Reading(identities.Groups, "groups"));
        routes.Get("/v1/groups/{}", api.Reading(identities.Group, "groups"));
    }

    private void Write(Utf8JsonWriter w, IdentityRow row) =>
        _api.Shapes.Identity(w, row, _api.State.Agents.Where(a => a.IdentityIds.Contains(row.Id)).Select(a => a.Id));

    private Answer List(Call call)
    {
        IEnumerable<IdentityRow> rows = _api.State.Identities;
        if (call.Query("name") is { } name)
        {
            rows = rows.Where(i => i.Name == name);
        }

        if (call.Query("identifier_key") is { } key)
        {
            rows = rows.Where(i => i.IdentifierKey == key);
        }

        var page = _api.Is016
            ? Paging.Page(call, rows, _api.State.Identities)
            : Paging.PageByTimeOnly(rows, true, _api.State.Identities.Find, call.Query("after"), call.Query("before"), call.QueryInt("limit", 50));
        return Answer.Array(page.ToArray(), Write);
    }

    private Answer Get(Call call)
    {
        var id = call.Id("identity", "identity_id");
        var identity = _api.State.Identities.Find(id) ?? throw LettaApi.NoRow("Identity", "identities", id);
        return Answer.Object(w => Write(w, identity));
    }

    private Answer Groups(Call call)
    {
        IEnumerable<GroupRow> rows = _api.State.Groups;
        if (_api.Is016 && !call.QueryBool("show_hidden_groups"))
        {
            rows = rows.Where(g => g.Hidden != true);
        }

        if (call.Query("manager_type") is { } type)
        {
            rows = rows.Where(g => g.ManagerType == type);
        }

        var page = _api.Is016
            ? Paging.Page(call, rows, _api.State.Groups, ascending: true)
            : Paging.PageByTimeOnly(rows, true, _api.State.Groups.Find, call.Query("after"), call.Query("before"), call.Query("limit") is null ? null : call.QueryInt("limit", 0));
        return Answer.Array(page.ToArray(), _api.Shapes.Group);
    }

    private Answer Group(Call call)
    {
        var id = call.Id("group", "group_id");
        var group = _api.State.Groups.Find(id) ?? throw LettaApi.NoRow("Group", "groups", id);
        return Answer.Object(w => _api.Shapes.Group(w, group));
    }
}

namespace LettaPS.Sandbox.Http;

internal delegate Answer Handler(Call call);

/// <summary>What a route reads of the request before its handler runs.</summary>
internal enum Reads
{
    Nothing,
    Json,
    Form,
}

/// <summary>A method and path with what answers it.</summary>
/// <param name="Method">GET, POST, …</param>
/// <param name="Path">The path; <c>{}</c> stands for any one segment.</param>
/// <param name="Handler">What answers.</param>
/// <param name="Reads">What is read of the request before.</param>
/// <param name="Since">The first release that has it.</param>
internal sealed record Route(string Method, string Path, Handler Handler, Reads Reads, Release Since)
{
    public string[] Segments { get; } = Path.Split('/');

    /// <summary>Runs when the request arrives, before latency.</summary>
    public Action? Arrived { get; init; }

    /// <summary>The variable parts of a path, or nothing if it is another path. A trailing slash is part of a path.</summary>
    public string[]? Match(string[] segments)
    {
        if (segments.Length != Segments.Length)
        {
            return null;
        }

        List<string> ids = [];
        for (var i = 0; i < segments.Length; i++)
        {
            if (Segments[i] == "{}" && segments[i].Length > 0)
            {
                ids.Add(segments[i]);
            }
            else if (Segments[i] != segments[i])
            {
                return null;
            }
        }

        return [.. ids];
    }
}

/// <summary>All routes of the release that is played, matched as Letta's web framework does: in order, slashes counting.</summary>
internal sealed class Routes(Release release)
{
    private readonly List<Route> _routes = [];

    public IReadOnlyList<Route> All => _routes;

    public void Get(string path, Handler handler, Release? since = null) => Add("GET", path, handler, Reads.Nothing, since);

    public void Post(string path, Handler handler, Release? since = null) => Add("POST", path, handler, Reads.Json, since);

    public void Put(string path, Handler handler, Release? since = null) => Add("PUT", path, handler, Reads.Json, since);

    public void Patch(string path, Handler handler, Release? since = null) => Add("PATCH", path, handler, Reads.Json, since);

    public void Delete(string path, Handler handler, Release? since = null) => Add("DELETE", path, handler, Reads.Nothing, since);

    public void Add(string method, string path, Handler handler, Reads reads, Release? since = null, Action? arrived = null)
    {
        if (release >= (since ?? Release.V0113))
        {
            _routes.Add(new Route(method, path, handler, reads, since ?? Release.V0113) { Arrived = arrived });
        }
    }

    /// <summary>The route of a request, or the answer to a request that has none.</summary>
    public (Route? Route, string[] Ids, Answer? Answer) Find(HttpRequest request)
    {
        var path = request.Path.Value ?? "/";
        var segments = path.Split('/');
        List<string> allowed = [];
        foreach (var route in _routes)
        {
            if (route.Match(segments) is { } ids)
            {
                if (route.Method == request.Method)
                {
                    return (route, ids, null);
                }

                allowed.Add(route.Method);
            }
        }

        if (allowed.Count > 0)
        {
            return (null, [], Answer.NotAllowed(allowed[0]));
        }

        var other = path.EndsWith('/') ? path.TrimEnd('/') : path + "/";
        var otherSegments = other.Split('/');
        return other.Length > 0 && _routes.Exists(r => r.Match(otherSegments) is not null)
            ? (null, [], Answer.Redirect($"{request.Scheme}://{request.Host}{other}{request.QueryString}"))
            : (null, [], Answer.Detail(404, "Not Found"));
    }
}

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
/// <param name="Path">The path; a segment in braces stands for any one segment.</param>
/// <param name="Handler">What answers.</param>
/// <param name="Reads">What is read of the request before.</param>
internal sealed record Route(string Method, string Path, Handler Handler, Reads Reads = Reads.Nothing)
{
    public string[] Segments { get; } = Path.Split('/');

    /// <summary>Runs when the request arrives, before latency.</summary>
    public Action<HttpContext>? Arrived { get; init; }

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
            if (Segments[i].StartsWith('{') && segments[i].Length > 0)
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

/// <summary>
/// All routes of the release that is played, slashes counting, fixed names before variable ones. Which release has which is read from a list
/// of the real ones: what a release has and the sandbox does not play is 501, in words, so that nobody takes it for a missing route.
/// </summary>
internal sealed class Routes
{
    private static readonly (string Releases, string Method, string Path)[] s_known = [.. ReadKnown()];
    private static readonly HashSet<string> s_keys = [.. s_known.Select(k => Key(k.Method, k.Path))];

    private readonly SortedDictionary<string, Route> _routes = new(StringComparer.Ordinal);

    public Routes(Release release)
    {
        foreach (var (_, method, path) in s_known.Where(k => k.Releases.Contains(release.ToString(), StringComparison.Ordinal)))
        {
            _routes.Add(Key(method, path), new Route(method, path, _ => Answer.Detail(501, $"The sandbox does not play {method} {path}")));
        }
    }

    public IEnumerable<Route> All => _routes.Values;

    public void Get(string path, Handler handler) => Add("GET", path, handler, Reads.Nothing);

    public void Post(string path, Handler handler) => Add("POST", path, handler, Reads.Json);

    public void Put(string path, Handler handler) => Add("PUT", path, handler, Reads.Json);

    public void Patch(string path, Handler handler) => Add("PATCH", path, handler, Reads.Json);

    public void Delete(string path, Handler handler) => Add("DELETE", path, handler, Reads.Nothing);

    /// <summary>Plays a route, in the releases that have it.</summary>
    public void Add(string method, string path, Handler handler, Reads reads, Action<HttpContext>? arrived = null)
    {
        var key = Key(method, path);
        if (!s_keys.Contains(key))
        {
            throw new ArgumentException($"No release has {method} {path}.", nameof(path));
        }

        if (_routes.TryGetValue(key, out var known))
        {
            _routes[key] = known with { Handler = handler, Reads = reads, Arrived = arrived };
        }
    }

    /// <summary>The route of a request, or the answer to a request that has none.</summary>
    public (Route? Route, string[] Ids, Answer? Answer) Find(HttpRequest request)
    {
        var path = request.Path.Value ?? "/";
        var segments = path.Split('/');
        string? allowed = null;
        foreach (var route in _routes.Values)
        {
            if (route.Match(segments) is { } ids)
            {
                if (route.Method == request.Method)
                {
                    return (route, ids, null);
                }

                allowed ??= route.Method;
            }
        }

        if (allowed is not null)
        {
            return (null, [], Answer.NotAllowed(allowed));
        }

        var other = path.EndsWith('/') ? path.TrimEnd('/') : path + "/";
        var otherSegments = other.Split('/');
        return other.Length > 0 && _routes.Values.Any(r => r.Match(otherSegments) is not null)
            ? (null, [], Answer.Redirect($"{request.Scheme}://{request.Host}{other}{request.QueryString}"))
            : (null, [], Answer.Detail(404, "Not Found"));
    }

    /// <summary>A text that is the same for the same route and puts fixed names before variable ones.</summary>
    private static string Key(string method, string path) =>
        string.Join('/', path.Split('/').Select(s => s.StartsWith('{') ? "\uffff" : s)) + ' ' + method;

    private static IEnumerable<(string Releases, string Method, string Path)> ReadKnown()
    {
        using var reader = new StreamReader(typeof(Routes).Assembly.GetManifestResourceStream("Routes.txt")!);
        while (reader.ReadLine() is { } line)
        {
            var parts = line.Split(' ');
            yield return (string.Join(' ', parts[..^2]), parts[^2], parts[^1]);
        }
    }
}

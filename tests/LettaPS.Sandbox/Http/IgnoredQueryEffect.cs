namespace LettaPS.Sandbox.Http;

/// <summary>The server, or a proxy before it, ignores some parameters of the query.</summary>
/// <param name="names">Their names.</param>
public sealed class IgnoredQueryEffect(params string[] names) : FaultEffect
{
    internal override Task MeetAsync(HttpContext http, Func<Task> answer, CancellationToken gone)
    {
        http.Request.QueryString = QueryString.Create(http.Request.Query.Where(q => !names.Contains(q.Key)));
        return answer();
    }
}

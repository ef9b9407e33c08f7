using System.Text;

namespace LettaPS.Sandbox.Http;

/// <summary>The answer never ends: the same follows again and again until the client goes.</summary>
/// <param name="opening">How the body begins.</param>
/// <param name="repeated">What follows; with one text a list of ever more items, with another a string that grows.</param>
public sealed class EndlessEffect(string opening = "[null", string repeated = ",null") : FaultEffect
{
    internal override async Task MeetAsync(HttpContext http, Func<Task> answer, CancellationToken gone)
    {
        http.Response.ContentType = "application/json";
        await http.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(opening), gone);
        var many = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(repeated, 10_000)));
        while (true)
        {
            gone.ThrowIfCancellationRequested();
            await http.Response.Body.WriteAsync(many, gone);
        }
    }
}

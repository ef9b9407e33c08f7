using System.Text;
using System.Text.RegularExpressions;

namespace LettaPS.Sandbox.Http;

/// <summary>The server does what it is asked, and its answer is changed on the way. The whole answer is held for that.</summary>
/// <param name="edit">Makes of the body's bytes what is sent in their place.</param>
/// <param name="promised">How many bytes more Content-Length promises; then the connection ends before they came.</param>
public sealed partial class EditEffect(Func<byte[], byte[]> edit, int promised = 0) : FaultEffect
{
    /// <summary>The first id of an agent in the answer is another.</summary>
    public static EditEffect HostileId(string id = "../../../outside") => new(body =>
        Encoding.UTF8.GetBytes(AgentId().Replace(Encoding.UTF8.GetString(body), id.Replace("$", "$$", StringComparison.Ordinal), 1)));

    /// <summary>The first letter of the first name, or else the middle of the answer, is half of a character.</summary>
    public static EditEffect InvalidUtf8() => new(body =>
    {
        var name = body.AsSpan().IndexOf("\"name\":\""u8);
        body[name < 0 ? body.Length / 2 : name + 8] = 0xC3;
        return body;
    });

    /// <summary>The last bytes of the answer are missing, and its Content-Length does not count them: only the JSON shows it.</summary>
    public static EditEffect ShortLength(int missing = 1) => new(body => body[..^missing]);

    /// <summary>The last bytes of the answer never come, and the connection ends in all order before Content-Length is reached.</summary>
    public static EditEffect Truncated(int missing = 1) => new(body => body[..^missing], missing);

    internal override async Task MeetAsync(HttpContext http, Func<Task> answer, CancellationToken gone)
    {
        using var held = new MemoryStream();
        await WriteIntoAsync(http, held, answer, gone);
        var body = edit(held.ToArray());
        http.Response.ContentLength = body.Length + promised;
        await http.Response.Body.WriteAsync(body, gone);
    }

    [GeneratedRegex("agent-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")]
    private static partial Regex AgentId();
}

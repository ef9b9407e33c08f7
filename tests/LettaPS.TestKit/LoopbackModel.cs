using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LettaPS.TestKit;

/// <summary>A model on this machine that answers every request of an OpenAI client with one word, and keeps what it was asked.</summary>
public sealed class LoopbackModel : IAsyncDisposable
{
    public const string Answer = "pong";

    private readonly HttpListener _listener = new();
    private readonly Task _serving;

    public LoopbackModel()
    {
        var port = FreePort.Next();
        BaseUri = new Uri($"http://127.0.0.1:{port}/v1");
        _listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        _listener.Start();
        _serving = ServeAsync();
    }

    public Uri BaseUri { get; }

    /// <summary>The bodies of the requests for an answer.</summary>
    public ConcurrentQueue<JsonNode> Requests { get; } = [];

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _serving;
        _listener.Close();
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            try
            {
                await AnswerAsync(context);
            }
            catch (HttpListenerException)
            {
                // The client has what it wanted and went away.
            }
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        byte[] body;
        if (context.Request.HttpMethod == "GET")
        {
            context.Response.ContentType = "application/json";
            body = JsonSerializer.SerializeToUtf8Bytes(new { @object = "list", data = new[] { new { id = "stub-model", @object = "model", owned_by = "tests" } } });
        }
        else
        {
            using var reader = new StreamReader(context.Request.InputStream);
            Requests.Enqueue(JsonNode.Parse(await reader.ReadToEndAsync())!);
            context.Response.ContentType = "text/event-stream";
            body = Encoding.UTF8.GetBytes($"data: {Chunk(new { role = "assistant", content = Answer }, null)}\n\ndata: {Chunk(new { }, "stop")}\n\ndata: [DONE]\n\n");
        }

        context.Response.ContentLength64 = body.Length;
        await context.Response.OutputStream.WriteAsync(body);
        context.Response.Close();
    }

    private static string Chunk(object delta, string? end) => JsonSerializer.Serialize(new
    {
        id = "1",
        @object = "chat.completion.chunk",
        created = 1,
        model = "stub-model",
        choices = new[] { new { index = 0, delta, finish_reason = end } },
        usage = end is null ? null : new { prompt_tokens = 1, completion_tokens = 1, total_tokens = 2 },
    });
}

using System.Text.Json;
using LettaPS.Sandbox.Api;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;

namespace LettaPS.Sandbox;

/// <summary>
/// A stand-in Letta server, state in memory, on a loopback port. It answers as the chosen release does, and is held to recordings of the real
/// one by a contract test. Whoever starts it owns it: dispose it to stop it.
/// </summary>
public sealed class SandboxServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly SandboxOptions _options;
    private readonly Release _release;
    private readonly LettaApi _api;
    private readonly Routes _routes;
    private readonly CancellationTokenSource _stopping = new();

    private SandboxServer(SandboxOptions options)
    {
        _options = options;
        _release = Release.Parse(options.Release);
        State = new SandboxState(new Random(options.Seed)) { Revision = _release.Revision };
        options.Fleet.Fill(State, _release);
        (_api, _routes) = LettaApi.Make(_release, State);

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;

            // A write is done when it was sent, so that nothing piles up here and a reset comes after what it is to come after.
            kestrel.Limits.MaxResponseBufferSize = 0;
            kestrel.Listen(options.Address, options.Port);
        });
        _app = builder.Build();
        _app.Run(HandleAsync);
    }

    /// <summary>Where it listens: scheme, host and port.</summary>
    public Uri BaseUri { get; private set; } = null!;

    /// <summary>What it keeps.</summary>
    public SandboxState State { get; }

    /// <summary>What was asked of it.</summary>
    public RequestLog Requests { get; } = new();

    /// <summary>What goes wrong; faults may be added and removed at any time.</summary>
    public FaultList Faults { get; } = new();

    /// <summary>Starts a server.</summary>
    public static async Task<SandboxServer> StartAsync(SandboxOptions? options = null, CancellationToken cancellationToken = default)
    {
        var server = new SandboxServer(options ?? new SandboxOptions());
        await server._app.StartAsync(cancellationToken);
        server.BaseUri = new Uri(server._app.Services.GetRequiredService<Microsoft.AspNetCore.Hosting.Server.IServer>()
            .Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single());
        return server;
    }

    /// <summary>Stops it at once: what hangs is cut.</summary>
    /// <exception cref="InvalidOperationException">It failed at a request by a bug of its own, so what was tested against it proves nothing.</exception>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        using var now = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
        _stopping.Dispose();
        if (Requests.Entries.FirstOrDefault(e => e.Failure is not null) is { } failed)
        {
            throw new InvalidOperationException($"The sandbox failed at {failed}.", failed.Failure);
        }
    }

    private async Task HandleAsync(HttpContext http)
    {
        var faults = Faults.Take(http.Request);
        var entry = Requests.Begin(http.Request);
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, _stopping.Token);

        // Kestrel cancels RequestAborted only some time after Abort.
        var aborted = false;
        try
        {
            await AnswerAsync(http, faults, gone.Token);
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested)
        {
            aborted = true;
            http.Abort();
        }
        catch (IOException)
        {
            // The sandbox reads and writes nothing but the connection: its client went away in the middle of the request.
            aborted = true;
            http.Abort();
        }
        catch (Exception e)
        {
            entry.Failure = e;
            throw;
        }
        finally
        {
            entry.Aborted = aborted || http.RequestAborted.IsCancellationRequested;
            entry.Status = http.Response.HasStarted || !entry.Aborted ? http.Response.StatusCode : 0;
            Requests.End(entry);
        }
    }

    private Task AnswerAsync(HttpContext http, IReadOnlyList<FaultEffect> faults, CancellationToken gone)
    {
        Func<Task> answer = async () => await (await DecideAsync(http, gone)).WriteAsync(http.Response, gone);
        foreach (var fault in faults.Reverse())
        {
            var inner = answer;
            answer = () => fault.MeetAsync(http, inner, gone);
        }

        return answer();
    }

    private async Task<Answer> DecideAsync(HttpContext http, CancellationToken gone)
    {
        if (http.Request.Method == "OPTIONS")
        {
            return Answer.Of("OK", "text/plain; charset=utf-8");
        }

        if (!Authorized(http.Request))
        {
            return Answer.Detail(401, "Unauthorized");
        }

        if (http.Request.Path.StartsWithSegments("/latest", StringComparison.Ordinal, out var rest))
        {
            http.Request.Path = "/v1" + rest;
        }

        var (route, ids, answer) = _routes.Find(http.Request);
        route?.Arrived?.Invoke(http);
        if (_options.Latency > TimeSpan.Zero)
        {
            await Task.Delay(_options.Latency, gone);
        }

        if (route is null)
        {
            return answer!;
        }

        try
        {
            var call = new Call(http, _release, State, ids);
            await ReadAsync(call, route.Reads, gone);
            lock (State.Gate)
            {
                return route.Handler(call);
            }
        }
        catch (Problem problem)
        {
            return Answer.From(problem, _release);
        }
        catch (SchemaException e)
        {
            return Answer.From(_api.Refused(e), _release);
        }
    }

    private bool Authorized(HttpRequest request) =>
        _options.Password is not { } password
        || request.Path.Value is "/v1/health" or "/v1/health/" or "/latest/health/"
        || (_release >= Release.V0168 && request.Path.Value is "/v1/ready" or "/v1/ready/")
        || request.Headers["X-BARE-PASSWORD"] == "password " + password
        || request.Headers.Authorization == "Bearer " + password;

    private static async Task ReadAsync(Call call, Reads reads, CancellationToken gone)
    {
        var request = call.Http.Request;
        if (reads == Reads.Json)
        {
            if (request.ContentLength is 0 or null && !request.Headers.ContainsKey("Transfer-Encoding"))
            {
                return;
            }

            try
            {
                call.Body = await JsonSerializer.DeserializeAsync<JsonElement>(request.Body, cancellationToken: gone);
            }
            catch (JsonException e)
            {
                throw call.Invalid("json_invalid", ["body", (int)(e.BytePositionInLine ?? 0)], "JSON decode error", JsonText.EmptyObject,
                    JsonText.From(new { error = e.BytePositionInLine > 0 ? "Expecting property name enclosed in double quotes" : "Expecting value" }));
            }
        }
        else if (reads == Reads.Form && request.HasFormContentType)
        {
            call.Form = await request.ReadFormAsync(new FormOptions { MultipartBodyLengthLimit = long.MaxValue, ValueLengthLimit = int.MaxValue }, gone);
        }
    }
}

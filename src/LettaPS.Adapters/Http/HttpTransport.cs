using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Reflection;
using System.Security.Authentication;
using System.Text;
using System.Text.Json;
using LettaPS.Core.Json;
using LettaPS.Core.Servers;
using LettaPS.Core.Sources;
using Polly;
using Polly.Retry;

namespace LettaPS.Adapters.Http;

/// <summary>
/// Sends requests to one Letta server: password, time limits, retries, and errors in words. Only what may pass is retried: 429, 502, 503, 504 and
/// connections that break off; any other refusal is told at once.
/// </summary>
internal sealed class HttpTransport : IDisposable
{
    /// <summary>Largest error body that is read.</summary>
    private const int MaxErrorLength = 64 << 10;

    private const int MaxRetries = 5;

    /// <summary>The longest wait that a server can ask for. A longer one is an error: whoever runs the command decides whether to wait.</summary>
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(60);

    private static readonly string s_version =
        typeof(HttpTransport).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    private readonly TimeProvider _time;
    private readonly HttpClient _client;
    private readonly ResiliencePipeline _retry;
    private volatile bool _hasAnswered;

    public HttpTransport(LettaConnection connection, TimeProvider? time = null, Func<ServerRetry, ValueTask>? retrying = null)
    {
        if (!connection.HasApi)
        {
            throw new LettaException(
                ErrorIds.ServerAddressRequired, LettaErrorKind.InvalidInput, $"Only the database of '{connection.BaseUri}' is configured. Its API address is unknown.",
                "Connect to the server: Connect-Letta <address>", connection);
        }

        Connection = connection;
        _time = time ?? TimeProvider.System;
        var handler = NewHandler(connection);
        if (connection.SkipCertificateCheck)
        {
#pragma warning disable CA5359 // Only where the user asked for exactly this.
            handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        }

        // Time limits are per answer and per part of one (TimeLimit, IdleTimeoutStream), not per download.
        _client = new HttpClient(handler) { BaseAddress = connection.BaseUri, Timeout = Timeout.InfiniteTimeSpan };
        _client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("LettaPS", s_version));
        _client.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (connection.RevealApiKey() is { } key)
        {
            _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        _retry = new ResiliencePipelineBuilder { TimeProvider = _time }
            .AddRetry(new RetryStrategyOptions
            {
                // What has never answered and hangs up is hardly a Letta server: one more try, and not all of them, finds that out.
                ShouldHandle = a => ValueTask.FromResult(a.Outcome.Exception is TransientException e
                    && (e.RetryAfter is not { } wait || wait <= s_longestWait)
                    && (_hasAnswered || e.Failure.ErrorId != ErrorIds.ConnectionLost || a.AttemptNumber == 0)),
                MaxRetryAttempts = MaxRetries,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = TimeSpan.FromMilliseconds(250),
                MaxDelay = TimeSpan.FromSeconds(20),
                DelayGenerator = static a => ValueTask.FromResult((a.Outcome.Exception as TransientException)?.RetryAfter),
                OnRetry = a => retrying?.Invoke(new ServerRetry(
                    string.Create(CultureInfo.InvariantCulture, $"{a.Outcome.Exception!.Message} Waiting {a.RetryDelay.TotalSeconds:0.#} s before attempt {a.AttemptNumber + 2} of {MaxRetries + 1}."),
                    a.RetryDelay)) ?? default,
            })
            .Build();
    }

    /// <summary>The server.</summary>
    public LettaConnection Connection { get; }

    /// <summary>Makes what connects to a server: through the proxy of the environment, unless the server is on this machine.</summary>
    /// <param name="connection">The server.</param>
    public static SocketsHttpHandler NewHandler(LettaConnection connection) => new()
    {
        AutomaticDecompression = DecompressionMethods.All,
        ConnectTimeout = connection.Timeout,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),

        // A redirect would leave the server that the password is for; Letta's own, to the address with a slash, are never needed.
        AllowAutoRedirect = false,

        // A proxy would look for the server on its own machine.
        UseProxy = !connection.BaseUri.IsLoopback,
    };

    /// <summary>Told of bytes as they arrive.</summary>
    public Action<long>? Received { get; init; }

    /// <summary>Gets a document whole.</summary>
    /// <param name="path">Path and query below <c>/v1</c>.</param>
    public Task<JsonElement> GetAsync(string path, CancellationToken cancellationToken) => GetAsync(
        path,
        static async (json, token) =>
        {
            var value = await json.ReadValueAsync(token).ConfigureAwait(false) ?? throw new JsonException("A value is expected.");
            await json.ReadToEndAsync(token).ConfigureAwait(false);
            return value;
        },
        cancellationToken);

    /// <summary>Gets a list whole.</summary>
    /// <param name="path">Path and query below <c>/v1</c>.</param>
    /// <param name="maxLength">Longest list that is taken.</param>
    public Task<List<JsonElement>> GetListAsync(string path, int maxLength, CancellationToken cancellationToken) => GetAsync(
        path,
        async (json, token) =>
        {
            var items = new List<JsonElement>();
            await foreach (var item in json.ReadArrayAsync(token).ConfigureAwait(false))
            {
                items.Add(item);
                if (items.Count > maxLength)
                {
                    throw new JsonException("The list does not end.");
                }
            }

            return items;
        },
        cancellationToken);

    /// <summary>Gets a document and reads it as it arrives. When it breaks off, it is asked for and read again from its beginning.</summary>
    /// <param name="path">Path and query below <c>/v1</c>.</param>
    /// <param name="read">Reads it.</param>
    public Task<T> GetAsync<T>(string path, Func<JsonStreamReader, CancellationToken, Task<T>> read, CancellationToken cancellationToken) =>
        GetAsync(() => path, read, cancellationToken);

    /// <summary>Gets a document and reads it as it arrives. When it breaks off, the address is asked for again: it may go on from what has been read.</summary>
    /// <param name="path">Gives path and query below <c>/v1</c>, once for each attempt.</param>
    /// <param name="read">Reads it.</param>
    public async Task<T> GetAsync<T>(Func<string> path, Func<JsonStreamReader, CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        try
        {
            return await _retry.ExecuteAsync(
                async (state, token) =>
                {
                    using var request = new HttpRequestMessage(HttpMethod.Get, "v1/" + state.path());
                    return await SendAsync(request, state.read, token).ConfigureAwait(false);
                },
                (path, read),
                cancellationToken).ConfigureAwait(false);
        }
        catch (TransientException e)
        {
            throw e.Failure;
        }
    }

    /// <summary>Sends a change. Only what the server has surely not begun is sent again by itself, unless the change may be made twice.</summary>
    /// <param name="path">Path and query below <c>/v1</c>.</param>
    /// <param name="content">Makes the body, once for each attempt; <see langword="null"/> for none.</param>
    /// <param name="repeatable">Whether making the change twice is the same as once.</param>
    /// <returns>The answer, <see langword="null"/> where it is empty.</returns>
    public async Task<JsonElement?> SendAsync(HttpMethod method, string path, Func<HttpContent>? content, bool repeatable, CancellationToken cancellationToken)
    {
        try
        {
            return await _retry.ExecuteAsync(
                async token =>
                {
                    using var request = new HttpRequestMessage(method, "v1/" + path) { Content = content?.Invoke() };
                    try
                    {
                        return await SendAsync(request, ReadAnswerAsync, token).ConfigureAwait(false);
                    }
                    catch (TransientException e) when (!repeatable && e.Failure.ErrorId != ErrorIds.TooManyRequests)
                    {
                        throw e.Failure;
                    }
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch (TransientException e)
        {
            throw e.Failure;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    /// <summary>Asks once, and takes whatever is answered.</summary>
    /// <param name="path">Path and query below <c>/v1</c>.</param>
    public async Task<ServerAnswer> AskAsync(string path, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        using var request = new HttpRequestMessage(HttpMethod.Get, "v1/" + path);
        try
        {
            return await ExchangeAsync(
                request,
                async (response, limit) => new ServerAnswer(
                    (int)response.StatusCode,
                    response.Content.Headers.ContentType?.MediaType is "application/json",
                    await ReadDetailAsync(response, limit.Token).ConfigureAwait(false),
                    response.Headers.Server.Count == 0 ? null : response.Headers.Server.ToString(),
                    response.Headers.Via.Count == 0 ? null : response.Headers.Via.ToString(),
                    watch.Elapsed),
                cancellationToken).ConfigureAwait(false);
        }
        catch (TransientException e)
        {
            throw e.Failure;
        }
    }

    private Task<T> SendAsync<T>(HttpRequestMessage request, Func<JsonStreamReader, CancellationToken, Task<T>> read, CancellationToken cancellationToken) => ExchangeAsync(
        request,
        async (response, limit) =>
        {
            await ThrowOnRefusalAsync(request, response, limit.Token).ConfigureAwait(false);
            using var body = new IdleTimeoutStream(await response.Content.ReadAsStreamAsync(limit.Token).ConfigureAwait(false), limit, Received);
            using var json = new JsonStreamReader(body);
            return await read(json, limit.Token).ConfigureAwait(false);
        },
        cancellationToken);

    private static async Task<JsonElement?> ReadAnswerAsync(JsonStreamReader json, CancellationToken cancellationToken)
    {
        try
        {
            return await json.ReadValueAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (JsonException) when (json.IsEmpty)
        {
            return null;
        }
    }

    private async Task<T> ExchangeAsync<T>(HttpRequestMessage request, Func<HttpResponseMessage, IdleTimeout, Task<T>> read, CancellationToken cancellationToken)
    {
        using var limit = new IdleTimeout(Connection.Timeout, cancellationToken);
        try
        {
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token).ConfigureAwait(false);
            _hasAnswered = true;
            return await read(response, limit).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw HttpErrors.Timeout(Connection, request, e);
        }
        catch (JsonException e)
        {
            throw HttpErrors.NotJson(Connection, request, e);
        }
        catch (HttpRequestException e)
        {
            throw Failure(request, e);
        }
        catch (IOException e)
        {
            throw new TransientException(HttpErrors.BrokenOff(Connection, request, e));
        }
    }

    private Exception Failure(HttpRequestMessage request, HttpRequestException e) => e switch
    {
        { InnerException: AuthenticationException } or { HttpRequestError: HttpRequestError.SecureConnectionError } => HttpErrors.Tls(Connection, e),
        { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionRefused } } => HttpErrors.Refused(Connection, e),
        { HttpRequestError: HttpRequestError.NameResolutionError } => HttpErrors.UnknownHost(Connection, e),
        { HttpRequestError: HttpRequestError.InvalidResponse } => HttpErrors.NotHttp(Connection, e),
        { HttpRequestError: HttpRequestError.ConnectionError } => HttpErrors.Unreachable(Connection, e),
        _ => new TransientException(_hasAnswered ? HttpErrors.BrokenOff(Connection, request, e) : HttpErrors.NoAnswer(Connection, request, e)),
    };

    private async Task ThrowOnRefusalAsync(HttpRequestMessage request, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode)
        {
            return;
        }

        var failure = HttpErrors.Refusal(Connection, request, response, await ReadDetailAsync(response, cancellationToken).ConfigureAwait(false));
        if (response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout)
        {
            var wait = RetryAfter(response);
            throw new TransientException(wait > s_longestWait ? HttpErrors.WaitTooLong(Connection, failure, wait.Value) : failure) { RetryAfter = wait };
        }

        throw failure;
    }

    /// <summary>How long the server asks to wait. A date counts from the server's own time, whatever the clock of this machine says.</summary>
    private TimeSpan? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - (response.Headers.Date ?? _time.GetUtcNow()) is var wait && wait > TimeSpan.Zero ? wait : TimeSpan.Zero,
        _ => null,
    };

    private static async Task<string> ReadDetailAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        using var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        var buffer = new byte[MaxErrorLength];
        var length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }
}

using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Http;

/// <summary>
/// What a handler answers. Most of it is written into memory at once, while the state is locked, so that it is of one moment, as what a transaction
/// reads. Histories that are made on demand, which may be of any size, are written while they are sent, so that such an answer is never held.
/// </summary>
internal sealed class Answer
{
    private const int FlushAt = 64 * 1024;

    private Answer(int status, string? contentType) => (Status, ContentType) = (status, contentType);

    public int Status { get; }

    public string? ContentType { get; }

    /// <summary>Writes the JSON of a history; each step of the enumeration is a point at which what was written may be sent.</summary>
    private Func<Utf8JsonWriter, IEnumerable<bool>>? Pieces { get; init; }

    /// <summary>The body, unless it is made in pieces or there is none.</summary>
    private ReadOnlyMemory<byte>? Body { get; init; }

    public string? Location { get; private init; }

    public string? Allow { get; private init; }

    /// <summary>Seconds for a Retry-After header.</summary>
    public int? RetryAfter { get; init; }

    public static Answer Object(Action<Utf8JsonWriter> write, int status = 200, int? retryAfter = null, bool indented = false)
    {
        var body = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(body, JsonText.Writer with { Indented = indented }))
        {
            write(writer);
        }

        return new(status, "application/json") { Body = body.WrittenMemory, RetryAfter = retryAfter };
    }

    public static Answer Array<T>(IEnumerable<T> items, Action<Utf8JsonWriter, T> write) => Object(w =>
    {
        w.WriteStartArray();
        foreach (var item in items)
        {
            write(w, item);
        }

        w.WriteEndArray();
    });

    /// <summary>An array whose rows are made while they are sent, so not from what the state keeps.</summary>
    public static Answer Made<T>(IEnumerable<T> rows, Action<Utf8JsonWriter, T> write) =>
        new(200, "application/json") { Pieces = w => ArrayPieces(w, rows, write) };

    public static Answer Of(string text, string contentType, int status = 200, int? retryAfter = null) =>
        new(status, contentType) { Body = Encoding.UTF8.GetBytes(text), RetryAfter = retryAfter };

    public static Answer Number(int value) => Of(value.ToString(CultureInfo.InvariantCulture), "application/json");

    /// <summary>204.</summary>
    public static Answer Nothing() => new(204, null);

    public static Answer Null() => Of("null", "application/json");

    public static Answer Redirect(string location) => new(307, null) { Location = location };

    public static Answer NotAllowed(string allow) => new(405, "application/json") { Body = """{"detail":"Method Not Allowed"}"""u8.ToArray(), Allow = allow };

    public static Answer Detail(int status, string detail, int? retryAfter = null) => Object(
        w =>
        {
            w.WriteStartObject();
            w.WriteString("detail"u8, detail);
            w.WriteEndObject();
        },
        status,
        retryAfter);

    public static Answer From(Problem problem, Release release) => Object(
        w =>
        {
            w.WriteStartObject();
            if (problem.Status == 422 && release >= Release.V0162)
            {
                w.WriteString("trace_id"u8, string.Empty);
            }

            w.WritePropertyName("detail"u8);
            problem.Detail.WriteTo(w);
            if (problem.Example is not null)
            {
                w.WriteStartArray("examples"u8);
                w.WriteStringValue(problem.Example);
                w.WriteEndArray();
            }

            w.WriteEndObject();
        },
        problem.Status);

    public async Task WriteAsync(HttpResponse response, CancellationToken gone)
    {
        response.StatusCode = Status;
        response.ContentType = ContentType;
        if (Location is not null)
        {
            response.Headers.Location = Location;
        }

        if (Allow is not null)
        {
            response.Headers.Allow = Allow;
        }

        if (RetryAfter is not null)
        {
            response.Headers.RetryAfter = RetryAfter.Value.ToString(CultureInfo.InvariantCulture);
        }

        if (Pieces is not null)
        {
            await WritePiecesAsync(response, Pieces, gone);
        }
        else if (Body is { } body)
        {
            // As below: no client is to have the whole answer of a request that still runs.
            response.ContentLength = body.Length > FlushAt ? null : body.Length;
            for (; body.Length > FlushAt; body = body[FlushAt..])
            {
                await response.BodyWriter.WriteAsync(body[..FlushAt], gone);
            }

            response.BodyWriter.Write(body.Span);
        }
        else
        {
            response.ContentLength = 0;
        }
    }

    private static IEnumerable<bool> ArrayPieces<T>(Utf8JsonWriter w, IEnumerable<T> items, Action<Utf8JsonWriter, T> write)
    {
        w.WriteStartArray();
        foreach (var item in items)
        {
            write(w, item);
            yield return true;
        }

        w.WriteEndArray();
    }

    /// <summary>
    /// Small answers go out whole with their length, as Letta's do, when the request has ended; large ones in pieces, so without a length, and their end then.
    /// </summary>
    private static async Task WritePiecesAsync(HttpResponse response, Func<Utf8JsonWriter, IEnumerable<bool>> pieces, CancellationToken gone)
    {
        var body = response.BodyWriter;
        await using var writer = new Utf8JsonWriter(body, JsonText.Writer);
        var sent = 0L;
        foreach (var _ in pieces(writer))
        {
            if (writer.BytesCommitted + writer.BytesPending - sent > FlushAt)
            {
                writer.Flush();
                sent = writer.BytesCommitted;
                await body.FlushAsync(gone);
            }
        }

        writer.Flush();
        if (sent == 0)
        {
            response.ContentLength = writer.BytesCommitted;
        }
    }
}

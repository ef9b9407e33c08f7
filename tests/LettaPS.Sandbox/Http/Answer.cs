using System.Globalization;
using System.Text;
using System.Text.Json;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Http;

/// <summary>
/// What a handler answers: decided while the state is locked, written afterwards piece by piece, so that an answer of any size is never
/// held and a slow reader blocks nobody.
/// </summary>
internal sealed class Answer
{
    private const int FlushAt = 64 * 1024;

    private Answer(int status, string? contentType) => (Status, ContentType) = (status, contentType);

    public int Status { get; }

    public string? ContentType { get; }

    /// <summary>Writes the JSON; each step of the enumeration is a point at which what was written may be sent.</summary>
    public Func<Utf8JsonWriter, IEnumerable<bool>>? Json { get; private init; }

    /// <summary>The body as it is, for what is not JSON.</summary>
    public string? Text { get; private init; }

    public string? Location { get; private init; }

    public string? Allow { get; private init; }

    /// <summary>Seconds for a Retry-After header.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>Whether the JSON is indented, as exports are.</summary>
    public bool Indented { get; init; }

    public static Answer Object(Action<Utf8JsonWriter> write, int status = 200) => new(status, "application/json")
    {
        Json = w =>
        {
            write(w);
            return [];
        },
    };

    public static Answer Array<T>(IEnumerable<T> items, Action<Utf8JsonWriter, T> write) => Pieces(w => ArrayPieces(w, items, write));

    public static Answer Pieces(Func<Utf8JsonWriter, IEnumerable<bool>> pieces, bool indented = false) =>
        new(200, "application/json") { Json = pieces, Indented = indented };

    public static Answer Of(string text, string contentType, int status = 200, int? retryAfter = null) =>
        new(status, contentType) { Text = text, RetryAfter = retryAfter };

    public static Answer Number(int value) => Of(value.ToString(CultureInfo.InvariantCulture), "application/json");

    /// <summary>204.</summary>
    public static Answer Nothing() => new(204, null);

    public static Answer Null() => Of("null", "application/json");

    public static Answer Redirect(string location) => new(307, null) { Location = location };

    public static Answer NotAllowed(string allow) => new(405, "application/json") { Text = """{"detail":"Method Not Allowed"}""", Allow = allow };

    public static Answer Detail(int status, string detail, int? retryAfter = null) => new(status, "application/json")
    {
        Json = w =>
        {
            w.WriteStartObject();
            w.WriteString("detail"u8, detail);
            w.WriteEndObject();
            return [];
        },
        RetryAfter = retryAfter,
    };

    public static Answer From(Problem problem, Release release) => new(problem.Status, "application/json")
    {
        Json = w =>
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
            return [];
        },
    };

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

        if (Json is { } json)
        {
            await WriteJsonAsync(response, json, gone);
        }
        else if (Text is { } text)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            response.ContentLength = bytes.Length;
            await response.BodyWriter.WriteAsync(bytes, gone);
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
    /// Small answers go out whole with their length, as Letta's do; large ones in pieces while they are made, so without a length.
    /// </summary>
    private async Task WriteJsonAsync(HttpResponse response, Func<Utf8JsonWriter, IEnumerable<bool>> json, CancellationToken gone)
    {
        var body = response.BodyWriter;
        await using var writer = new Utf8JsonWriter(body, JsonText.Writer with { Indented = Indented });
        var sent = 0L;
        foreach (var _ in json(writer))
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

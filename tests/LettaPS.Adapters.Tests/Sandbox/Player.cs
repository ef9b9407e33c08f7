using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using LettaPS.Sandbox;

namespace LettaPS.Adapters.Tests.Sandbox;

/// <summary>Sends recorded requests to a sandbox.</summary>
internal sealed class Player(SandboxServer server, string release) : IDisposable
{
    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false });
    private readonly AnswerComparison _answers = new();

    /// <summary>Plays an exchange, and says how the answer differs from the recorded one.</summary>
    public async Task<IReadOnlyList<string>> PlayAsync(Exchange exchange, bool values, CancellationToken cancellationToken)
    {
        // As it was sent: nothing escaped, nothing simplified.
        var uri = new Uri(server.BaseUri.GetLeftPart(UriPartial.Authority) + _answers.Translate(exchange.Path),
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        using var request = new HttpRequestMessage(new HttpMethod(exchange.Method), uri) { Content = await ContentAsync(exchange, cancellationToken) };
        foreach (var (name, value) in exchange.Headers ?? [])
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await _client.SendAsync(request, cancellationToken);
        var body = await response.Content.ReadAsStringAsync(cancellationToken);
        if ((int)response.StatusCode != exchange.Status)
        {
            return [$"status {exchange.Status} became {(int)response.StatusCode}: {body[..Math.Min(body.Length, 300)]}"];
        }

        List<string> differences = [];
        var type = response.Content.Headers.ContentType?.ToString();
        if (type != exchange.Type)
        {
            differences.Add($"content type {exchange.Type} became {type}");
        }

        if (type == "application/json" && OutOfScope.HasOtherRows(release, exchange))
        {
            var (recorded, played) = (exchange.Body.GetArrayLength(), JsonDocument.Parse(body).RootElement.GetArrayLength());
            differences.AddRange(recorded == played ? [] : [$"{recorded} items became {played}"]);
        }
        else if (type == "application/json")
        {
            differences.AddRange(_answers.Compare(exchange.Body, JsonDocument.Parse(body.Length == 0 ? "null" : body).RootElement, values, exchange));
        }

        return differences;
    }

    public void Dispose() => _client.Dispose();

    private async Task<HttpContent?> ContentAsync(Exchange exchange, CancellationToken cancellationToken)
    {
        if (exchange.Request is not { } recorded)
        {
            return null;
        }

        if (recorded.ValueKind != JsonValueKind.Object || !recorded.TryGetProperty("multipart", out var form))
        {
            return new StringContent(_answers.Translate(recorded.ValueKind == JsonValueKind.String ? recorded.GetString()! : recorded.GetRawText()), Encoding.UTF8, "application/json");
        }

        var content = new MultipartFormDataContent();
        foreach (var field in form.GetProperty("fields").EnumerateObject())
        {
            content.Add(new StringContent(field.Value.GetString()!), field.Name);
        }

        if (form.GetProperty("file") is { ValueKind: JsonValueKind.Object } file)
        {
            var text = file.GetProperty("content").GetString()!;
            var bytes = exchange.Route == "/v1/agents/import"
                ? await ImportFiles.MakeAsync(release, exchange, text, server, _client, cancellationToken)
                : Encoding.UTF8.GetBytes(text);
            content.Add(new ByteArrayContent(bytes) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } }, "file", file.GetProperty("filename").GetString()!);
        }

        return content;
    }
}

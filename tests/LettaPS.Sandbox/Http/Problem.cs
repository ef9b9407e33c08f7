using System.Text.Json;

namespace LettaPS.Sandbox.Http;

/// <summary>An answer that is not what was asked for: status and <c>detail</c> as Letta's handlers make them.</summary>
internal sealed class Problem(int status, JsonElement detail, string? example = null) : Exception(detail.ToString())
{
    public Problem(int status, string detail)
        : this(status, JsonSerializer.SerializeToElement(detail))
    {
    }

    public int Status => status;

    public JsonElement Detail => detail;

    /// <summary>An id of the form that was expected, which 0.16 adds to answers about malformed ids.</summary>
    public string? Example => example;

    public static Problem NotFound(string detail = "Not Found") => new(404, detail);
}

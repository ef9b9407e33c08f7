using System.Globalization;
using LettaPS.Adapters.Http;
using LettaPS.Core.Sources;

namespace LettaPS.Adapters.Tests.Http;

/// <summary>What a server asks for with Retry-After.</summary>
public sealed class RetryTests
{
    private static readonly DateTimeOffset s_now = new(2026, 1, 17, 2, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Every_retry_is_told_with_its_wait_before_it_waits()
    {
        await using var server = new ScriptedServer(Refusal("Retry-After: 0"), Answer);
        var retries = new List<ServerRetry>();
        using var http = new HttpTransport(new LettaConnection(server.BaseUri), retrying: Tell(retries));

        await http.GetAsync("health/", TestContext.Current.CancellationToken);

        var retry = Assert.Single(retries);
        Assert.Equal(TimeSpan.Zero, retry.Wait);
        Assert.Contains("attempt 2 of 6", retry.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Retry-After: 61")]
    [InlineData("Retry-After: 2147483647")]
    public async Task A_wait_of_more_than_a_minute_is_an_error(string header)
    {
        await using var server = new ScriptedServer(Refusal(header), Answer);
        var retries = new List<ServerRetry>();
        using var http = new HttpTransport(new LettaConnection(server.BaseUri), retrying: Tell(retries));

        var e = await Assert.ThrowsAsync<LettaException>(() => http.GetAsync("health/", TestContext.Current.CancellationToken));

        Assert.Equal("TooManyRequests", e.ErrorId);
        Assert.Contains("asks to wait", e.Message, StringComparison.Ordinal);
        Assert.Empty(retries);
        Assert.Equal(1, server.Requests);
    }

    /// <summary>The clock of this machine may be years away from the server's.</summary>
    [Theory]
    [InlineData(0, 0)]
    [InlineData(-30, 0)]
    public async Task A_date_counts_from_the_servers_own_time(int seconds, int expected)
    {
        var (date, until) = (s_now.ToString("R", CultureInfo.InvariantCulture), s_now.AddSeconds(seconds).ToString("R", CultureInfo.InvariantCulture));
        await using var server = new ScriptedServer(Refusal($"Date: {date}\r\nRetry-After: {until}"), Answer);
        var retries = new List<ServerRetry>();
        using var http = new HttpTransport(new LettaConnection(server.BaseUri), retrying: Tell(retries));

        await http.GetAsync("health/", TestContext.Current.CancellationToken);

        Assert.Equal(TimeSpan.FromSeconds(expected), Assert.Single(retries).Wait);
    }

    [Fact]
    public async Task A_date_that_is_long_after_the_servers_own_time_is_an_error()
    {
        await using var server = new ScriptedServer(Refusal($"Date: {s_now:R}\r\nRetry-After: {s_now.AddHours(1):R}"), Answer);
        using var http = new HttpTransport(new LettaConnection(server.BaseUri));

        var e = await Assert.ThrowsAsync<LettaException>(() => http.GetAsync("health/", TestContext.Current.CancellationToken));

        Assert.Contains("3600 s", e.Message, StringComparison.Ordinal);
    }

    private static string Answer => "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";

    private static string Refusal(string headers) => $"HTTP/1.1 429 Too Many Requests\r\n{headers}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

    private static Func<ServerRetry, ValueTask> Tell(List<ServerRetry> retries) => retry =>
    {
        retries.Add(retry);
        return default;
    };
}

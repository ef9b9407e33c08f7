using System.Net;

namespace LettaPS.Core.Tests.Connections;

public class LettaConnectionTests
{
    [Theory]
    [InlineData("0.16.10", "0.16.10")]
    [InlineData("0.16.8.dev1", null)]
    [InlineData("0.16.8-rc1", "0.16.8")]
    [InlineData("unknown", null)]
    [InlineData(null, null)]
    public void The_version_of_a_server_is_a_number_and_its_own_words_stay(string? reported, string? version)
    {
        var connection = new LettaConnection(new Uri("http://localhost:8283"), serverVersion: reported);

        Assert.Equal((version is null ? null : Version.Parse(version), reported), (connection.LettaVersion, connection.ReportedVersion));
    }

    [Theory]
    [InlineData("http://localhost:8283", "http://localhost:8283/")]
    [InlineData("http://localhost:8283/v1", "http://localhost:8283/")]
    [InlineData("http://localhost:8283/v1/", "http://localhost:8283/")]
    [InlineData("http://localhost:8283//v1//", "http://localhost:8283/")]
    [InlineData("https://example.org/letta/v1/?x=1#y", "https://example.org/letta/")]
    public void The_base_address_is_the_server_without_v1(string given, string expected) =>
        Assert.Equal(expected, new LettaConnection(new Uri(given)).BaseUri.AbsoluteUri);

    [Theory]
    [InlineData("ftp://localhost/", "InvalidBaseUri")]
    [InlineData("http://letta:secret@localhost/", "BaseUriCredentialNotSupported")]
    public void An_address_that_cannot_serve_is_refused(string given, string errorId)
    {
        var e = Assert.Throws<LettaException>(() => new LettaConnection(new Uri(given)));

        Assert.Equal(errorId, e.ErrorId);
        Assert.DoesNotContain("secret", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("two\nlines")]
    [InlineData("line end\n")]
    [InlineData("pässword")]
    public void A_password_that_no_header_can_carry_is_refused_and_not_shown(string password)
    {
        var e = Assert.Throws<LettaException>(() => new LettaConnection(new Uri("http://localhost:8283"), new NetworkCredential(string.Empty, password).SecurePassword));

        Assert.Equal("InvalidApiKey", e.ErrorId);
        Assert.DoesNotContain(password, e.Message + e.RecommendedAction, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    [InlineData(1e9)]
    public void A_time_that_nobody_can_wait_is_refused(double seconds)
    {
        var e = Assert.Throws<LettaException>(() => new LettaConnection(new Uri("http://localhost:8283"), timeout: TimeSpan.FromSeconds(seconds)));

        Assert.Equal(("InvalidTimeout", LettaErrorKind.InvalidInput), (e.ErrorId, e.Kind));
    }
}

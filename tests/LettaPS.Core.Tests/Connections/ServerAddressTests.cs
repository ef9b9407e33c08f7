using System.Net;
using LettaPS.Core.Connections;

namespace LettaPS.Core.Tests.Connections;

public class ServerAddressTests
{
    private static readonly Dictionary<string, string> s_names = new(StringComparer.Ordinal)
    {
        ["letta.example"] = "192.0.2.7",
        ["192.0.2.7"] = "192.0.2.7",
        ["www.example"] = "192.0.2.7",
        ["other.example"] = "192.0.2.8",
    };

    [Theory]
    [InlineData("http://localhost:8283", "http://127.0.0.1:8283/", true)]
    [InlineData("http://localhost:8283", "http://[::1]:8283/v1/", true)]
    [InlineData("http://LOCALHOST:8283/v1", "http://localhost:8283", true)]
    [InlineData("http://localhost:8283", "http://0.0.0.0:8283", true)]
    [InlineData("http://letta.example:8283", "http://192.0.2.7:8283", true)]
    [InlineData("http://letta.example.:8283", "http://Letta.Example:8283", true)]
    [InlineData("http://letta.example:8283", "http://other.example:8283", false)]
    [InlineData("http://letta.example:8283", "http://unknown.example:8283", false)]
    [InlineData("http://unknown.example:8283", "http://nowhere.example:8283", false)]
    [InlineData("http://localhost:8283", "http://localhost:8284", false)]
    [InlineData("http://localhost:8283", "https://localhost:8283", false)]
    [InlineData("http://localhost:8283/one", "http://localhost:8283/two", false)]
    [InlineData("https://letta.example", "https://www.example", false)] // A reverse proxy tells its servers apart by their names.
    [InlineData("https://letta.example/", "https://letta.example:443", true)]
    [InlineData("postgresql://localhost:5432/letta", "postgresql://127.0.0.1:5432/letta", true)]
    [InlineData("postgresql://localhost:5432/letta", "postgresql://127.0.0.1:5432/other", false)]
    public void Spellings_of_one_server_are_one_server(string one, string other, bool same)
    {
        Assert.Equal(same, ServerAddress.IsSame(new Uri(one), new Uri(other), Resolve));
        Assert.Equal(same, ServerAddress.IsSame(new Uri(other), new Uri(one), Resolve));
    }

    [Fact]
    public void The_name_and_the_addresses_of_this_machine_are_this_machine()
    {
        var here = new Uri("http://localhost:8283");

        Assert.True(ServerAddress.IsSame(here, new Uri($"http://{Dns.GetHostName()}:8283")));
    }

    private static IReadOnlyList<IPAddress> Resolve(string host) => s_names.TryGetValue(host, out var address) ? [IPAddress.Parse(address)] : [];
}

using LettaPS.Core.IdMaps;

namespace LettaPS.Core.Tests.Restores;

public class ServerSpellingTests
{
    [Fact]
    public void One_server_under_two_spellings_has_one_map()
    {
        var map = new IdMap();
        map.Of(new Uri("http://localhost:8283/")).Agents["agent-1"] = "agent-2";

        Assert.Equal("agent-2", map.Of(new Uri("http://127.0.0.1:8283")).Agents["agent-1"]);
        Assert.Single(map.Servers);
        Assert.Empty(map.Of(new Uri("http://127.0.0.1:8284")).Agents);
    }

    [Fact]
    public void Several_maps_of_one_server_become_one()
    {
        var map = new IdMap();
        map.Servers["http://localhost:8283/"] = new ServerIdMap { Agents = new() { ["agent-1"] = "agent-2" }, Unfinished = new() { ["agent-1"] = ["archive-1"] } };
        map.Servers["http://127.0.0.1:8283/"] = new ServerIdMap { Agents = new() { ["agent-1"] = "agent-3", ["agent-4"] = "agent-5" }, Unfinished = new() { ["agent-1"] = ["archive-2"] } };

        var one = map.Of(new Uri("http://localhost:8283/"));

        Assert.Equal(["http://localhost:8283/"], map.Servers.Keys);
        Assert.Equal([("agent-1", "agent-2"), ("agent-4", "agent-5")], one.Agents.Select(a => (a.Key, a.Value)));
        Assert.Equal(["archive-1", "archive-2"], one.Unfinished["agent-1"]);
    }
}

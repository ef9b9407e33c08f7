using LettaPS.Core.IdMaps;
using LettaPS.TestKit;

namespace LettaPS.Core.Tests.Restores;

public sealed class IdMapFileTests : IDisposable
{
    private static readonly Uri s_server = new("http://localhost:8283/");

    private readonly TempFolder _folder = new();

    private string Path => _folder["id-map.json"];

    [Fact]
    public void What_another_run_noted_meanwhile_is_not_written_over()
    {
        using var late = new IdMapStore(Path);
        using (var early = new IdMapStore(Path))
        {
            early.Hold();
            early.Map.Of(s_server).Agents["agent-a"] = "agent-b";
            early.Save();
        }

        var error = Assert.Throws<LettaException>(late.Hold);

        Assert.Equal("IdMapInUse", error.ErrorId);
        using var again = new IdMapStore(Path);
        again.Hold();
        Assert.Equal("agent-b", again.Map.Of(s_server).Agents["agent-a"]);
    }

    [Fact]
    public void Two_runs_do_not_hold_it_at_once()
    {
        using var first = new IdMapStore(Path);
        using var second = new IdMapStore(Path);
        first.Hold();

        Assert.Equal("IdMapInUse", Assert.Throws<LettaException>(second.Hold).ErrorId);
    }

    public void Dispose() => _folder.Dispose();
}

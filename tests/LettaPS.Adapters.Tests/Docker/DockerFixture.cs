using LettaPS.Adapters.Docker;
using Machine = LettaPS.TestKit.DockerEngine;

namespace LettaPS.Adapters.Tests.Docker;

/// <summary>The engine as the module sees it and as the docker command does, with containers that the tests of a class share.</summary>
public sealed class DockerFixture : TestKit.SharedFixture<Machine>
{
    private readonly SemaphoreSlim _gate = new(1);
    private string? _idle;
    private DockerEngine? _engine;

    internal Machine Machine => Resource;

    internal DockerEngine Engine => _engine ?? throw new InvalidOperationException("The fixture is not initialized.");

    /// <summary>A running container that does nothing and whose tests leave it as it is.</summary>
    public async Task<string> IdleAsync()
    {
        await _gate.WaitAsync();
        try
        {
            return _idle ??= await StartAsync("idle", ["sleep", "infinity"], []);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>A container with a server on port 7000 that sends back what it gets.</summary>
    public async Task<string> EchoAsync(string role)
    {
        var name = await StartAsync(
            role,
            ["perl", "-MIO::Socket::INET", "-e", "$s = IO::Socket::INET->new(Listen => 9, LocalAddr => '127.0.0.1:7000'); $SIG{CHLD} = 'IGNORE'; "
                + "while ($c = $s->accept) { next if fork; while (sysread $c, $b, 65536) { $o = 0; $o += syswrite $c, $b, length($b) - $o, $o while $o < length $b } exit }"],
            []);
        await Machine.DockerAsync("exec", name, "perl", "-MIO::Socket::INET", "-e", "select undef, undef, undef, 0.05 until IO::Socket::INET->new('127.0.0.1:7000')");
        return name;
    }

    /// <summary>A container of the PostgreSQL image that runs something else.</summary>
    public async Task<string> StartAsync(string role, IEnumerable<string> command, IEnumerable<string> options)
    {
        var name = $"{Machine.Prefix}-{role}";
        await Machine.DockerAsync(["run", "--detach", "--name", name, .. options, Machine.PostgresImage, .. command]);
        return name;
    }

    protected override async Task<Machine> StartAsync()
    {
        var machine = await Machine.OpenAsync();
        _engine = DockerEngine.Open();
        return machine;
    }

    protected override async Task ReleaseAsync(Machine resource)
    {
        _engine?.Dispose();
        _gate.Dispose();
        await base.ReleaseAsync(resource);
    }
}

using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using LettaPS.Adapters.Docker;
using LettaPS.Core.Connections;
using LettaPS.Core.Servers;
using Engine = LettaPS.TestKit.DockerEngine;

namespace LettaPS.Adapters.Tests.Docker;

public sealed class DockerEngineTests(DockerFixture docker) : IClassFixture<DockerFixture>
{
    private readonly CancellationToken _cancel = TestContext.Current.CancellationToken;
    private readonly Engine _machine = docker.Machine;
    private readonly DockerEngine _engine = docker.Engine;

    [Fact]
    public async Task A_container_is_told_as_it_is()
    {
        var name = await StartAsync(
            "told",
            "--env", "A=b=c", "--label", "x=y", "--publish", "127.0.0.1::5432", "--volume", $"{_machine.Prefix}-data:/data", "--restart", "unless-stopped");

        var facts = await _engine.InspectAsync(name, _cancel);

        Assert.Equal(name, facts.Name);
        Assert.Equal(Engine.PostgresImage, facts.Image);
        Assert.StartsWith("sha256:", facts.ImageId);
        Assert.Equal(ContainerState.Running, facts.State);
        Assert.Equal("b=c", facts.Variable("A"));
        Assert.Equal("y", facts.Label("x"));
        Assert.Equal("unless-stopped", facts.RestartPolicy);
        Assert.Equal(["/usr/local/bin/docker-entrypoint.sh", "sleep", "infinity"], facts.Command);
        Assert.True(facts.StartedAt > DateTimeOffset.UtcNow.AddMinutes(-5));
        var port = Assert.Single(facts.Ports);
        Assert.Equal((5432, "127.0.0.1"), (port.Port, port.HostAddress));
        Assert.NotNull(port.HostPort);
        Assert.Contains(facts.Mounts, m => m is { Type: "volume", Destination: "/data", IsAnonymous: false } && m.Name == $"{_machine.Prefix}-data");
        Assert.Contains(facts.Mounts, m => m is { Destination: "/var/lib/postgresql/data", IsAnonymous: true });
        Assert.Equal("bridge", Assert.Single(facts.Networks).Name);
        Assert.Contains(await _engine.ListAsync(_cancel), c => c.Id == facts.Id);
    }

    [Fact]
    public async Task A_container_that_is_not_there_is_named()
    {
        var e = await Assert.ThrowsAsync<LettaException>(() => _engine.InspectAsync(_machine.Prefix + "-none", _cancel));

        Assert.Equal("ContainerNotFound", e.ErrorId);
    }

    [Fact]
    public async Task A_container_is_stopped_and_started()
    {
        var name = await StartAsync("stopped");

        await _engine.StopAsync(name, TimeSpan.Zero, _cancel);
        await _engine.StopAsync(name, TimeSpan.Zero, _cancel);
        Assert.Equal(ContainerState.Exited, (await _engine.InspectAsync(name, _cancel)).State);

        await _engine.StartAsync(name, _cancel);
        await _engine.StartAsync(name, _cancel);
        Assert.Equal(ContainerState.Running, (await _engine.InspectAsync(name, _cancel)).State);
    }

    [Fact]
    public async Task A_paused_container_is_let_go_on_and_can_be_stopped()
    {
        var name = await StartAsync("paused");
        await Engine.DockerAsync("pause", name);
        var paused = await _engine.InspectAsync(name, _cancel);
        Assert.Equal((ContainerState.Paused, $"Resume it: docker unpause {name}"), (paused.State, paused.StartAdvice));

        await _engine.StartAsync(name, _cancel);
        Assert.Equal(ContainerState.Running, (await _engine.InspectAsync(name, _cancel)).State);

        await Engine.DockerAsync("pause", name);
        await _engine.StopAsync(name, TimeSpan.Zero, _cancel);
        Assert.Equal(ContainerState.Exited, (await _engine.InspectAsync(name, _cancel)).State);
    }

    [Fact]
    public async Task A_container_that_ends_again_and_again_keeps_the_port_that_it_is_to_publish()
    {
        // As a server does whose migration fails; between two starts the engine says that it runs, and publishes nothing.
        var port = TestKit.FreePort.Next();
        var name = await _machine.RunContainerAsync("loops", Engine.PostgresImage, "--restart", "always", "--publish", $"127.0.0.1:{port}:5432", "--entrypoint", "false");
        var facts = await _engine.InspectAsync(name, _cancel);
        while (facts.State != ContainerState.Restarting)
        {
            await Task.Delay(50, _cancel);
            facts = await _engine.InspectAsync(name, _cancel);
        }

        Assert.Equal(new ContainerPort(5432, "127.0.0.1", port), Assert.Single(facts.Ports));
    }

    [Fact]
    public async Task A_port_that_is_taken_is_the_reason_why_a_container_does_not_start()
    {
        using var taken = new TcpListener(System.Net.IPAddress.Loopback, 0);
        taken.Start();
        var name = $"{_machine.Prefix}-taken";
        await Engine.DockerAsync("create", "--name", name, "--publish", $"127.0.0.1:{((System.Net.IPEndPoint)taken.LocalEndpoint).Port}:80", Engine.PostgresImage, "sleep", "infinity");

        var e = await Assert.ThrowsAsync<LettaException>(() => _engine.StartAsync(name, _cancel));

        Assert.Equal("ContainerStartFailed", e.ErrorId);
        Assert.Contains("address already in use", e.Message);
    }

    [Fact]
    public async Task A_program_gives_output_errors_and_exit_code()
    {
        var name = await docker.IdleAsync();
        var program = new ContainerProgram("sh", "-c", "echo out; echo $X in $PWD >&2; exit 3")
        {
            Environment = new Dictionary<string, string> { ["X"] = "a b" },
            WorkingDirectory = "/tmp",
        };

        var result = await _engine.RunProgramAsync(name, program, null, null, _cancel);

        Assert.Equal(new ProgramResult(3, "out\n", "a b in /tmp\n"), result);
    }

    [Fact]
    public async Task A_program_reads_input_and_its_output_streams()
    {
        var name = await docker.IdleAsync();
        var bytes = RandomNumberGenerator.GetBytes(5_000_000);
        using var output = new MemoryStream();

        var result = await _engine.RunProgramAsync(name, new ContainerProgram("cat"), new MemoryStream(bytes), output, _cancel);

        Assert.Equal(0, result.ExitCode);
        Assert.True(output.ToArray().AsSpan().SequenceEqual(bytes));
    }

    /// <summary>With bash, what a program writes is carried in large parts; without, as it comes.</summary>
    [Theory]
    [InlineData("true")]
    [InlineData("rm /bin/bash")]
    public async Task Output_that_is_much_comes_whole_with_errors_and_the_programs_own_exit_code(string before)
    {
        var name = await StartAsync("much-" + before.Split(' ')[0]);
        await Engine.DockerAsync("exec", name, "sh", "-c", before);
        var program = new ContainerProgram("sh", "-c", "head -c 5000001 /dev/urandom | tee /tmp/much; echo \"$1\" >&2; exit 3", "sh", "it's \"bad\" $X");
        using var output = new MemoryStream();

        var result = await _engine.RunProgramAsync(name, program, null, output, _cancel);

        Assert.Equal(new ProgramResult(3, "", "it's \"bad\" $X\n"), result);
        Assert.Equal(
            (await Engine.DockerAsync("exec", name, "sha256sum", "/tmp/much")).Split(' ')[0],
            Convert.ToHexString(SHA256.HashData(output.ToArray())).ToLowerInvariant());
        var e = await Assert.ThrowsAsync<LettaException>(() => _engine.RunProgramAsync(name, new ContainerProgram("pg_nothing"), null, output, _cancel));
        Assert.Equal("ProgramNotFound", e.ErrorId);
    }

    [Fact]
    public async Task A_program_that_fails_before_it_has_read_all_is_told_with_its_own_words()
    {
        var name = await docker.IdleAsync();

        var result = await _engine.RunProgramAsync(
            name, new ContainerProgram("sh", "-c", "head -c 1 >/dev/null; echo no use >&2; exit 4"), new MemoryStream(new byte[20_000_000]), null, _cancel);

        Assert.Equal(new ProgramResult(4, "", "no use\n"), result);
    }

    [Fact]
    public async Task Input_that_breaks_off_ends_the_program_and_is_told()
    {
        var name = await docker.IdleAsync();

        var e = await Assert.ThrowsAsync<IOException>(
            () => _engine.RunProgramAsync(name, new ContainerProgram("tail", "-n", "986"), new BrokenStream(), null, _cancel));

        Assert.Equal("The disk is broken.", e.Message);
        Assert.DoesNotContain("986", await Engine.DockerAsync("top", name));
    }

    [Fact]
    public async Task A_program_that_is_not_there_is_named()
    {
        var name = await docker.IdleAsync();

        var e = await Assert.ThrowsAsync<LettaException>(() => _engine.RunProgramAsync(name, new ContainerProgram("pg_nothing"), null, null, _cancel));

        Assert.Equal("ProgramNotFound", e.ErrorId);
        Assert.Contains("pg_nothing", e.Message);
    }

    [Fact]
    public async Task A_program_in_a_stopped_container_is_refused()
    {
        var name = await StartAsync("refused");
        await _engine.StopAsync(name, TimeSpan.Zero, _cancel);

        var e = await Assert.ThrowsAsync<LettaException>(() => _engine.RunProgramAsync(name, new ContainerProgram("true"), null, null, _cancel));

        Assert.Equal("ContainerNotRunning", e.ErrorId);
    }

    [Fact]
    public async Task Cancelling_ends_the_program_before_it_returns()
    {
        var name = await docker.IdleAsync();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_cancel);
        using var output = new StopAtFirstWrite(stop);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _engine.RunProgramAsync(name, new ContainerProgram("sh", "-c", "echo started; head -c 100000 /dev/zero; exec sleep 987"), null, output, stop.Token));

        Assert.DoesNotContain("sleep 987", await Engine.DockerAsync("top", name));
    }

    [Fact]
    public async Task Cancelling_ends_a_program_too_that_has_read_all_of_its_input()
    {
        var name = await docker.IdleAsync();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_cancel);
        using var output = new StopAtFirstWrite(stop);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _engine.RunProgramAsync(name, new ContainerProgram("sh", "-c", "cat; echo started; exec sleep 985"), Stream.Null, output, stop.Token));

        Assert.DoesNotContain("sleep 985", await Engine.DockerAsync("top", name));
    }

    [Fact]
    public async Task The_end_of_a_log_has_both_streams()
    {
        var name = await docker.StartAsync("log", ["sh", "-c", "for i in 1 2 3; do echo $i; done; echo bad >&2"], []);
        await Engine.DockerAsync("wait", name);

        Assert.Equal(["1", "2", "3", "bad"], (await _engine.ReadLogAsync(name, 10, null, _cancel)).Order());
        Assert.Single(await _engine.ReadLogAsync(name, 1, null, _cancel));
    }

    [Fact]
    public async Task A_temporary_container_lives_as_long_as_its_handle()
    {
        await using (var container = await _engine.RunTemporaryAsync(
            new TemporaryContainerSpecification(Engine.PostgresImage, "cat >/dev/null") { Environment = new Dictionary<string, string> { ["X"] = "y" } }, _cancel))
        {
            var result = await _engine.RunProgramAsync(container.Id, new ContainerProgram("sh", "-c", "echo $X"), null, null, _cancel);
            Assert.Equal("y\n", result.Output);
            Assert.False(ServerDiscovery.IsServer(await _engine.InspectAsync(container.Id, _cancel)));
        }

        Assert.DoesNotContain(await _engine.ListAsync(_cancel), c => c.Label(ServerDiscovery.TemporaryLabel) is not null && c.Variable("X") == "y");
    }

    [Fact]
    public async Task An_image_that_is_not_there_is_not_pulled()
    {
        var e = await Assert.ThrowsAsync<LettaException>(
            () => _engine.RunTemporaryAsync(new TemporaryContainerSpecification("lettaps/none:1", "true"), _cancel));

        Assert.Equal("ImageNotFound", e.ErrorId);
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("perl")]
    public async Task A_tunnel_carries_connections_both_ways_to_a_port_that_is_not_published(string carrier)
    {
        var name = await docker.EchoAsync(carrier);
        if (carrier != "bash")
        {
            await Engine.DockerAsync("exec", name, "rm", "/bin/bash");
        }

        await using var tunnel = await _engine.OpenTunnelAsync(name, 7000, _cancel);
        var answers = await Task.WhenAll(Enumerable.Range(1, 4).Select(i => AskAsync(tunnel, i * 500_000)));

        Assert.All(answers, Assert.True);
    }

    [Fact]
    public async Task A_tunnel_to_a_port_where_nothing_listens_is_refused()
    {
        var name = await docker.IdleAsync();

        var e = await Assert.ThrowsAsync<LettaException>(() => _engine.OpenTunnelAsync(name, 7001, _cancel));

        Assert.Equal("TunnelRefused", e.ErrorId);
    }

    [Fact]
    public async Task Closing_a_tunnel_leaves_nothing_running_in_the_container()
    {
        var name = await docker.EchoAsync("alone");
        var before = await ProcessesAsync(name);
        using (var client = new TcpClient())
        {
            await using var tunnel = await _engine.OpenTunnelAsync(name, 7000, _cancel);
            await client.ConnectAsync(tunnel.NearEnd, _cancel);
            await client.GetStream().WriteAsync("hello"u8.ToArray(), _cancel);
            await client.GetStream().ReadExactlyAsync(new byte[5], _cancel);
        }

        Assert.Equal(before, await ProcessesAsync(name));
    }

    /// <summary>PostgreSQL is the first process of its container, and takes whatever is left behind there for a session of its own.</summary>
    [Fact]
    public async Task What_runs_and_ends_in_a_container_never_makes_PostgreSQL_believe_that_a_session_crashed()
    {
        var name = await _machine.RunPostgresAsync("first");
        await _engine.RunProgramAsync(name, new ContainerProgram("psql", "-U", "letta", "-c", "SELECT 1"), null, null, _cancel);
        foreach (var remove in new[] { "true", "rm /bin/bash" })
        {
            await Engine.DockerAsync("exec", name, "sh", "-c", remove);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(_cancel);
            using var output = new StopAtFirstWrite(stop);
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => _engine.RunProgramAsync(name, new ContainerProgram("sh", "-c", "echo started; head -c 100000 /dev/zero; exec sleep 987"), null, output, stop.Token));
            await using (var tunnel = await _engine.OpenTunnelAsync(name, 5432, _cancel))
            {
                using var client = new TcpClient();
                await client.ConnectAsync(tunnel.NearEnd, _cancel);
                await client.GetStream().WriteAsync(new byte[] { 0, 0, 0, 8, 4, 210, 22, 47 }, _cancel);
                await client.GetStream().ReadExactlyAsync(new byte[1], _cancel);
            }
        }

        Assert.Equal("1", await Engine.SqlAsync(name, "letta", "SELECT 1"));
        Assert.DoesNotContain("terminat", string.Join('\n', (await _engine.ReadLogAsync(name, 1000, null, _cancel)).SkipWhile(l => !l.Contains("ready for start up", StringComparison.Ordinal))));
    }

    private static async Task<IEnumerable<string>> ProcessesAsync(string container) =>
        (await Engine.DockerAsync("top", container, "-eo", "pid,args")).Split('\n').Select(line => line.TrimStart().Split(' ', 2)[1]).Order();

    /// <summary>A container of its own that does nothing.</summary>
    private Task<string> StartAsync(string role, params IEnumerable<string> options) => docker.StartAsync(role, ["sleep", "infinity"], options);

    private async Task<bool> AskAsync(IOpenTunnel tunnel, int size)
    {
        var sent = RandomNumberGenerator.GetBytes(size);
        var received = new byte[size];
        using var client = new TcpClient();
        await client.ConnectAsync(tunnel.NearEnd, _cancel);
        var stream = client.GetStream();
        var sending = stream.WriteAsync(sent, _cancel);
        await stream.ReadExactlyAsync(received, _cancel);
        await sending;
        return received.AsSpan().SequenceEqual(sent);
    }

    private sealed class BrokenStream : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => throw new IOException("The disk is broken.");
    }

    private sealed class StopAtFirstWrite(CancellationTokenSource stop) : MemoryStream
    {
        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Assert.StartsWith("started\n", Encoding.UTF8.GetString(buffer.Span), StringComparison.Ordinal);
            await stop.CancelAsync();
        }
    }
}

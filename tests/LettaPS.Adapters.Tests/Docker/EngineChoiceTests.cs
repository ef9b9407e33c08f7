using LettaPS.Adapters.Docker;

namespace LettaPS.Adapters.Tests.Docker;

/// <summary>Which engine is spoken to. The environment that says so is that of the whole process, so that nothing may run beside these tests.</summary>
[CollectionDefinition(nameof(EngineChoiceTests), DisableParallelization = true)]
[Collection(nameof(EngineChoiceTests))]
public sealed class EngineChoiceTests
{
    [Fact]
    public async Task An_engine_that_is_not_there_is_named()
    {
        var cancel = TestContext.Current.CancellationToken;
        var old = Environment.GetEnvironmentVariable("DOCKER_HOST");
        Environment.SetEnvironmentVariable("DOCKER_HOST", "unix:///nowhere/docker.sock");
        try
        {
            using var engine = DockerEngine.Open();
            var e = await Assert.ThrowsAsync<LettaException>(() => engine.ListAsync(cancel));
            Assert.Equal("EngineUnreachable", e.ErrorId);
            Assert.Contains("/nowhere/docker.sock", e.Message);

            Environment.SetEnvironmentVariable("DOCKER_HOST", $"tcp://127.0.0.1:{TestKit.FreePort.Next()}");
            using var remote = DockerEngine.Open();
            e = await Assert.ThrowsAsync<LettaException>(() => remote.ListAsync(cancel));
            Assert.Equal("EngineUnreachable", e.ErrorId);
            Assert.Contains("refused", e.Message, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("One or more errors", e.Message, StringComparison.Ordinal);

            Environment.SetEnvironmentVariable("DOCKER_HOST", "ssh://somewhere");
            Assert.Equal("InvalidEngineConfiguration", Assert.Throws<LettaException>(DockerEngine.Open).ErrorId);
        }
        finally
        {
            Environment.SetEnvironmentVariable("DOCKER_HOST", old);
        }
    }
}

using LettaPS.TestKit;
using Xunit.Sdk;

namespace LettaPS.Core.Tests.Kit;

/// <summary>What a test run does on a machine that lacks something.</summary>
public sealed class SkipTests
{
    [Fact]
    public async Task A_skip_decided_in_a_fixture_skips_the_tests_that_ask_for_its_resource()
    {
        await using var fixture = new Fixture(() => throw SkipException.ForSkip("No engine."));

        await fixture.InitializeAsync();

        Assert.EndsWith("No engine.", ReasonOfSkip(fixture), StringComparison.Ordinal);
        Assert.EndsWith("No engine.", ReasonOfSkip(fixture), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failure_in_a_fixture_stays_a_failure()
    {
        await using var fixture = new Fixture(() => throw new InvalidOperationException("Broken."));

        Assert.Equal("Broken.", (await Assert.ThrowsAsync<InvalidOperationException>(async () => await fixture.InitializeAsync())).Message);
    }

    [Fact]
    public async Task A_fixture_releases_its_resource()
    {
        var resource = new Resource();
        var fixture = new Fixture(() => resource);
        await fixture.InitializeAsync();
        Assert.Same(resource, fixture.Resource);

        await fixture.DisposeAsync();

        Assert.True(resource.IsDisposed);
    }

    [Fact]
    public void PostgreSQL_without_pgvector_is_not_enough_and_the_reason_says_so()
    {
        using var root = new TempFolder();
        Directory.CreateDirectory(root["usr/lib/postgresql/15/bin"]);
        File.WriteAllText(root["usr/lib/postgresql/15/bin/initdb"], "");

        var installation = Assert.Single(PostgresInstallation.Find([root.Path]));
        Assert.Equal((15, false), (installation.Major, installation.HasVector));
        Assert.StartsWith("PostgreSQL 15 is installed without pgvector. Install the packages", PostgresInstallation.Explain([installation], 15), StringComparison.Ordinal);
        Assert.StartsWith("PostgreSQL 17 with pgvector is not installed. Install the packages", PostgresInstallation.Explain([installation], 17), StringComparison.Ordinal);

        Directory.CreateDirectory(root["usr/share/postgresql/15/extension"]);
        File.WriteAllText(root["usr/share/postgresql/15/extension/vector.control"], "");
        Assert.True(installation.HasVector);
    }

    [Theory]
    [InlineData("permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock", "This user may not use the Docker engine. Add the user to the group 'docker'")]
    [InlineData("Error response from daemon: No such image: lettaps/postgres:17", "The Docker engine lacks the images of the tests. Run tests/images/build.")]
    [InlineData("Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?", "The Docker engine does not answer. Start it")]
    public void An_engine_that_cannot_be_used_is_named_with_the_way_out(string error, string reason) =>
        Assert.StartsWith(reason, DockerEngine.Explain(error), StringComparison.Ordinal);

    /// <summary>Caught by hand: xunit's assertions and recorders let a skip through, which would skip the test.</summary>
    private static string? ReasonOfSkip(Fixture fixture)
    {
        try
        {
            return fixture.Resource.ToString();
        }
        catch (SkipException e)
        {
            return e.Message;
        }
    }

    private sealed class Fixture(Func<Resource> start) : SharedFixture<Resource>
    {
        protected override Task<Resource> StartAsync() => Task.FromResult(start());
    }

    private sealed class Resource : IAsyncDisposable
    {
        public bool IsDisposed { get; private set; }

        public ValueTask DisposeAsync()
        {
            IsDisposed = true;
            return default;
        }
    }
}

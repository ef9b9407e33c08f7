using LettaPS.Core.Connections;
using LettaPS.Core.Databases.Hosts;
using LettaPS.Core.Servers;

namespace LettaPS.Core.Tests.Databases;

public sealed class ServerDatabaseFinderTests
{
    private readonly CancellationToken _cancel = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("the-key", "the-key")]
    [InlineData("", null)]
    [InlineData(null, null)]
    public async Task The_database_of_a_server_comes_with_the_key_that_the_server_has(string? variable, string? expected)
    {
        var environment = new Dictionary<string, string> { ["LETTA_PG_URI"] = "postgresql://letta:secret@db.example:5433/letta" };
        if (variable is not null)
        {
            // Compose files that pass on a variable which nobody has set leave it empty; Letta takes that for none.
            environment["LETTA_ENCRYPTION_KEY"] = variable;
        }

        using var engine = new ListedContainers(new ContainerFacts
        {
            Id = "letta-id",
            Name = "letta",
            Image = "letta/letta:0.16.2",
            State = ContainerState.Running,
            Environment = environment,
            Ports = [new ContainerPort(8283, "127.0.0.1", 8283)],
        });

        var found = await new ServerDatabaseFinder(engine).FindAsync(new Uri("http://127.0.0.1:8283"), _cancel);

        Assert.Equal(("db.example", 5433, expected), (found?.Address.Host, found?.Address.Port, found?.EncryptionKey));
    }

    [Fact]
    public async Task A_server_that_no_container_of_the_engine_is_has_no_database_there()
    {
        using var engine = new ListedContainers();

        Assert.Null(await new ServerDatabaseFinder(engine).FindAsync(new Uri("http://127.0.0.1:8283"), _cancel));
    }

    /// <summary>An engine of which only the list of containers may be asked.</summary>
    private sealed class ListedContainers(params ContainerFacts[] containers) : IContainerEngine
    {
        public Uri Endpoint => new("unix:///var/run/docker.sock");

        public Task<IReadOnlyList<ContainerFacts>> ListAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<ContainerFacts>>(containers);

        public Task<ContainerFacts> InspectAsync(string container, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IReadOnlyList<ContainerImage>> ListImagesAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<string> GetImageIdAsync(string image, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task StartAsync(string container, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task StopAsync(string container, TimeSpan grace, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IReadOnlyList<string>> ReadLogAsync(string container, int lines, DateTimeOffset? since, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<ProgramResult> RunProgramAsync(string container, ContainerProgram program, Stream? input, Stream? output, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IOpenTunnel> OpenTunnelAsync(string container, int port, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IOpenTunnel> OpenTunnelAsync(string container, string host, int port, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<ITemporaryContainer> RunTemporaryAsync(TemporaryContainerSpecification specification, CancellationToken cancellationToken) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}

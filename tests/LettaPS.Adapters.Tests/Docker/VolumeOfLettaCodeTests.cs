using LettaPS.Adapters.Postgres;
using LettaPS.Adapters.Tests.Postgres;
using LettaPS.Core.Connections;
using LettaPS.Core.Databases.Hosts;
using LettaPS.Core.Servers;
using LettaPS.Core.Sources;
using LettaPS.TestKit;
using Machine = LettaPS.TestKit.DockerEngine;

namespace LettaPS.Adapters.Tests.Docker;

/// <summary>A server with PostgreSQL in its own container that has become Letta Code, on an engine without any image of the V1 server.</summary>
public sealed class VolumeOfLettaCodeTests(DockerFixture docker) : IClassFixture<DockerFixture>
{
    private static readonly CancellationToken s_cancel = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Any_PostgreSQL_of_the_same_major_version_reads_the_agents_out_of_the_volume()
    {
        var letta = await StartAsync("any");
        using var engine = new ChosenImages(docker.Engine, Machine.PostgresImage);
        var address = await new ServerDatabaseFinder(engine).FindAsync(letta.Id, s_cancel);
        var before = await VolumeAsync(letta);

        await using (var source = new DatabaseAgentSource(new AgentDatabase(address, LettaConnection.OfDatabase(address))))
        {
            var agents = await Fleets.ListAsync(source);
            var files = new List<string>();
            foreach (var agent in agents)
            {
                files.Add((await Fleets.ExportAsync(source, agent.Id)).GetProperty("agents")[0].GetProperty("name").GetString()!);
            }

            Assert.Equal(["Agent 1", "Agent 2", "Agent 3"], files.Order(StringComparer.Ordinal));
        }

        Assert.Equal(before, await VolumeAsync(letta));
        Assert.DoesNotContain(await docker.Engine.ListAsync(s_cancel), c => c.Label(ServerDiscovery.TemporaryLabel) is not null && c.Mounts.Any(m => m.Source == letta.Mounts[0].Source));
    }

    [Fact]
    public async Task Without_any_PostgreSQL_the_error_names_the_images_that_would_do()
    {
        var letta = await StartAsync("none");
        using var engine = new ChosenImages(docker.Engine, Machine.LettaCodeImage);
        var address = await new ServerDatabaseFinder(engine).FindAsync(letta.Id, s_cancel);
        await using var source = new DatabaseAgentSource(new AgentDatabase(address, LettaConnection.OfDatabase(address)));

        var failure = await Assert.ThrowsAsync<LettaException>(() => Fleets.ListAsync(source));

        Assert.Equal("PostgresImageNotFound", failure.ErrorId);
        Assert.Contains("docker pull pgvector/pgvector:pg", failure.RecommendedAction, StringComparison.Ordinal);
    }

    /// <summary>Makes a volume with three agents of 0.16.2, and the container that <c>docker compose up</c> made of its server after the pull.</summary>
    private async Task<ContainerFacts> StartAsync(string role)
    {
        var (volume, database, letta) = ($"{docker.Machine.Prefix}-{role}", $"{role}-db", $"{docker.Machine.Prefix}-{role}-letta");
        database = await docker.Machine.RunPostgresAsync(database, "--env", "POSTGRES_DB=letta", "--volume", $"{volume}:/var/lib/postgresql/data");
        await Machine.SqlAsync(
            database,
            "letta",
            LettaFixtures.Script("alembic/0.16.2") + """
            INSERT INTO organizations (id, name, privileged_tools, is_deleted) VALUES ('org-00000000-0000-4000-8000-000000000000', 'default', false, false);
            INSERT INTO agents (id, name, is_deleted, organization_id, message_ids, message_buffer_autoclear)
                SELECT 'agent-0000000' || i || '-0000-4000-8000-000000000000', 'Agent ' || i, false, 'org-00000000-0000-4000-8000-000000000000', '[]', false FROM generate_series(1, 3) i;
            """);
        await Machine.DockerAsync("stop", database);
        await Machine.DockerAsync("rm", database);
        await Machine.DockerAsync("run", "--detach", "--name", letta, "--volume", $"{volume}:/var/lib/postgresql/data", "--env", "LETTA_SERVER_PASSWORD=", Machine.LettaCodeImage);
        Assert.Equal("64", await Machine.DockerAsync("wait", letta));
        return await docker.Engine.InspectAsync(letta, s_cancel);
    }

    /// <summary>The names of the files of the data: what the way out of the volume must not change.</summary>
    private static Task<string> VolumeAsync(ContainerFacts letta) => Machine.DockerAsync(
        "run", "--rm", "--volumes-from", letta.Id + ":ro", "--entrypoint", "sh", Machine.PostgresImage, "-c", "cd /var/lib/postgresql/data && cat PG_VERSION && find base -type f | sort");

    /// <summary>The real engine, as if it had one image only.</summary>
    private sealed class ChosenImages(IContainerEngine engine, string name) : IContainerEngine
    {
        public Uri Endpoint => engine.Endpoint;

        public async Task<IReadOnlyList<ContainerImage>> ListImagesAsync(CancellationToken cancellationToken) =>
            [.. (await engine.ListImagesAsync(cancellationToken)).Where(i => i.Names.Contains(name))];

        public Task<IReadOnlyList<ContainerFacts>> ListAsync(CancellationToken cancellationToken) => engine.ListAsync(cancellationToken);

        public Task<ContainerFacts> InspectAsync(string container, CancellationToken cancellationToken) => engine.InspectAsync(container, cancellationToken);

        public Task<string> GetImageIdAsync(string image, CancellationToken cancellationToken) => engine.GetImageIdAsync(image, cancellationToken);

        public Task StartAsync(string container, CancellationToken cancellationToken) => engine.StartAsync(container, cancellationToken);

        public Task StopAsync(string container, TimeSpan grace, CancellationToken cancellationToken) => engine.StopAsync(container, grace, cancellationToken);

        public Task<IReadOnlyList<string>> ReadLogAsync(string container, int lines, DateTimeOffset? since, CancellationToken cancellationToken) =>
            engine.ReadLogAsync(container, lines, since, cancellationToken);

        public Task<ProgramResult> RunProgramAsync(string container, ContainerProgram program, Stream? input, Stream? output, CancellationToken cancellationToken) =>
            engine.RunProgramAsync(container, program, input, output, cancellationToken);

        public Task<IOpenTunnel> OpenTunnelAsync(string container, int port, CancellationToken cancellationToken) => engine.OpenTunnelAsync(container, port, cancellationToken);

        public Task<IOpenTunnel> OpenTunnelAsync(string container, string host, int port, CancellationToken cancellationToken) =>
            engine.OpenTunnelAsync(container, host, port, cancellationToken);

        public Task<ITemporaryContainer> RunTemporaryAsync(TemporaryContainerSpecification specification, CancellationToken cancellationToken) =>
            engine.RunTemporaryAsync(specification, cancellationToken);

        public void Dispose()
        {
        }
    }
}

using LettaPS.Core.Servers;

namespace LettaPS.Core.Tests.Servers;

public class ServerDiscoveryTests
{
    private static readonly Uri s_engine = new("unix:///var/run/docker.sock");

    [Theory]
    [InlineData("letta/letta:0.16.2")]
    [InlineData("letta/letta")]
    [InlineData("docker.io/letta/letta@sha256:abc")]
    [InlineData("registry.local:5000/mirror/letta/letta:latest")]
    [InlineData("memgpt/letta:0.5")]
    public void A_container_of_Lettas_image_is_a_server(string image) => Assert.True(ServerDiscovery.IsServer(Container("x") with { Image = image }));

    [Fact]
    public void A_container_of_a_derived_image_is_a_server_by_what_it_inherits() =>
        Assert.True(ServerDiscovery.IsServer(Container("x") with { Image = "me/own", Environment = Variables(("LETTA_ENVIRONMENT", "DEV")) }));

    [Fact]
    public void A_container_that_runs_letta_server_is_one() =>
        Assert.True(ServerDiscovery.IsServer(Container("x") with { Image = "python:3.12", Command = ["/venv/bin/letta", "server", "--port", "8283"] }));

    [Theory]
    [InlineData("postgres:17")]
    [InlineData("me/letta-mcp")]
    [InlineData("lettabot/letta")]
    public void Neighbours_and_clients_are_no_servers(string image) => Assert.False(ServerDiscovery.IsServer(Container("x") with
    {
        Image = image,
        Environment = Variables(("LETTA_BASE_URL", "http://letta:8283"), ("LETTA_API_KEY", "k"), ("LETTA_PG_URI", "postgresql://a:b@c/d")),
    }));

    [Fact]
    public void Temporary_containers_are_no_servers()
    {
        var server = Server();

        Assert.False(ServerDiscovery.IsServer(server with { Labels = Variables((ServerDiscovery.TemporaryLabel, "1")) }));
        Assert.False(ServerDiscovery.IsServer(server with { Labels = Variables(("com.docker.compose.oneoff", "True")) }));
    }

    [Fact]
    public void A_compose_server_is_described_with_its_project_and_secrets_masked()
    {
        var server = Server(("LETTA_PG_URI", "postgresql://letta:s3cret@letta-postgres:5432/letta"), ("OPENAI_API_KEY", "sk-1"), ("LETTA_SERVER_PASSWORD", "pw"),
            ("LETTA_DEBUG", "True"), ("PATH", "/bin"), ("OLLAMA_BASE_URL", "http://me:hush@ollama:11434")) with
        {
            Labels = Variables(
                ("com.docker.compose.project", "thoth"),
                ("com.docker.compose.service", "letta"),
                ("com.docker.compose.project.config_files", "/srv/a.yml,/srv/b.yml")),
            ImageId = "sha256:1",
            RepositoryDigests = ["letta/letta@sha256:cafe"],
            Ports = [new ContainerPort(5432, null, null), new ContainerPort(8283, "0.0.0.0", 18283)],
        };

        var info = ServerDiscovery.Describe(server, [server, Postgres()], s_engine);

        Assert.Equal(("thoth", "letta", "0.16.2", "sha256:cafe"), (info.Project, info.Service, info.Tag, info.Digest));
        Assert.Equal(["/srv/a.yml", "/srv/b.yml"], info.ComposeFile);
        Assert.Equal(new Uri("http://localhost:18283"), info.BaseUri);
        Assert.Equal(
            [
                ("LETTA_DEBUG", "True"), ("LETTA_PG_URI", "postgresql://letta:****@letta-postgres:5432/letta"), ("LETTA_SERVER_PASSWORD", "****"),
                ("OLLAMA_BASE_URL", "http://me:****@ollama:11434"), ("OPENAI_API_KEY", "****"),
            ],
            info.Settings.Select(s => (s.Key, s.Value)));
        Assert.DoesNotContain("s3cret", info.ToString());
    }

    [Theory]
    [InlineData("letta-postgres")]
    [InlineData("thoth-letta-postgres-1")]
    [InlineData("db-host")]
    [InlineData("172.18.0.5")]
    public void The_database_is_found_in_another_container_by_any_name_it_has_there(string host)
    {
        var postgres = Postgres() with { Name = "thoth-letta-postgres-1", HostName = "db-host", Mounts = [new("volume", "pgdata", "/x", "/var/lib/postgresql/data")] };

        var database = ServerDiscovery.FindDatabase(Server(("LETTA_PG_URI", $"postgresql+asyncpg://u:p@{host}/agents")), [Container("other"), postgres]);

        Assert.Equal(
            (LettaDatabaseKind.Container, "thoth-letta-postgres-1", "agents", "u", 5432), (database.Kind, database.Container, database.Name, database.User, database.Port));
        Assert.Equal("pgdata", database.Volume?.Name);
        Assert.Null(database.Published);
    }

    [Fact]
    public void A_database_of_the_same_name_in_another_network_is_not_the_servers()
    {
        var stranger = Postgres() with { Networks = [new ContainerNetwork("elsewhere", ["letta-postgres"], "172.19.0.5")] };

        Assert.Equal(LettaDatabaseKind.External, ServerDiscovery.FindDatabase(Server(("LETTA_PG_URI", "postgresql://u:p@letta-postgres/letta")), [stranger]).Kind);
    }

    [Fact]
    public void A_database_that_is_reached_through_the_host_is_found_by_its_published_port()
    {
        var postgres = Postgres() with { Ports = [new ContainerPort(5432, "127.0.0.1", 5433)], Networks = [] };
        var server = Server(("LETTA_PG_URI", "postgresql://u:p@host.docker.internal:5433/letta"));

        var database = ServerDiscovery.FindDatabase(server, [postgres]);

        Assert.Equal((LettaDatabaseKind.Container, 5433), (database.Kind, database.Published?.HostPort));
        Assert.Equal(5432, ServerDiscovery.PortInside(postgres, ServerDiscovery.Address(server)));
    }

    [Fact]
    public void Without_an_address_the_image_runs_PostgreSQL_itself()
    {
        var server = Server(("POSTGRES_USER", "me"), ("POSTGRES_PASSWORD", "pw"), ("POSTGRES_DB", "mine"));

        var database = ServerDiscovery.FindDatabase(server, [server]);

        Assert.Equal((LettaDatabaseKind.Embedded, "mine", "me", server.Name), (database.Kind, database.Name, database.User, database.Container));
        Assert.Null(database.Volume);
    }

    /// <summary>The trap of issue letta#2618: with the image's start script, a host without LETTA_PG_URI is not read.</summary>
    [Fact]
    public void The_single_variables_count_only_where_the_start_script_does_not_run()
    {
        var server = Server(
            ("LETTA_PG_HOST", "letta-postgres"), ("LETTA_PG_PORT", "5432"), ("LETTA_PG_DB", "letta"), ("LETTA_PG_USER", "u"), ("LETTA_PG_PASSWORD", "p"));

        Assert.Equal(LettaDatabaseKind.Embedded, ServerDiscovery.FindDatabase(server, [server, Postgres()]).Kind);
        Assert.Equal(
            LettaDatabaseKind.Container, ServerDiscovery.FindDatabase(server with { Command = ["bash", "/init-schema.sh"] }, [server, Postgres()]).Kind);
    }

    [Theory]
    [InlineData("/var/lib/postgresql/data", null, true)]
    [InlineData("/var/lib/postgresql", null, true)]
    [InlineData("/var/lib/postgresql/dat", null, false)]
    [InlineData("/var/lib/postgresql/data", "/data/pg", false)]
    [InlineData("/data", "/data/pg", true)]
    public void The_data_is_on_a_volume_where_a_mount_holds_its_folder(string mounted, string? pgdata, bool expected)
    {
        var server = Server(("PGDATA", pgdata ?? string.Empty)) with { Mounts = [new ContainerMount("volume", "v", "/x", mounted)] };

        Assert.Equal(expected, ServerDiscovery.DataMount(server) is not null);
    }

    [Fact]
    public void A_server_in_the_hosts_network_is_at_the_hosts_own_port()
    {
        var server = Server(("PORT", "9000")) with { NetworkMode = "host" };

        Assert.Equal(new Uri("http://localhost:9000"), ServerDiscovery.BaseUri(server, s_engine));
        Assert.Equal(new Uri("http://docker.example:9000"), ServerDiscovery.BaseUri(server, new Uri("tcp://docker.example:2376")));
    }

    [Fact]
    public void Of_several_containers_with_one_alias_the_running_one_is_meant()
    {
        var address = DatabaseAddress.Parse("postgresql://letta:letta@db/letta");
        var server = Server() with { Networks = [new ContainerNetwork("net", [], "10.0.0.2")] };
        ContainerFacts Named(string name, ContainerState state) => Container(name) with { State = state, Networks = [new ContainerNetwork("net", ["db"], "")] };

        Assert.Equal("new", Found(Named("old", ContainerState.Exited), Named("new", ContainerState.Running)));
        Assert.Equal("new", Found(Named("new", ContainerState.Restarting), Named("old", ContainerState.Created)));
        Assert.Equal("only", Found(Named("only", ContainerState.Exited)));
        Assert.Equal("real", Found(Named("ours", ContainerState.Running) with { Labels = Variables((ServerDiscovery.TemporaryLabel, "1")) }, Named("real", ContainerState.Running)));
        foreach (var state in new[] { ContainerState.Running, ContainerState.Exited })
        {
            var e = Assert.Throws<LettaException>(() => Found(Named("b", state), Named("a", state)));
            Assert.Equal("DatabaseContainerAmbiguous", e.ErrorId);
            Assert.Contains("'a', 'b'", e.Message, StringComparison.Ordinal);
        }

        // A list of servers is none that has to be refused.
        Assert.Equal("letta at db:5432", ServerDiscovery.FindDatabase(
            server with { Environment = Variables(("LETTA_PG_URI", "postgresql://letta:letta@db/letta")) },
            [Named("b", ContainerState.Running), Named("a", ContainerState.Running)]).ToString());

        string? Found(params ContainerFacts[] all) => ServerDiscovery.FindDatabaseContainer(server, all, address)?.Name;
    }

    [Theory]
    [InlineData("db.internal", true)]
    [InlineData("DB.internal", true)]
    [InlineData("host.docker.internal", true)]
    [InlineData("host.containers.internal", true)]
    [InlineData("db.example", false)]
    [InlineData("172.17.0.1", false)]
    public void A_host_that_only_the_container_knows_is_told_from_others(string host, bool expected) => Assert.Equal(
        expected, ServerDiscovery.IsKnownToServerOnly(Server() with { ExtraHosts = ["db.internal:10.0.0.5"] }, DatabaseAddress.Parse($"postgresql://letta@{host}/letta")));

    private static ContainerFacts Container(string name) => new() { Id = name + "-id", Name = name, Image = "busybox" };

    private static ContainerFacts Server(params (string Name, string Value)[] variables) => Container("letta") with
    {
        Image = "letta/letta:0.16.2",
        Command = ["/usr/local/bin/docker-entrypoint.sh", "./letta/server/startup.sh"],
        Environment = Variables(variables),
        Networks = [new ContainerNetwork("thoth_default", ["letta"], "172.18.0.4")],
    };

    private static ContainerFacts Postgres() => Container("postgres") with
    {
        Environment = Variables(("PGDATA", "/var/lib/postgresql/data")),
        Networks = [new ContainerNetwork("thoth_default", ["letta-postgres"], "172.18.0.5")],
    };

    private static Dictionary<string, string> Variables(params (string Name, string Value)[] variables) => variables.ToDictionary(v => v.Name, v => v.Value);
}

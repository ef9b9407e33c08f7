using LettaPS.Core.Compose.Rules;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Compose;

public sealed class ComposeAuditTests : IDisposable
{
    /// <summary>A compose file in which nothing is wrong.</summary>
    private const string Sound = """
        services:
          db:
            image: pgvector/pgvector:0.8.1-pg15
            environment:
              POSTGRES_PASSWORD: ${DB_PASSWORD}
            volumes:
              - data:/var/lib/postgresql/data
          letta:
            image: letta/letta:0.16.8
            depends_on: [db]
            environment:
              LETTA_PG_URI: postgresql://letta:${DB_PASSWORD}@db:5432/letta
              SECURE: "true"
              LETTA_SERVER_PASSWORD: ${LETTA_PASSWORD}
            ports:
              - 8283:8283
            restart: on-failure:3
          client:
            image: client:1
            environment:
              LETTA_BASE_URL: http://letta:8283
        volumes:
          data:
        """;

    private readonly TempFolder _folder = new();

    public ComposeAuditTests() => File.WriteAllText(_folder[".env"], "DB_PASSWORD=a\nLETTA_PASSWORD=b\n");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Nothing_is_found_where_nothing_is_wrong() => Assert.Empty(Examine(Sound));

    [Fact]
    public void A_file_without_Letta_is_none_of_our_business() => Assert.Empty(Examine("services:\n  db:\n    image: postgres\n    ports: ['5432:5432']\n"));

    [Theory]
    [InlineData("letta/letta:0.16.8", "letta/letta:latest", "FloatingImage", 9)]
    [InlineData("letta/letta:0.16.8", "letta/letta", "FloatingImage", 9)]
    [InlineData("letta/letta:0.16.8", "letta/letta:${NONE:-nightly}", "FloatingImage", 9)]
    [InlineData("pgvector:0.8.1-pg15", "pgvector", "FloatingDatabaseImage", 3)]
    [InlineData("pgvector/pgvector:0.8.1-pg15", "postgres:15", "PgvectorMissing", 3)]
    [InlineData("depends_on: [db]", "command: letta server", "StartScriptBypassed", 10)]
    [InlineData("depends_on: [db]", "command: [\"bash\", \"-c\", \"letta server --host 0.0.0.0\"]", "StartScriptBypassed", 10)]
    [InlineData("depends_on: [db]", "entrypoint: /bin/start", "StartScriptBypassed", 10)]
    [InlineData("LETTA_PG_URI: postgresql://letta:${DB_PASSWORD}@db:5432/letta", "X: y", "TwoDatabases", 9)]
    [InlineData("LETTA_PG_URI: postgresql://letta:${DB_PASSWORD}@db:5432/letta", "LETTA_PG_URI: ${NONE}", "TwoDatabases", 12)]
    [InlineData("LETTA_PG_URI: postgresql://letta:${DB_PASSWORD}@db:5432/letta", "LETTA_PG_HOST: db", "TwoDatabases", 9)]
    [InlineData("      - data:/var/lib/postgresql/data", "      - other:/backup", "DatabaseNotKept", 3)]
    [InlineData("data:/var/lib/postgresql/data", "data:/var/lib/postgresql", "DatabaseNotKept", 7)]
    [InlineData("data:/var/lib/postgresql/data", "data:/var/lib/postgres/data", "DatabaseNotKept", 7)]
    [InlineData("data:/var/lib/postgresql/data", "/var/lib/postgresql/data", "DatabaseNotKept", 7)]
    [InlineData("data:/var/lib/postgresql/data", "{type: tmpfs, target: /var/lib/postgresql/data}", "DatabaseNotKept", 7)]
    [InlineData("pgvector:0.8.1-pg15", "pgvector:0.8.1-pg18", "DatabaseNotKept", 7)]
    [InlineData("SECURE: \"true\"", "SECURE: \"yes\"", "NoPassword", 16)]
    [InlineData("LETTA_SERVER_PASSWORD: ${LETTA_PASSWORD}", "X: y", "PasswordChanges", 16)]
    [InlineData("LETTA_SERVER_PASSWORD: ${LETTA_PASSWORD}", "LETTA_SERVER_PASSWORD: hunter2", "SecretInFile", 14)]
    [InlineData("LETTA_SERVER_PASSWORD: ${LETTA_PASSWORD}", "LETTA_SERVER_PASSWORD: ${LETTA_PASSWORD:-hunter2}", "SecretInFile", 14)]
    [InlineData("letta:${DB_PASSWORD}@db", "letta:hunter2@db", "SecretInFile", 12)]
    [InlineData("8283:8283", "8284:8284", "PortMismatch", 16)]
    [InlineData("8283:8283", "{target: 8000, published: 8283}", "PortMismatch", 16)]
    [InlineData("http://letta:8283", "http://letta:8284", "PortMismatch", 21)]
    [InlineData("http://letta:8283", "http://localhost:8283", "PortMismatch", 21)]
    [InlineData("restart: on-failure:3", "restart: unless-stopped", "RestartLoop", 17)]
    [InlineData("restart: on-failure:3", "restart: always", "RestartLoop", 17)]
    [InlineData("letta/letta:0.16.8", "letta/letta:0.32.19", "LettaCodeImage", 9)]
    [InlineData("letta/letta:0.16.8", "letta/letta:0.11.2", "OutdatedImage", 9)]
    [InlineData("letta/letta:0.16.8", "letta/letta:v0.16.8", "UnknownImageTag", 9)]
    [InlineData("letta/letta:0.16.8", "letta/letta:0.11.5", "MislabelledImage", 9)]
    [InlineData("letta/letta:0.16.8", "${NONE}", "VariableNotSet", 9)]
    [InlineData("letta/letta:0.16.8", "letta/letta:${NONE}", "VariableNotSet", 9)]
    [InlineData("letta/letta:0.16.8", "letta/letta:${NONE:?}", "VariableNotSet", 9)]
    [InlineData("data:/var/lib/postgresql/data", "${NONE}:/var/lib/postgresql/data", "VariableNotSet", 7)]
    [InlineData("data:/var/lib/postgresql/data", "${NONE:?}:/var/lib/postgresql/data", "VariableNotSet", 7)]
    [InlineData("@db:5432/letta", "@localhost:5432/letta", "DatabaseUriLocalhost", 12)]
    [InlineData("@db:5432/letta", "@127.0.0.1/letta", "DatabaseUriLocalhost", 12)]
    [InlineData("@db:5432/letta", "@db:5433/letta", "DatabaseUriPort", 12)]
    [InlineData("@db:5432/letta", "@database:5432/letta", "DatabaseHostUnknown", 12)]
    [InlineData("postgresql://letta:", "postgres://letta:", "DatabaseUriScheme", 12)]
    [InlineData("@db:5432/letta", "@db:5432/letta?sslmode=require", "DatabaseUriSsl", 12)]
    [InlineData("@db:5432/letta", "@db:5432/letta?ssl=require", "DatabaseUriSsl", 12)]
    [InlineData("depends_on: [db]", "networks: [other]", "DatabaseOnOtherNetwork", 12)]
    [InlineData("SECURE: \"true\"", "LETTA_DISABLE_SQLALCHEMY_POOLING: \"false\"", "PoolingDemandsTls", 13)]
    [InlineData("depends_on: [db]", "command: sh -c '# alembic upgrade head'", "StartScriptBypassed", 10)]
    [InlineData("depends_on: [db]", "command: sh -c 'echo alembic upgrade head; letta server'", "StartScriptBypassed", 10)]
    [InlineData("depends_on: [db]", "command: sh -c 'alembic current; letta server'", "StartScriptBypassed", 10)]
    [InlineData("depends_on: [db]", "command: sh -c 'exec letta server; alembic upgrade head'", "StartScriptBypassed", 10)]
    [InlineData("restart: on-failure:3", "labels: [\"traefik.http.services.l.loadbalancer.server.port=8284\"]", "PortMismatch", 17)]
    public void One_thing_that_is_wrong_is_found_where_it_stands(string right, string wrong, string rule, int line)
    {
        Assert.Contains(right, Sound, StringComparison.Ordinal);

        var finding = Assert.Single(Examine(Sound.Replace(right, wrong, StringComparison.Ordinal)), f => f.Rule == rule);

        Assert.Equal((_folder["compose.yml"], line), (finding.Path, finding.Line));
        Assert.NotEmpty(finding.Recommendation);
        Assert.DoesNotContain("hunter2", finding.Message + finding.Recommendation, StringComparison.Ordinal);
        Assert.DoesNotContain(":latest", finding.Recommendation, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("depends_on: [db]", "command: ./letta/server/startup.sh")]
    [InlineData("depends_on: [db]", "command: [sh, -c, 'sleep 5; exec ./letta/server/startup.sh']")]
    [InlineData("depends_on: [db]", "command: sh -c 'alembic upgrade head && letta server --secure'")]
    [InlineData("depends_on: [db]", "command: sh -c 'cd /app && python -m alembic upgrade head && exec letta server --secure'")]
    [InlineData("letta/letta:0.16.8", "letta/letta:${NONE:-0.16.8}")]
    [InlineData("letta/letta:0.16.8", "letta/letta:0.16.3")]
    [InlineData("pgvector/pgvector:0.8.1-pg15", "supabase/postgres:15.8.1.060")]
    [InlineData("pgvector/pgvector:0.8.1-pg15", "ghcr.io/cloudnative-pg/postgresql:16")]
    [InlineData("pgvector/pgvector:0.8.1-pg15", "ghcr.io/immich-app/postgres:14-vectorchord0.3.0-pgvectors0.2.0")]
    [InlineData("pgvector/pgvector:0.8.1-pg15", "registry.example.net/team/postgres:15-pgvector")]
    [InlineData("data:/var/lib/postgresql/data", "{type: volume, source: data, target: /var/lib/postgresql/data}")]
    [InlineData("data:/var/lib/postgresql/data", "./pgdata:/var/lib/postgresql/data:z")]
    [InlineData("8283:8283", "127.0.0.1:8283:8283")]
    [InlineData("8283:8283", "\"[::1]:8283:8283/tcp\"")]
    [InlineData("8283:8283", "9000:8283")]
    [InlineData("SECURE: \"true\"", "LETTA_SERVER_SECURE: \"true\"")]
    [InlineData("LETTA_BASE_URL: http://letta:8283", "IMAGE: letta/letta:0.16.2")]
    [InlineData("restart: on-failure:3", "restart: \"no\"")]
    [InlineData("restart: on-failure:3", "{a: b}: c")]
    public void What_is_right_in_another_way_is_not_complained_of(string usual, string other)
    {
        var text = Sound.Replace(usual, other, StringComparison.Ordinal);

        Assert.NotEqual(Sound, text);
        Assert.Empty(Examine(text));
    }

    [Fact]
    public void Without_a_password_it_does_not_matter_who_else_is_on_this_machine() =>
        Assert.Empty(Examine(Sound.Replace("SECURE: \"true\"", "X: y", StringComparison.Ordinal).Replace("- 8283:8283", "- 127.0.0.1:8283:8283", StringComparison.Ordinal)));

    [Theory]
    [InlineData("POSTGRES_HOST_AUTH_METHOD: trust", "5432:5432", true)]
    [InlineData("POSTGRES_PASSWORD: letta", "5432:5432", true)]
    [InlineData("POSTGRES_PASSWORD: ${DB_PASSWORD}", "5432:5432", false)]
    [InlineData("POSTGRES_PASSWORD: letta", "127.0.0.1:5432:5432", false)]
    public void A_database_that_anybody_can_open_is_found_where_it_is_published(string password, string port, bool expected)
    {
        var text = Sound.Replace("POSTGRES_PASSWORD: ${DB_PASSWORD}", password + $"\n    ports: ['{port}']", StringComparison.Ordinal);

        Assert.Equal(expected ? [("DatabaseOpen", 6)] : [], Examine(text).Select(f => (f.Rule, f.Line)));
    }

    [Fact]
    public void The_embedded_database_needs_a_volume_too()
    {
        var findings = Examine("services:\n  letta:\n    image: letta/letta:0.16.8\n    ports: ['127.0.0.1:8283:8283']\n    volumes: ['~/.letta:/root/.letta']\n");

        Assert.Equal(("DatabaseNotKept", 3), Assert.Single(findings.Select(f => (f.Rule, f.Line))));
        Assert.Empty(Examine("services:\n  letta:\n    image: letta/letta:0.16.8\n    ports: ['127.0.0.1:8283:8283']\n    volumes: ['~/.letta/.persist/pgdata:/var/lib/postgresql/data']\n"));
    }

    [Fact]
    public void The_embedded_database_is_open_to_all_where_its_port_is_published()
    {
        var findings = Examine("services:\n  letta:\n    image: letta/letta:0.16.8\n    ports: ['5432:5432']\n    volumes: ['data:/var/lib/postgresql/data']\nvolumes:\n  data:\n");

        Assert.Equal(("DatabaseOpen", LettaComposeSeverity.Error), Assert.Single(findings.Select(f => (f.Rule, f.Severity))));
    }

    [Theory]
    [InlineData("pgvector/pgvector:0.8.1-pg18", "/var/lib/postgresql", null)]
    [InlineData("postgres:18-alpine", "/var/lib/postgresql/18/docker", null)]
    [InlineData("bitnami/postgresql:15", "/bitnami/postgresql", null)]
    [InlineData("pgvector/pgvector:pg15", "/var/lib/postgresql/data", "/var/lib/postgresql/data/pgdata")]
    [InlineData("pgvector/pgvector:pg15", "/srv", "/srv/pg")]
    public void Every_image_has_its_own_place_for_the_data(string image, string target, string? pgdata)
    {
        var text = Sound.Replace("pgvector/pgvector:0.8.1-pg15", image, StringComparison.Ordinal).Replace("data:/var/lib/postgresql/data", "data:" + target, StringComparison.Ordinal);

        Assert.DoesNotContain(
            Examine(pgdata is null ? text : text.Replace("POSTGRES_PASSWORD: ${DB_PASSWORD}", "PGDATA: " + pgdata, StringComparison.Ordinal)),
            f => f.Rule == "DatabaseNotKept");
    }

    [Fact]
    public void A_script_that_is_mounted_is_read_for_what_it_does_instead()
    {
        File.WriteAllText(_folder["init.sh"], "python -c 'Base.metadata.create_all(engine)'\nexec letta server --secure\n");
        var text = Sound.Replace("depends_on: [db]", "command: [bash, /init.sh]\n    volumes: ['./init.sh:/init.sh:ro']", StringComparison.Ordinal);

        Assert.Contains("create_all", Assert.Single(Examine(text)).Message, StringComparison.Ordinal);

        File.WriteAllText(_folder["init.sh"], "exec ./letta/server/startup.sh\n");
        Assert.Empty(Examine(text));
    }

    [Fact]
    public void A_proxy_that_forwards_to_the_wrong_port_is_found_in_its_own_configuration()
    {
        File.WriteAllText(_folder["nginx.conf"], "# server letta:8284\nupstream l {\n  server letta:8284; # no\n}\n");

        var finding = Assert.Single(Examine(WithProxy("./nginx.conf:/etc/nginx/nginx.conf:ro")));

        Assert.Equal(("PortMismatch", _folder["nginx.conf"], 3), (finding.Rule, finding.Path, finding.Line));
    }

    [Fact]
    public void Two_ways_to_the_API_are_told_as_on_the_night_of_the_seed()
    {
        Directory.CreateDirectory(_folder["conf.d"]);
        File.WriteAllText(_folder["conf.d/letta.conf"], "proxy_pass http://letta:8283/;\n");

        var finding = Assert.Single(Examine(WithProxy("./conf.d:/etc/nginx/conf.d:ro")));

        Assert.Equal(("TwoWaysIn", LettaComposeSeverity.Information), (finding.Rule, finding.Severity));
        Assert.Contains("8283", finding.Message, StringComparison.Ordinal);
        Assert.Contains("8284", finding.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_proxy_configuration_that_is_no_text_is_passed_over()
    {
        File.WriteAllBytes(_folder["geo.conf"], [0, 1, 2, 255]);

        Assert.Empty(Examine(WithProxy("./geo.conf:/etc/nginx/geo.conf")));
    }

    [Fact]
    public void Files_are_read_as_compose_puts_them_together()
    {
        File.WriteAllText(_folder["base.yml"], "services:\n  base:\n    image: letta/letta:latest\n    restart: always\n    environment: {SECURE: 'true', LETTA_SERVER_PASSWORD: 'letta'}\n");
        File.WriteAllText(_folder["letta.env"], "LETTA_PG_URI=postgresql://letta:${DB_PASSWORD}@db/letta\n");
        File.WriteAllText(_folder["compose.yml"], """
            services:
              db:
                image: pgvector/pgvector:pg15
                volumes: ["data:/var/lib/postgresql/data"]
              letta:
                extends: {file: base.yml, service: base}
                depends_on: {db: {condition: service_started}}
                env_file: letta.env
                ports: ["8284:8284"]
            volumes: {data: }
            """);
        File.WriteAllText(_folder["compose.override.yml"], "services:\n  letta:\n    image: letta/letta:0.16.8\n    restart: !reset null\n    ports: !override ['8283:8283']\n");
        var world = new ComposeWorld(_folder.Path);

        Assert.Equal(["FloatingImage", "RestartLoop", "PortMismatch"], ComposeAudit.Examine(world.Project("compose.yml"), world.Reader).Select(f => f.Rule));
        Assert.Empty(ComposeAudit.Examine(world.Project("compose.yml").WithDefaultOverride, world.Reader));
    }

    private static string WithProxy(string mount) => Sound.Replace(
        "  client:\n", $"  proxy:\n    image: nginx:1.27-alpine\n    volumes: ['{mount}']\n    ports: ['8284:8284']\n  client:\n", StringComparison.Ordinal);

    private IReadOnlyList<LettaComposeFinding> Examine(string text)
    {
        File.WriteAllText(_folder["compose.yml"], text);
        var world = new ComposeWorld(_folder.Path);
        return ComposeAudit.Examine(world.Project("compose.yml"), world.Reader);
    }
}

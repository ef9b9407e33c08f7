namespace LettaPS.TestKit;

/// <summary>
/// A compose project as the field has it: Letta, PostgreSQL with a second database that is none of Letta's business, and a neighbour. Gone afterwards.
/// </summary>
public sealed class LettaProject : IAsyncDisposable
{
    private readonly DockerEngine _engine;
    private readonly TempFolder _folder = new();

    private readonly string _repository;

    private LettaProject(DockerEngine engine, string repository) => (_engine, _repository) = (engine, repository);

    /// <summary>The engine.</summary>
    public DockerEngine Engine => _engine;

    /// <summary>Name of the project.</summary>
    public string Name => _engine.Prefix;

    /// <summary>The compose file.</summary>
    public string ComposeFile => _folder["docker-compose.letta.yml"];

    /// <summary>The env file, if the project has one.</summary>
    public string? EnvFile { get; private set; }

    /// <summary>Container of Letta.</summary>
    public string Letta => Name + "-letta-1";

    /// <summary>Container of PostgreSQL.</summary>
    public string Postgres => Name + "-letta-postgres-1";

    /// <summary>Container of the neighbour.</summary>
    public string Neighbour => Name + "-neighbour-1";

    /// <summary>Brings the project up and waits until PostgreSQL takes connections.</summary>
    /// <param name="release">The release of Letta.</param>
    /// <param name="password">The database password that Letta is told; the right one where not given.</param>
    /// <param name="layout">What is run in Letta's database before Letta starts: as the official images lay it out where not given.</param>
    /// <param name="lettaEnvironment">Further lines of Letta's environment.</param>
    /// <param name="command">What Letta's container runs instead of its start script, as a YAML list.</param>
    /// <param name="envFile">A file, relative to the project's folder, that has the release and a variable of Letta. It is given with <c>--env-file</c> unless it is <c>.env</c>.</param>
    /// <param name="images">Where the images of Letta come from; those that stand in for all tests where not given.</param>
    public static async Task<LettaProject> StartAsync(
        string release = "0.16.2", string password = "letta", string? layout = null, string lettaEnvironment = "", string? command = null, string images = "letta/letta",
        string? envFile = null)
    {
        await Needs.ComposeAsync();
        var project = new LettaProject(await DockerEngine.OpenAsync(), images);
        project.EnvFile = envFile is null ? null : project._folder[envFile];
        try
        {
            await project.WriteAsync(release, password, lettaEnvironment, command);
            await project.ComposeAsync("up", "--detach", "letta-postgres", "neighbour");
            await DockerEngine.WaitForPostgresAsync(project.Postgres);
            await DockerEngine.SqlAsync(project.Postgres, "letta", layout ?? OfficialLayout);
            await DockerEngine.SqlAsync(project.Postgres, "postgres", "CREATE DATABASE thoth");
            await DockerEngine.SqlAsync(project.Postgres, "thoth", "CREATE TABLE papers (title text); INSERT INTO papers VALUES ('On Letters')");
            await project.ComposeAsync("up", "--detach", "letta");
            return project;
        }
        catch
        {
            await project.DisposeAsync();
            throw;
        }
    }

    /// <summary>The layout of the official images: everything in a schema of the database's name, and no public.</summary>
    public const string OfficialLayout =
        "CREATE SCHEMA letta; ALTER DATABASE letta SET search_path TO letta; CREATE EXTENSION vector WITH SCHEMA letta; DROP SCHEMA public";

    /// <summary>The layout of a database made by hand: the extension in public.</summary>
    public const string PublicLayout = "CREATE EXTENSION vector";

    /// <summary>Runs docker-compose on the project.</summary>
    public async Task ComposeAsync(params IEnumerable<string> arguments)
    {
        var (exitCode, output, error) = await DockerEngine.RunAsync("docker-compose", ["--project-name", Name, "--file", ComposeFile, .. EnvFile is null || Path.GetFileName(EnvFile) == ".env" ? Array.Empty<string>() : ["--env-file", EnvFile], .. arguments]);
        if (exitCode != 0)
        {
            throw new InvalidOperationException($"docker-compose {string.Join(' ', arguments)}: {error}{output}");
        }
    }

    /// <summary>Writes the compose file anew, as somebody does who moves to another release.</summary>
    public async Task WriteAsync(string release, string password = "letta", string lettaEnvironment = "", string? command = null)
    {
        if (EnvFile is not null)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(EnvFile)!);
            await File.WriteAllTextAsync(EnvFile, $"# of this project\nLETTA_VERSION={release}\nLETTA_OF_ENV_FILE='from the env file'\n");
            release = "${LETTA_VERSION}";
            lettaEnvironment += "\nLETTA_OF_ENV_FILE: \"${LETTA_OF_ENV_FILE}\"";
        }

        await File.WriteAllTextAsync(
        ComposeFile,
        $"""
        services:
          letta:
            image: {_repository}:{release}
            pull_policy: never
            restart: unless-stopped
            {(command is null ? "" : "command: " + command)}
            ports:
              - "127.0.0.1::8283"
            environment:
              LETTA_PG_URI: postgresql://letta:{password}@letta-postgres:5432/letta
              OPENAI_API_KEY: sk-secret
        {string.Concat(lettaEnvironment.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => $"      {line}\n"))}
          letta-postgres:
            image: {DockerEngine.PostgresImage}
            pull_policy: never
            environment:
              POSTGRES_USER: letta
              POSTGRES_PASSWORD: letta
              POSTGRES_DB: letta
            volumes:
              - pgdata:/var/lib/postgresql/data
          neighbour:
            image: {DockerEngine.PostgresImage}
            pull_policy: never
            command: ["sleep", "infinity"]
        volumes:
          pgdata: 
        """);
    }

    /// <summary>Asks Letta's database, or another of the cluster.</summary>
    public Task<string> SqlAsync(string sql, string database = "letta") => DockerEngine.SqlAsync(Postgres, database, sql);

    /// <summary>Puts agents with messages, blocks and vectors into Letta's database, once Letta has made its tables.</summary>
    public Task FillAsync(int agents) => FillAsync(Postgres, agents);

    /// <summary>The same, in whatever container the database is.</summary>
    public static async Task FillAsync(string container, int agents)
    {
        await DockerEngine.DockerAsync(
            "exec", container, "bash", "-c", "for i in $(seq 600); do [ -n \"$(psql -XAtU letta -c \"SELECT to_regclass('alembic_version')\" 2>&1 | grep alembic)\" ] && exit 0; sleep 0.1; done; exit 1");
        await DockerEngine.SqlAsync(
            container,
            "letta",
            $"""
            TRUNCATE organizations, block CASCADE;
            INSERT INTO organizations VALUES ('org-1', 'default');
            INSERT INTO agents SELECT 'agent-' || i, 'Agent ' || i, 'org-1', now() FROM generate_series(1, {agents}) i;
            INSERT INTO block SELECT 'block-' || i, 'human', repeat('x', 1000) FROM generate_series(1, {agents}) i;
            INSERT INTO blocks_agents SELECT 'agent-' || i, 'block-' || i FROM generate_series(1, {agents}) i;
            ALTER SEQUENCE message_seq_id RESTART;
            INSERT INTO messages (id, agent_id, content) SELECT 'message-' || i || '-' || m, 'agent-' || i, json_build_object('text', md5(m::text))
                FROM generate_series(1, {agents}) i, generate_series(1, 100) m;
            DELETE FROM archival_passages;
            INSERT INTO archival_passages SELECT 'passage-' || i, 'p', '[1,2,3,4,5,6,7,8]' FROM generate_series(1, {agents}) i
            """);
    }

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        _folder.Dispose();
    }
}

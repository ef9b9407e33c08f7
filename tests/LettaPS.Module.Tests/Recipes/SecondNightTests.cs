using System.Management.Automation;
using LettaPS.Hosting;
using LettaPS.Module.Tests.Docker;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests.Recipes;

/// <summary>The night on which <c>latest</c> became another product, replayed by what docs/second-night.md says: from the failing container to the listed agents.</summary>
[Collection(DockerCollection.Name)]
public sealed class SecondNightTests : IClassFixture<SchemaImages>
{
    private readonly SchemaImages _images;

    public SecondNightTests(SchemaImages images) => _images = images;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task One_command_brings_the_server_and_its_agents_back(bool embedded)
    {
        await using var night = await Night.StartAsync(_images, embedded);
        await night.PullLatestAsync();
        using var shell = new Shell();

        // What the page says about recognising it.
        var server = Assert.Single(shell.Run("Get-LettaServer $args[0]", night.Letta).Succeed());
        Assert.Equal("LettaCode", server.Get<object>("Product").ToString());
        var checks = shell.Run("Get-LettaServer $args[0] | Test-LettaHealth", night.Letta).Succeed();
        var failed = Assert.Single(checks, c => c.Get<object>("Status").ToString() == "Failed");
        Assert.Equal(("Container", "Product"), (failed.Get<object>("Layer").ToString(), failed.Get<string>("Name")));
        Assert.Equal("Product", checks[0].Get<string>("Name"));
        Assert.Contains("Repair-Letta.ps1", failed.Get<string>("Recommendation"), StringComparison.Ordinal);

        // The plan changes nothing.
        shell.RunRecipe("Repair-Letta", "-BackupPath $args[0] -Name $args[1] -WhatIf", night.Backup, night.Letta).Succeed();
        Assert.Contains(":latest", await File.ReadAllTextAsync(night.ComposeFile), StringComparison.Ordinal);
        Assert.False(Directory.Exists(night.Backup));

        // The way back.
        var result = Assert.Single(shell.RunRecipe("Repair-Letta", "-BackupPath $args[0] -Name $args[1]", night.Backup, night.Letta).Succeed());

        Assert.Equal("0.16.2", result.Get<object>("Version").ToString());
        Assert.Equal("27de0f58e076", result.Get<string>("Revision"));
        Assert.True(File.Exists(result.Get<string>("Dump")));
        Assert.Equal(night.Text.Replace(":latest", ":0.16.2", StringComparison.Ordinal), await File.ReadAllTextAsync(night.ComposeFile));
        Assert.Equal("V1", Assert.Single(shell.Run("Get-LettaServer $args[0]", night.Letta).Succeed()).Get<object>("Product").ToString());
        Assert.Equal("3", await night.CountAgentsAsync());
    }

    [Fact]
    public async Task The_agents_come_out_of_the_volume_although_no_image_of_the_server_is_there()
    {
        await using var night = await Night.StartAsync(_images, embedded: true);
        await night.PullLatestAsync();
        using var shell = new Shell();
        using var folder = new TempFolder();

        var exported = shell.Run(
            """
            $server = Get-LettaServer $args[0]
            $env:LETTA_BASE_URL = $server.BaseUri
            try { Export-LettaAgent -Path $args[1] -Source Database } finally { $env:LETTA_BASE_URL = $null }
            """,
            night.Letta,
            folder["out"]).Succeed();

        Assert.Equal(3, exported.Count);
        Assert.Equal(string.Empty, await DockerEngine.DockerAsync("ps", "--quiet", "--filter", "label=lettaps.temporary", "--filter", $"volume={night.Volume}"));
    }

    [Fact]
    public async Task The_script_exports_the_agents_if_the_image_of_the_release_cannot_be_pulled()
    {
        await using var night = await Night.StartAsync(_images, embedded: true);
        await night.PullLatestAsync();
        var (image, kept) = ($"{_images.Repository}:0.16.2", $"{_images.Repository}-kept:0.16.2");
        await DockerEngine.DockerAsync("tag", image, kept);
        await DockerEngine.DockerAsync("rmi", image);
        using var shell = new Shell();
        try
        {
            var error = Assert.Throws<RuntimeException>(() => shell.RunRecipe("Repair-Letta", "-BackupPath $args[0] -Name $args[1]", night.Backup, night.Letta));

            Assert.Contains($"The image '{image}' cannot be pulled", error.Message, StringComparison.Ordinal);
            Assert.Contains($"The 3 agents are exported to '{night.Backup}'", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            await DockerEngine.DockerAsync("tag", kept, image);
            await DockerEngine.DockerAsync("rmi", kept);
        }

        var backups = shell.Run("Get-LettaBackup $args[0]", night.Backup).Succeed().ToDictionary(b => b.Get<object>("Kind").ToString()!);
        Assert.Equal((3, true), (backups["Agents"].Get<int>("AgentCount"), backups["Agents"].Get<bool>("IsComplete")));
        Assert.True(backups["Database"].Get<bool>("IsComplete"));
    }

    /// <summary>A server of 0.16.2 with three agents, in a compose project whose file says <c>latest</c>.</summary>
    private sealed class Night : IAsyncDisposable
    {
        private readonly DockerEngine _engine;
        private readonly TempFolder _folder = new();
        private readonly string _repository;
        private readonly bool _embedded;

        private Night(DockerEngine engine, string repository, bool embedded) => (_engine, _repository, _embedded) = (engine, repository, embedded);

        public string ComposeFile => _folder["compose.yaml"];

        public string Backup => _folder["backup"];

        public string Letta => _engine.Prefix + "-letta-1";

        public string Volume => _engine.Prefix + "_pgdata";

        public string Text { get; private set; } = string.Empty;

        private string Database => _embedded ? Letta : _engine.Prefix + "-db-1";

        public static async Task<Night> StartAsync(SchemaImages images, bool embedded)
        {
            var night = new Night(await DockerEngine.OpenAsync(), images.Repository, embedded);
            try
            {
                await night.BeginAsync();
                return night;
            }
            catch
            {
                await night.DisposeAsync();
                throw;
            }
        }

        /// <summary>What 'docker compose pull' and 'docker compose up' did that night.</summary>
        public async Task PullLatestAsync()
        {
            await DockerEngine.DockerAsync("tag", DockerEngine.LettaCodeImage, $"{_repository}:latest");
            await ComposeAsync("up", "--detach", "--no-deps", "letta");
            for (var i = 0; i < 100 && await DockerEngine.DockerAsync("inspect", "--format", "{{.State.ExitCode}}", Letta) != "64"; i++)
            {
                await Task.Delay(100);
            }
        }

        public Task<string> CountAgentsAsync() => DockerEngine.SqlAsync(Database, "letta", "SELECT count(*) FROM agents");

        public async ValueTask DisposeAsync()
        {
            await _engine.DisposeAsync();
            await DockerEngine.RunAsync("docker", ["rmi", $"{_repository}:latest"]);
            _folder.Dispose();
        }

        private async Task BeginAsync()
        {
            await DockerEngine.DockerAsync("tag", $"{_repository}:0.16.2", $"{_repository}:latest");

            // The migrations of these images make the schema whole: nothing of it must be there before.
            Directory.CreateDirectory(_folder["init"]);
            var uri = _embedded ? string.Empty : "      LETTA_PG_URI: postgresql://letta:letta@db:5432/letta\n";
            var letta = _embedded ? "    volumes: [\"pgdata:/var/lib/postgresql/data\", \"./init:/docker-entrypoint-initdb.d:ro\"]\n" : "    depends_on: [db]\n";
            var database = _embedded ? string.Empty
                : $"  db:\n    image: {DockerEngine.PostgresImage}\n    pull_policy: never\n    environment: {{POSTGRES_USER: letta, POSTGRES_PASSWORD: letta, POSTGRES_DB: letta}}\n    volumes: [\"pgdata:/var/lib/postgresql/data\"]\n";
            Text = $"services:\n  letta:\n    image: {_repository}:latest   # the server\n    pull_policy: never\n    restart: unless-stopped\n    ports: [\"127.0.0.1:{FreePort.Next()}:8283\"]\n    environment:\n      LETTA_SERVER_PASSWORD: \"\"\n{uri}{letta}{database}volumes:\n  pgdata:\n";
            await File.WriteAllTextAsync(ComposeFile, Text);
            if (!_embedded)
            {
                await ComposeAsync("up", "--detach", "db");
                await DockerEngine.WaitForPostgresAsync(Database);
            }

            await ComposeAsync("up", "--detach", "letta");
            using var shell = new Shell();
            shell.Run("Start-LettaServer $args[0] -Wait", Letta).Succeed();
            await DockerEngine.SqlAsync(
                Database,
                "letta",
                """
                INSERT INTO organizations (id, name, privileged_tools, is_deleted) VALUES ('org-00000000-0000-4000-8000-000000000000', 'default', false, false) ON CONFLICT DO NOTHING;
                INSERT INTO agents (id, name, is_deleted, organization_id, message_ids, message_buffer_autoclear)
                    SELECT 'agent-0000000' || i || '-0000-4000-8000-000000000000', 'Agent ' || i, false, 'org-00000000-0000-4000-8000-000000000000', '[]', false FROM generate_series(1, 3) i;
                """);
        }

        private async Task ComposeAsync(params IEnumerable<string> arguments)
        {
            var (exitCode, output, error) = await DockerEngine.RunAsync("docker-compose", ["--project-name", _engine.Prefix, "--file", ComposeFile, .. arguments]);
            if (exitCode != 0)
            {
                throw new InvalidOperationException($"docker-compose {string.Join(' ', arguments)}: {error}{output}");
            }
        }
    }
}

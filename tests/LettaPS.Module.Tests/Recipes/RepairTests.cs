using LettaPS.Module.Tests.Health;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests.Recipes;

public sealed class RepairTests
{
    /// <summary>The night of January 17: dump, repair, adoption by alembic, and a healthy server; no agent was exported, no database dropped.</summary>
    [Fact]
    public async Task The_seed_s_night_is_over_after_one_command()
    {
        await using var night = await Night.StartAsync("create_all/story-0.16.1-then-0.16.2");

        var result = Assert.Single(night.Run("0.16.2").Succeed());

        Assert.Equal(5, result.Get<object[]>("Broken").Length);
        Assert.Equal("27de0f58e076", result.Get<string>("Revision"));
        Assert.True(File.Exists(result.Get<string>("Dump")));
        Assert.Equal(1, await night.Database.QueryAsync<long>("SELECT count(*) FROM agents"));
        Assert.DoesNotContain(result.Get<object[]>("Health"), c => $"{c}".StartsWith("Schema/", StringComparison.Ordinal) && $"{c}".Contains(" Fail", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_second_run_finds_nothing_to_do()
    {
        await using var night = await Night.StartAsync("create_all/story-0.16.1-then-0.16.2");
        night.Run("0.16.2").Succeed();

        var again = Assert.Single(night.Run("0.16.2").Succeed());

        Assert.Empty(again.Get<object[]>("Broken"));
        Assert.Equal(0, again.Get<int>("Statements"));
        Assert.Null(again.Properties["Dump"].Value);
        Assert.Single(night.Dumps);
    }

    [Fact]
    public async Task WhatIf_shows_the_plan_and_changes_nothing()
    {
        await using var night = await Night.StartAsync("create_all/story-0.16.1-then-0.16.2");

        var plan = night.Run("0.16.2", "-WhatIf").Succeed();

        Assert.Contains(plan, p => p.Get<string?>("Sql")?.Contains("ADD COLUMN \"request_id\"", StringComparison.Ordinal) == true);
        Assert.Empty(night.Dumps);
        Assert.Equal(0, await night.Database.QueryAsync<long>("SELECT count(*) FROM pg_class WHERE relname = 'alembic_version'"));
    }

    /// <summary>Patching would lose what the migrations do with rows.</summary>
    [Fact]
    public async Task A_database_that_is_merely_old_is_left_to_the_migrations()
    {
        await using var night = await Night.StartAsync("alembic/0.16.1", stamped: true);

        var error = Assert.ThrowsAny<System.Management.Automation.RuntimeException>(() => night.Run("0.16.2"));

        Assert.Contains("Update-LettaSchema", error.Message, StringComparison.Ordinal);
        Assert.Equal("39577145c45d", await night.Database.QueryAsync<string>("SELECT version_num FROM alembic_version"));
    }

    private sealed class Night : IAsyncDisposable
    {
        private readonly TempFolder _folder = new();

        private Night(HealthyServer server) => Server = server;

        public HealthyServer Server { get; }

        public PostgresDatabase Database => Server.Database;

        public string[] Dumps => Directory.GetFiles(_folder.Path, "*.dump");

        public static async Task<Night> StartAsync(string catalog, bool stamped = false) => new(await HealthyServer.StartAsync(catalog, stamped, "0.16.2", 15));

        public Hosting.ShellResult Run(string version, string more = "") => Server.Shell.RunRecipe(
            "Repair-Letta", $"{version} $args[0] -DatabaseUri $args[1] -Connection (Get-LettaConnection) {more}", _folder.Path, Database.Uri());

        public async ValueTask DisposeAsync()
        {
            await Server.DisposeAsync();
            _folder.Dispose();
        }
    }
}

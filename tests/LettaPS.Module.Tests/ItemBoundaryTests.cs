using System.Text.Json;
using LettaPS.Hosting;
using LettaPS.Sandbox;
using LettaPS.Sandbox.Fleets;
using LettaPS.Sandbox.Http;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests;

/// <summary>One item that fails is one error, whatever is wrong with it, and the others go on.</summary>
public class ItemBoundaryTests
{
    /// <summary>JSON that is valid and not what Letta writes. A lone surrogate is what PostgreSQL accepts in a json column.</summary>
    private static readonly string[] s_oddValues =
    [
        "7", "\"text\"", "[]", "{}", "[null]", "[[1]]", "[7]", "[{\"type\":7}]", "[{\"type\":\"text\",\"text\":{\"a\":1}}]", "[{\"type\":\"nobody knows\"}]",
        "{\"type\":\"text\",\"text\":7}", "{\"model\":[],\"handle\":7}", "\"\\ud800\"", new string('[', 200) + new string(']', 200), "[\"message-1\",\"\"]",
    ];

    [Fact]
    public async Task Odd_answers_about_one_agent_cost_at_most_that_agent_and_every_file_can_be_read()
    {
        foreach (var seed in Fuzz.Seeds(40))
        {
            await using var letta = await Connected.ToAsync(new SandboxOptions { Release = seed % 3 == 0 ? "0.11.3" : "0.16.8", Fleet = Fleet.Generated(new GeneratedOptions { Agents = 3, Messages = 8, Passages = 3 }) });
            var odd = letta.Server.State.Agents.Skip(1).First().Id;
            var random = new Random(seed);
            letta.Server.Faults.Add(new Fault(new EditEffect(body => Damaged(random, body))) { Method = "GET", Path = "/v1/agents/**", AgentId = odd });

            var result = letta.Run($"Export-LettaAgent {letta.Path}");

            Assert.True(result.Errors.Count <= 1, $"Seed {seed}: {string.Join(Environment.NewLine, result.Errors)}");
            Assert.All(result.Errors, e => Assert.True(Equals(e.TargetObject, odd), $"Seed {seed}: {e} is of {e.TargetObject}"));
            Assert.True(result.Output.Count(o => o.Get<string>("AgentId") != odd && o.Get<bool>("IsComplete")) == 2, $"Seed {seed}: the others were not backed up.");
            Assert.True(result.Output.Count + result.Errors.Count == 3, $"Seed {seed}: an agent is neither backed up nor an error.");
            foreach (var test in letta.Run($"Test-LettaBackup {letta.Path}").Succeed())
            {
                Assert.True(test.Get<bool>("IsValid"), $"Seed {seed}: {string.Join(' ', test.Get<IReadOnlyList<string>>("Problems"))}");
            }
        }
    }

    [Fact]
    public async Task Odd_rows_of_one_agent_cost_at_most_that_agent_and_every_file_can_be_read()
    {
        await using var database = await (await PostgresServer.GetAsync()).CreateFleetAsync("0.16.8");
        using var shell = new Shell();
        using var folder = new TempFolder();
        var odd = await database.QueryAsync<string>("SELECT agent_id FROM messages GROUP BY agent_id ORDER BY count(*) DESC, agent_id LIMIT 1");
        shell.Run("$odd = $args[1]; $global:agents = @(Get-LettaAgent -DatabaseUri $args[0] | Sort-Object { $_.Id -ne $odd } | Select-Object -First 3)", database.Uri(), odd).Succeed();
        var cells = await database.ListAsync("SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_name IN ('agents', 'messages') AND data_type IN ('json', 'jsonb', 'character varying', 'text') AND column_name NOT LIKE '%id' ORDER BY 1");

        foreach (var seed in Fuzz.Seeds(25))
        {
            var random = new Random(seed);
            var cell = cells[random.Next(cells.Count)].Split('.');
            var value = s_oddValues[random.Next(s_oddValues.Length)];
            var row = cell[0] == "agents" ? $"id = '{odd}'" : $"id = (SELECT id FROM messages WHERE agent_id = '{odd}' ORDER BY sequence_id OFFSET {random.Next(5)} LIMIT 1)";
            await database.ExecuteAsync($"CREATE TABLE kept AS SELECT * FROM {cell[0]} WHERE {row}; UPDATE {cell[0]} SET {cell[1]} = '{value}' WHERE {row}");

            var result = shell.Run("$agents | Export-LettaAgent -Path $args[0] -DatabaseUri $args[1]", folder[$"{seed}"], database.Uri());

            var what = $"Seed {seed}, {cell[0]}.{cell[1]} = {value}";
            Assert.True(result.Errors.Count <= 1, $"{what}: {string.Join(Environment.NewLine, result.Errors)}");
            Assert.All(result.Errors, e => Assert.True(Equals(e.TargetObject, odd), $"{what}: {e} is of {e.TargetObject}"));
            Assert.True(result.Output.Count(o => o.Get<string>("AgentId") != odd && o.Get<bool>("IsComplete")) == 2, $"{what}: the others were not backed up: {string.Join("; ", result.Output.Select(o => $"{o.Get<string>("AgentId")} {string.Join(' ', o.Get<IReadOnlyList<string>>("Missing"))}"))}");
            Assert.True(result.Output.Count + result.Errors.Count == 3, $"{what}: the agent is neither backed up nor an error.");
            foreach (var test in shell.Run("Test-LettaBackup $args[0]", folder[$"{seed}"]).Succeed())
            {
                Assert.True(test.Get<bool>("IsValid"), $"{what}: {string.Join(' ', test.Get<IReadOnlyList<string>>("Problems"))}");
            }

            await database.ExecuteAsync($"UPDATE {cell[0]} SET {cell[1]} = (SELECT {cell[1]} FROM kept) WHERE {row}; DROP TABLE kept");
        }
    }

    [Fact]
    public async Task Odd_files_among_others_are_one_error_each()
    {
        await using var letta = await Connected.ToAsync(new SandboxOptions { Fleet = Fleet.Generated(2, 3) });
        letta.Run($"Export-LettaAgent {letta.Path}").Succeed();
        var files = Directory.CreateDirectory(letta.Folder["files"]).FullName;
        foreach (var file in Directory.GetFiles(Directory.GetDirectories(letta.Folder.Path, "letta-backup-*").Single(), "*.af"))
        {
            File.Copy(file, Path.Combine(files, Path.GetFileName(file)));
        }

        File.CreateSymbolicLink(Path.Combine(files, "dangling.af"), Path.Combine(files, "nothing"));
        File.WriteAllText(Path.Combine(files, "deep.json"), new string('[', 100_000));
        File.WriteAllText(Path.Combine(files, "empty.json"), string.Empty);

        var tests = letta.Run("Test-LettaBackup $args[0]", files).Succeed();
        Assert.Equal(2, tests.Count(t => t.Get<bool>("IsValid")));
        Assert.Equal(["dangling.af", "deep.json", "empty.json"], tests.Where(t => !t.Get<bool>("IsValid")).Select(t => Path.GetFileName(t.Get<string>("Path"))).Order());
        var backup = Assert.Single(letta.Run("Get-LettaBackup $args[0]", files).Succeed());
        Assert.Equal((2, false), (backup.Get<int>("AgentCount"), backup.Get<bool>("IsComplete")));

        var restored = letta.Run("Restore-LettaAgent $args[0] -Conflict Rename", files);
        Assert.Equal((2, 3), (restored.Output.Count, restored.Errors.Count));
        var converted = letta.Run($"ConvertTo-LettaMarkdown $args[0] {letta.Path.TrimEnd('\'')}/markdown'", files);
        Assert.Equal((2, 3), (converted.Output.Count, converted.Errors.Count));
    }

    [Theory]
    [InlineData("Get-LettaBackup $args[0]", 2)]
    [InlineData("Test-LettaBackup $args[0]", 4)]
    [InlineData("Restore-LettaAgent $args[0] -Conflict Rename", 2)]
    [InlineData("ConvertTo-LettaMarkdown $args[0] ($args[1] + '/markdown')", 2)]
    [InlineData("ConvertTo-LettaAgentFile $args[0] ($args[1] + '/files')", 2)]
    [InlineData("Search-LettaBackup $args[0] . -Kind Block | Select-Object -First 2", 2)]
    public async Task A_set_whose_disk_is_away_is_one_error_in_every_cmdlet_and_the_others_go_on(string command, int results)
    {
        await using var letta = await Connected.ToAsync(new SandboxOptions { Fleet = Fleet.Generated(2, 3) });
        var backups = letta.Folder["backups"];
        letta.Run("Export-LettaAgent $args[0]", backups).Succeed();
        var away = Path.Combine(backups, "letta-backup-20991231T000000Z");
        Directory.CreateSymbolicLink(away, letta.Folder["not-mounted"]);

        var result = letta.Run(command, backups, letta.Folder.Path);

        Assert.Equal(results, result.Output.Count);
        if (command.StartsWith("Test-", StringComparison.Ordinal))
        {
            Assert.Empty(result.Errors);
            Assert.Equal(away, Assert.Single(result.Output, o => !o.Get<bool>("IsValid")).Get<string>("Path"));
            return;
        }

        var error = Assert.Single(result.Errors);
        Assert.StartsWith("ItemReadFailed,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal(away, error.TargetObject);
    }

    [Theory]
    [InlineData("Test-LettaHealth -Quick -Connection $connections")]
    [InlineData("$connections | Test-LettaHealth -Quick")]
    public async Task Of_several_servers_one_that_is_away_costs_only_its_own_examination(string command)
    {
        await using var letta = await Connected.ToAsync(new SandboxOptions { Fleet = Fleet.Generated(1, 1) });
        var other = await SandboxServer.StartAsync(new SandboxOptions { Fleet = Fleet.Generated(1, 1) });
        letta.Run("$global:connections = @($args[0], $args[1] | Connect-Letta -PassThru)", other.BaseUri, letta.Server.BaseUri).Succeed();
        var away = other.BaseUri;
        await other.DisposeAsync();

        var checks = letta.Run(command).Succeed().ToLookup(c => c.Get<Uri>("Server"));

        Assert.Contains(checks[away], c => c.Get<object>("Status").ToString() == "Failed");
        Assert.Contains(checks[letta.Server.BaseUri], c => $"{c.Get<object>("Layer")} {c.Get<object>("Status")}" == "Tables Passed");
        Assert.DoesNotContain(checks[letta.Server.BaseUri], c => c.Get<object>("Status").ToString() == "Failed");
    }

    /// <summary>One answer in two is damaged.</summary>
    private static byte[] Damaged(Random random, byte[] body)
    {
        lock (random)
        {
            try
            {
                return random.Next(2) == 0 ? body : Fuzz.Json(random, body);
            }
            catch (JsonException)
            {
                return body;
            }
        }
    }
}

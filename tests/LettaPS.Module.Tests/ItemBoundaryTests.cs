using System.Text.Json;
using LettaPS.Sandbox;
using LettaPS.Sandbox.Fleets;
using LettaPS.Sandbox.Http;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests;

/// <summary>One item that fails is one error, whatever is wrong with it, and the others go on.</summary>
public class ItemBoundaryTests
{
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

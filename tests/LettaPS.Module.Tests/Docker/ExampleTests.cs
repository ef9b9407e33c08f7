using System.Text.RegularExpressions;
using LettaPS.Hosting;
using LettaPS.Module.Tests.Help;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests.Docker;

[Collection(DockerCollection.Name)]
public sealed class ExampleTests
{
    [Fact]
    public async Task Every_example_about_containers_runs_on_a_project()
    {
        await using var project = await LettaProject.StartAsync();
        // The local pg_dump that the example needs is of this release.
        await using var database = await (await PostgresServer.GetAsync(15)).CreateLettaDatabaseAsync("alembic/0.16.2", stamped: true);
        using var folder = new TempFolder();
        using var shell = new Shell();
        await project.FillAsync(2);
        var (home, here) = (Directory.CreateDirectory(folder["home"]).FullName, Directory.CreateDirectory(folder["here"]).FullName);
        shell.Run(ExampleWorld.StandIns, home, here).Succeed();
        var dump = Path.Combine(Directory.CreateDirectory(Path.Combine(home, "letta-backup")).FullName, "letta-20261123T013000Z.dump");
        shell.Run("Start-LettaServer $args[0] -Wait; Backup-LettaDatabase -Name $args[0] -Path $args[1]", project.Letta, dump).Succeed();

        var examples = ContainerPages.Names.SelectMany(HelpPages.Examples).Concat(HelpPages.Examples("Test-LettaHealth").Where(ContainerPages.NeedsContainers))
            .Where(e => !ContainerPages.IsElsewhere(e)).ToList();
        Assert.True(examples.Count >= 3 * ContainerPages.Names.Length - 1);
        var failures = new List<string>();
        foreach (var example in examples)
        {
            shell.Console.Answers.Enqueue(0);
            var result = shell.Run(OfThisProject(example.Code, project, database, folder));
            failures.AddRange(result.Errors.Select(e => $"'{example.Title}': {e.FullyQualifiedErrorId}: {e}"));
            shell.Console.Answers.Clear();
            shell.Run("Start-LettaServer $args[0] -Wait", project.Letta).Succeed();
        }

        Assert.Empty(failures);
    }

    /// <summary>The engine is everybody's: where a page means the only server there is, this project's is named.</summary>
    private static string OfThisProject(string code, LettaProject project, PostgresDatabase database, TempFolder folder)
    {
        var name = project.Letta;
        code = Regex.Replace(code, @"(?<=\s)letta(-test)?(?=[\s)]|$)", name);
        code = Regex.Replace(code, @"Get-LettaServer(?= \||$)(?<!\| Get-LettaServer)", $"Get-LettaServer {name}");
        code = code.Replace("-eq thoth", $"-eq {project.Name}", StringComparison.Ordinal)
            .Replace("/srv/", folder["srv"] + "/", StringComparison.Ordinal)
            .Replace("$env:LETTA_PG_URI", $"'{database.Uri()}'", StringComparison.Ordinal);
        var defaults = code.Contains("-DatabaseUri", StringComparison.Ordinal) || code.StartsWith("Get-LettaServer", StringComparison.Ordinal)
            ? string.Empty
            : $"'*-LettaDatabase:Name' = '{name}'; '{code.Split(' ', '\n')[0]}:Name' = '{name}'";
        return $"$PSDefaultParameterValues = @{{ {defaults} }}\n{code}";
    }
}

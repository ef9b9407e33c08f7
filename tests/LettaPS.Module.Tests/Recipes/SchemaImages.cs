using LettaPS.Hosting;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests.Recipes;

/// <summary>
/// Images of 0.16.2 and 0.16.8 whose migrations make the recorded schemas of those releases, whole, where the images of the other tests make a few tables: made
/// from those by copying other migrations in, and gone afterwards.
/// </summary>
public sealed class SchemaImages : SharedFixture<DockerEngine>
{
    /// <summary>Their repository.</summary>
    public string Repository => RepositoryOf(Resource);

    protected override async Task<DockerEngine> StartAsync()
    {
        var engine = await DockerEngine.OpenAsync();
        using var folder = new TempFolder();
        var migrations = Directory.CreateDirectory(folder["versions"]).FullName;
        await File.WriteAllTextAsync(Path.Combine(migrations, "0.11.3_5fb8bba2c373.sql"), "SELECT 1;");
        await File.WriteAllTextAsync(Path.Combine(migrations, "0.16.2_27de0f58e076.sql"), LettaFixtures.Script("alembic/0.16.2"));
        await CommitAsync(engine, "0.16.2", migrations);
        await File.WriteAllTextAsync(Path.Combine(migrations, "0.16.8_1c28e167b74f.sql"), await StepAsync());
        await CommitAsync(engine, "0.16.8", migrations);
        return engine;
    }

    protected override async Task ReleaseAsync(DockerEngine resource)
    {
        await base.ReleaseAsync(resource);
        await DockerEngine.DockerAsync("rmi", $"{RepositoryOf(resource)}:0.16.2", $"{RepositoryOf(resource)}:0.16.8");
    }

    private static string RepositoryOf(DockerEngine engine) => $"{engine.Prefix}/letta/letta";

    private static async Task CommitAsync(DockerEngine engine, string release, string migrations)
    {
        var container = $"{engine.Prefix}-{release}";
        await DockerEngine.DockerAsync("create", "--name", container, DockerEngine.LettaImage(release));
        await DockerEngine.DockerAsync("cp", migrations + "/.", $"{container}:/app/alembic/versions");
        await DockerEngine.DockerAsync("commit", container, $"{RepositoryOf(engine)}:{release}");
    }

    /// <summary>The statements from the one schema to the other, as the doctor of schemas finds them.</summary>
    private static async Task<string> StepAsync()
    {
        await using var database = await (await PostgresServer.GetAsync()).CreateLettaDatabaseAsync("alembic/0.16.2");
        using var shell = new Shell();
        var plan = shell.Run("Invoke-LettaSchemaFix 0.16.8 -WhatIf -DatabaseUri $args[0]", database.Uri()).Succeed();
        return string.Concat(plan.Select(p => p.Get<string?>("Sql")).OfType<string>().Select(sql => sql + ";\n"));
    }
}

using LettaPS.Module.Tests.Recipes;
using LettaPS.Sandbox.Http;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests;

/// <summary>A database that the environment names. The whole process has the variable, so that nothing may run at the same time as these tests.</summary>
[CollectionDefinition(nameof(EnvironmentDatabaseTests), DisableParallelization = true)]
[Collection(nameof(EnvironmentDatabaseTests))]
public sealed class EnvironmentDatabaseTests
{
    /// <summary>LETTA_PG_URI says of no server in particular that the database is its own: a set of another server's agents would appear under this server's name.</summary>
    [Fact]
    public async Task Auto_does_not_read_a_database_of_the_environment_if_the_server_cannot_confirm_it()
    {
        await using var database = await DatabaseSourceTests.FleetAsync();
        await using var letta = await DatabaseSourceTests.ServerAsync();
        letta.Server.Faults.Add(new Fault(new StatusEffect(500)));

        var result = letta.Run($"$env:LETTA_PG_URI = $args[0]; try {{ Export-LettaAgent {letta.Path} }} finally {{ $env:LETTA_PG_URI = $null }}", database.Uri());

        Assert.Empty(result.Output);
        Assert.NotEmpty(result.Errors);
        Assert.Contains(letta.Shell.Console.Warnings, w => w.Contains("nothing proves", StringComparison.Ordinal));
        Assert.Empty(Directory.EnumerateFileSystemEntries(letta.Folder.Path));
    }

    /// <summary>Other users of the machine can read the command line of a process, but not its environment.</summary>
    [Fact]
    public async Task The_nightly_backup_dumps_the_database_of_the_environment()
    {
        await using var database = await (await PostgresServer.GetAsync(15)).CreateLettaDatabaseAsync("alembic/0.16.8", stamped: true);
        await using var letta = await Connected.ToAsync();

        letta.Run("$env:LETTA_PG_URI = $args[0]", database.Uri()).Succeed();
        (string Line, int ExitCode) night;
        try
        {
            night = letta.Shell.RunToExit("Backup-LettaNightly", "$args[0] -Connection (Get-LettaConnection)", letta.Folder.Path);
        }
        finally
        {
            letta.Run("$env:LETTA_PG_URI = $null").Succeed();
        }

        Assert.Equal(0, night.ExitCode);
        Assert.Matches(@" OK .* dump=\S+\.dump ", night.Line);
    }
}

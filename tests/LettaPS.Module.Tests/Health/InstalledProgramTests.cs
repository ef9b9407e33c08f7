using LettaPS.TestKit;

namespace LettaPS.Module.Tests.Health;

/// <summary>Programs that are found on this machine. Where they are looked for is said to the whole process, so that nothing may run beside these tests.</summary>
[CollectionDefinition(nameof(InstalledProgramTests), DisableParallelization = true)]
[Collection(nameof(InstalledProgramTests))]
public sealed class InstalledProgramTests
{
    [Fact]
    public async Task What_is_installed_is_found()
    {
        if (OperatingSystem.IsWindows())
        {
            Needs.Missing("A system on which a script can stand for a program.");
            return;
        }

        await using var server = await HealthyServer.StartAsync();
        using var folder = new TempFolder();
        var program = folder["letta"];
        await File.WriteAllTextAsync(program, "#!/bin/sh\n[ \"$1\" = --version ] && echo '0.18.3 (Letta Code)'\n", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var path = Environment.GetEnvironmentVariable("PATH");
        Environment.SetEnvironmentVariable("PATH", $"{folder.Path}:{path}");
        try
        {
            var results = server.Letta.Run("Test-LettaCompatibility -DatabaseUri $args[0]", server.Database.Uri()).Succeed();

            Assert.Equal(["Letta Code 0.18.3 with Letta 0.16.8: Compatible", $"Letta 0.16.8 with PostgreSQL {await CompatibilityTests.VersionAsync(server.Database)}: Compatible", "Letta 0.16.8 with database schema 0.16.7 (1c28e167b74f): Compatible"], results.Select(r => r.ToString()));
        }
        finally
        {
            Environment.SetEnvironmentVariable("PATH", path);
        }
    }
}

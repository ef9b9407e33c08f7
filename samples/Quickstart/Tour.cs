using LettaPS.Sandbox;

namespace Quickstart;

/// <summary>The main job, from a fleet of 16 agents to a verified backup.</summary>
internal static class Tour
{
    private const int Fleet = 16;

    public static async Task<int> RunAsync()
    {
        await using var server = await SandboxServer.StartAsync(new SandboxOptions { Release = "0.16.8", Password = "sandbox" });
        Environment.SetEnvironmentVariable("LETTA_BASE_URL", server.BaseUri.ToString());
        Environment.SetEnvironmentVariable("LETTA_API_KEY", "sandbox");
        var folder = Directory.CreateTempSubdirectory("lettaps-quickstart-").FullName;

        Console.WriteLine($"A stand-in Letta server with {Fleet} agents listens at {server.BaseUri}. The commands are those of a PowerShell console:");
        Console.WriteLine();

        using var console = new ConsoleShell();
        var succeeded = console.Type("Connect-Letta -PassThru")
            && console.Type("Get-LettaAgent")
            && console.Type($"Get-LettaAgent | Export-LettaAgent -Path '{folder}'")
            && console.Type($"Get-LettaBackup -Path '{folder}'")
            && console.Type($"Test-LettaBackup -Path '{folder}'");

        var agents = console.Get("Get-LettaAgent").Count;
        var tests = console.Get($"Test-LettaBackup -Path '{folder}'");
        var complete = console.Get($"Get-LettaBackup -Path '{folder}' | Where-Object IsComplete").Count;
        var sound = succeeded && agents == Fleet && complete == 1 && tests.Count == Fleet + 1 && tests.All(t => (bool)t.Properties["IsValid"].Value);

        Console.WriteLine();
        Console.WriteLine(sound
            ? $"All {Fleet} agents are backed up, complete and verified. The files are in {folder}"
            : $"Something is not as it should be. What there is of the files is in {folder}");
        return sound ? 0 : 1;
    }
}

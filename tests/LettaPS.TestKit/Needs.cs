using Xunit;

namespace LettaPS.TestKit;

/// <summary>Skips a test with a reason when the machine lacks something. CI sets LETTAPS_REQUIRE_ALL, which makes a failure of every such skip.</summary>
public static class Needs
{
    private static readonly Lazy<Task<bool>> s_hasCompose = new(async () =>
    {
        try
        {
            var (exitCode, output, _) = await DockerEngine.RunAsync("docker-compose", ["version", "--short"]);
            return exitCode == 0 && output.TrimStart('v').StartsWith('2');
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    });

    /// <summary>Skips or fails the test.</summary>
    /// <param name="what">What is missing and how to get it.</param>
    public static void Missing(string what)
    {
        if (Environment.GetEnvironmentVariable("LETTAPS_REQUIRE_ALL") == "1")
        {
            Assert.Fail("Must not be skipped here: " + what);
        }

        Assert.Skip(what);
    }

    /// <summary>Skips the test when docker-compose v2 is not installed.</summary>
    public static async Task ComposeAsync()
    {
        if (!await s_hasCompose.Value)
        {
            Missing("docker-compose v2 is not on the PATH. On Debian 12, .ci/setup.d/30-compose installs it.");
        }
    }
}

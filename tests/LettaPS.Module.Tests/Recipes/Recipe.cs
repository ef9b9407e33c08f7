using System.Reflection;
using LettaPS.Hosting;

namespace LettaPS.Module.Tests.Recipes;

/// <summary>A script that users copy, run in the runspace of a test as they run it.</summary>
internal static class Recipe
{
    /// <summary>The folder of the repository.</summary>
    public static string Repository { get; } = typeof(Recipe).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(a => a.Key == "RepositoryRoot").Value!;

    /// <summary>Path of a script in samples.</summary>
    public static string Path(string name) => System.IO.Path.Combine(Repository, "samples", name + ".ps1");

    /// <summary>Runs a script with an exit code.</summary>
    /// <returns>Its line and its code.</returns>
    public static (string Line, int ExitCode) RunToExit(this Shell shell, string name, string parameters, params object?[] arguments)
    {
        var output = shell.Run($"& '{Path(name)}' {parameters}; $LASTEXITCODE", arguments).Succeed();
        return (string.Join('\n', output.SkipLast(1)), (int)output[^1].BaseObject);
    }

    /// <summary>Runs a script.</summary>
    public static ShellResult RunRecipe(this Shell shell, string name, string parameters, params object?[] arguments) => shell.Run($"& '{Path(name)}' {parameters}", arguments);
}

using System.Reflection;

namespace LettaPS.Core.Tests.Kit;

/// <summary>The files of the repository that the tests were built in.</summary>
internal static class Repository
{
    /// <summary>Its folder.</summary>
    public static string Path { get; } = typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!;

    /// <summary>The C# files in a folder that people write, by their paths relative to the repository.</summary>
    public static IEnumerable<string> Sources(string folder) => Directory.EnumerateFiles(System.IO.Path.Combine(Path, folder), "*.cs", SearchOption.AllDirectories)
        .Select(f => System.IO.Path.GetRelativePath(Path, f).Replace('\\', '/'))
        .Where(f => !f.Contains("/obj/", StringComparison.Ordinal) && !f.Contains("/bin/", StringComparison.Ordinal));
}

using System.Globalization;
using LettaPS.Cmdlets.Base;

namespace LettaPS.Paths;

/// <summary>Names dumps.</summary>
internal static class DumpPath
{
    /// <summary>The file for a dump: the path itself, or where that is a folder, a name in it that sorts by time.</summary>
    /// <param name="path">A file, or a folder: one that exists, or a path that ends as folders do.</param>
    /// <param name="target">The database.</param>
    /// <param name="format">Form of the dump.</param>
    public static string For(string path, ServerDatabaseTarget target, DumpFormat format)
    {
        if (!Directory.Exists(path) && !Path.EndsInDirectorySeparator(path))
        {
            return path;
        }

        var name = string.Join('-', new[] { target.Server?.Name, target.Database }.Where(n => n is not null));
        foreach (var invalid in Path.GetInvalidFileNameChars())
        {
            name = name.Replace(invalid, '_');
        }

        var time = DateTimeOffset.UtcNow.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        return Path.Combine(path, $"{name}-{time}{(format == DumpFormat.Custom ? ".dump" : ".sql")}");
    }
}

using System.Globalization;
using LettaPS.Cmdlets.Base;

namespace LettaPS.Paths;

/// <summary>Names dumps.</summary>
internal static class DumpPath
{
    private static readonly string[] s_extensions = [".dump", ".sql"];

    /// <summary>The file for a dump: a name in the folder that sorts by time, or the path itself where that is a file.</summary>
    /// <param name="path">A folder, which need not exist; or a file, which exists or has the extension of a dump.</param>
    /// <param name="target">The database.</param>
    /// <param name="format">Form of the dump.</param>
    public static string For(string path, ServerDatabaseTarget target, DumpFormat format)
    {
        if (File.Exists(path) || (!Directory.Exists(path) && s_extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase)))
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

using System.Diagnostics;
using System.Globalization;

namespace LettaPS.TestKit;

/// <summary>The programs of a PostgreSQL server where Debian puts them, in this root file system or another.</summary>
/// <param name="Root">The root file system.</param>
/// <param name="Major">Major version: 15, 17.</param>
public sealed record PostgresInstallation(string Root, int Major)
{
    /// <summary>The folder of the programs, within the root file system.</summary>
    public string Bin => string.Create(CultureInfo.InvariantCulture, $"/usr/lib/postgresql/{Major}/bin");

    /// <summary>Whether pgvector, without which there is no Letta database, is installed for it.</summary>
    public bool HasVector => File.Exists(Path.Combine(Root, string.Create(CultureInfo.InvariantCulture, $"usr/share/postgresql/{Major}/extension/vector.control")));

    /// <summary>The installations in some root file systems.</summary>
    /// <param name="roots">The root file systems.</param>
    public static IReadOnlyList<PostgresInstallation> Find(IEnumerable<string> roots) =>
    [
        .. from root in roots
           let versions = Path.Combine(root, "usr/lib/postgresql")
           where Directory.Exists(versions)
           from folder in Directory.EnumerateDirectories(versions)
           where File.Exists(Path.Combine(folder, "bin/initdb"))
           select new PostgresInstallation(root, int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture)),
    ];

    /// <summary>Why tests cannot use a version, and how to get it.</summary>
    /// <param name="found">What is installed.</param>
    /// <param name="major">Major version.</param>
    public static string Explain(IEnumerable<PostgresInstallation> found, int major) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(found.Any(i => i.Major == major) ? $"PostgreSQL {major} is installed without pgvector" : $"PostgreSQL {major} with pgvector is not installed")}. "
        + $"Install the packages postgresql-{major} and postgresql-{major}-pgvector, or run .ci/setup.d/20-postgres as root.");

    /// <summary>A shell in the root file system, running as somebody other than root, as PostgreSQL demands.</summary>
    /// <param name="script">What it runs.</param>
    internal ProcessStartInfo Shell(string script) => Environment.UserName != "root"
        ? new ProcessStartInfo("/bin/sh", ["-c", script]) { WorkingDirectory = "/" }
        : new ProcessStartInfo("chroot", ["--userspec=postgres:postgres", Root, "/bin/sh", "-c", script]) { WorkingDirectory = "/" };
}

using System.Text.Json;

namespace LettaPS.Core.Releases;

/// <summary>The releases of the Letta server from 0.11.3 to 0.16.8 and the chain of their migrations.</summary>
internal static class ReleaseCatalogue
{
    private static readonly Lazy<ReleaseFile> s_file = new(Load);
    private static readonly Lazy<IReadOnlyList<LettaRelease>> s_all = new(() =>
        [.. s_file.Value.Releases.Select(r => new LettaRelease(r, [.. Migrations.Where(m => m.Release == r.Version)]))]);

    /// <summary>The newest version that an image of the V1 server can ever have: 0.16.9 was prepared on a branch (letta-facts.md 11).</summary>
    public static Version LastPossible { get; } = new(0, 16, 9);

    /// <summary>The first version of Letta Code that was pushed to the image repository of the V1 server (letta-facts.md 11).</summary>
    public static Version FirstLettaCode { get; } = new(0, 30);

    /// <summary>The releases, oldest first.</summary>
    public static IReadOnlyList<LettaRelease> All => s_all.Value;

    /// <summary>Every migration that leads to the newest release, in their order; they form one chain.</summary>
    public static IReadOnlyList<LettaMigration> Migrations => s_file.Value.Migrations;

    /// <summary>A release by its version.</summary>
    /// <param name="version">Such as <c>0.16.2</c> or <c>v0.16.2</c>.</param>
    /// <exception cref="LettaException"><c>ReleaseNotFound</c>.</exception>
    public static LettaRelease Get(string version)
    {
        ArgumentNullException.ThrowIfNull(version);
        return Version.TryParse(version.Trim().TrimStart('v'), out var parsed) && All.FirstOrDefault(r => r.Version == parsed) is { } release
            ? release
            : throw new LettaException(
                ErrorIds.ReleaseNotFound,
                LettaErrorKind.NotFound,
                TryVersion(version) is { } above && above >= FirstLettaCode
                    ? $"'{version}' is a version of Letta Code, which is another product. The last release of the V1 server is {All[^1]}."
                    : $"'{version}' is not a release of Letta. LettaPS knows {All[0]} to {All[^1]}.",
                "List the releases: Get-LettaRelease",
                version);
    }

    /// <summary>A release by what a server or an image calls itself.</summary>
    /// <param name="version">Such as <c>0.16.2</c>; anything else, <see langword="null"/> too, is none.</param>
    /// <returns>The release, or <see langword="null"/> where there is none of that version.</returns>
    public static LettaRelease? Find(string? version) => TryVersion(version) is { } parsed ? All.FirstOrDefault(r => r.Version == parsed) : null;

    /// <summary>The newest release whose migrations end at a revision and whose schema was recorded.</summary>
    /// <param name="revision">Alembic's identifier.</param>
    /// <returns>The release, or <see langword="null"/> where the revision is none or lies between two.</returns>
    public static LettaRelease? FindByHead(string? revision) => All.LastOrDefault(r => r.AlembicHead == revision && r.HasSchema);

    /// <summary>The release that a database was last used with: the newest whose migrations end at its revision, else the first that has the revision.</summary>
    /// <param name="revision">What <c>alembic_version</c> holds.</param>
    /// <returns>The release, or <see langword="null"/> if the revision is none of the V1 server's.</returns>
    public static LettaRelease? LastUsedWith(string revision)
    {
        var position = PositionOf(revision);
        return position < 0 ? null
            : FindByHead(revision) ?? All.FirstOrDefault(r => PositionOf(r.AlembicHead) >= position);
    }

    /// <summary>A version as numbers.</summary>
    /// <param name="version">Such as <c>0.16.2</c> or <c>v0.16.2</c>, also with what follows a hyphen or plus sign.</param>
    /// <returns>The version, or <see langword="null"/> where it is none.</returns>
    public static Version? TryVersion(string? version) => Version.TryParse(version?.Trim().TrimStart('v').Split('-', '+')[0], out var parsed) ? parsed : null;

    /// <summary>A release whose schema was recorded, so that a database can be compared with it.</summary>
    /// <param name="version">Such as <c>0.16.2</c> or <c>v0.16.2</c>.</param>
    /// <exception cref="LettaException"><c>ReleaseNotFound</c>; <c>ReleaseSchemaNotFound</c>.</exception>
    public static LettaRelease GetWithSchema(string version) => Get(version) is { HasSchema: true } release ? release : throw new LettaException(
        ErrorIds.ReleaseSchemaNotFound,
        LettaErrorKind.NotFound,
        $"LettaPS does not have the schema of Letta {version}.",
        "Give the release before or after it: Get-LettaRelease | Where-Object HasSchema",
        version);

    /// <summary>Where in the chain of migrations a revision stands, or -1 for one that is not in it.</summary>
    /// <param name="revision">Alembic's identifier.</param>
    public static int PositionOf(string revision)
    {
        for (var i = 0; i < Migrations.Count; i++)
        {
            if (Migrations[i].Revision == revision)
            {
                return i;
            }
        }

        return -1;
    }

    private static ReleaseFile Load()
    {
        using var json = typeof(ReleaseCatalogue).Assembly.GetManifestResourceStream("releases.json")!;
        return JsonSerializer.Deserialize(json, ReleaseJson.Default.ReleaseFile)!;
    }
}

using LettaPS.Core.Compose.Model;
using LettaPS.Core.Releases;
using LettaPS.Core.Schemas.Model;

namespace LettaPS;

/// <summary>A release of the Letta server. Facts come from the tags of its source repository and from recordings of running servers.</summary>
public sealed class LettaRelease
{
    private readonly ReleaseData _data;

    internal LettaRelease(ReleaseData data, IReadOnlyList<LettaMigration> migrations)
    {
        _data = data;
        Migrations = new LettaList<LettaMigration>(migrations);
    }

    /// <summary>Its version, the name of its tag.</summary>
    public Version Version => _data.Version;

    /// <summary>The day it was tagged.</summary>
    public DateOnly Date => _data.Date;

    /// <summary>The last of its migrations: what <c>alembic_version</c> holds once they have run.</summary>
    public string AlembicHead => _data.Head;

    /// <summary>The image that its own image is built on: PostgreSQL and pgvector come from there.</summary>
    public string BaseImage => _data.BaseImage;

    /// <summary>The version that <c>/v1/health/</c> reports and that its image was tagged with; not always its own.</summary>
    public string ReportedVersion => _data.Reports;

    /// <summary>Its image; <see langword="null"/> if no image can be trusted to be this release.</summary>
    public string? Image => LettaImageTags.ImageOf(Version);

    /// <summary>The first major version of PostgreSQL that can hold its schema; <see langword="null"/> where the schema was not recorded.</summary>
    public int? MinimumPostgresVersion => SchemaCatalogue.Of(Version.ToString()) is { } schema ? PostgresVersion.FirstThatHolds(schema.Model) : null;

    /// <summary>Whether its schema is known, so that a database can be compared with it.</summary>
    public bool HasSchema => SchemaCatalogue.Of(Version.ToString()) is not null;

    /// <summary>What its migrations change in the database, in their order.</summary>
    public IReadOnlyList<string> SchemaChanges => new LettaList<string>(Migrations.Select(m => m.Changes).OfType<string>());

    /// <summary>Routes of the HTTP API that came (<c>+</c>) and went (<c>-</c>) with it.</summary>
    public IReadOnlyList<string> ApiChanges => new LettaList<string>(_data.ApiChanges);

    /// <summary>What to know before running it or upgrading to it.</summary>
    public IReadOnlyList<string> Warnings => new LettaList<string>(_data.Warnings);

    /// <summary>The migrations that came with it, in their order. What an upgrade runs are those of every release on the way.</summary>
    public IReadOnlyList<LettaMigration> Migrations { get; }

    /// <summary>The version.</summary>
    public override string ToString() => Version.ToString();
}

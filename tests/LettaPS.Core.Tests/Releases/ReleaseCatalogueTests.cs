using LettaPS.Core.Releases;
using LettaPS.TestKit;

namespace LettaPS.Core.Tests.Releases;

public class ReleaseCatalogueTests
{
    [Fact]
    public void Every_recorded_release_has_a_schema_and_the_head_that_its_database_had()
    {
        foreach (var version in LettaFixtures.Releases)
        {
            var release = ReleaseCatalogue.GetWithSchema(version);

            Assert.Equal((string)LettaFixtures.Catalog($"alembic/{version}")["alembic_version"]![0]!, release.AlembicHead);
            Assert.Equal(15, release.MinimumPostgresVersion);
        }
    }

    [Fact]
    public void The_releases_stand_in_the_order_of_version_date_and_migrations()
    {
        var all = ReleaseCatalogue.All;

        Assert.Equal(20, all.Count);
        Assert.Equal(all, all.OrderBy(r => r.Version).ThenBy(r => r.Date));
        Assert.Equal(all.Select(r => r.Date), all.Select(r => r.Date).Order());
        Assert.Equal(all, all.OrderBy(r => ReleaseCatalogue.PositionOf(r.AlembicHead)));
        Assert.DoesNotContain(-1, all.Select(r => ReleaseCatalogue.PositionOf(r.AlembicHead)));
    }

    [Fact]
    public void A_release_s_head_is_the_last_of_its_own_migrations_where_it_has_any()
    {
        foreach (var release in ReleaseCatalogue.All.Where(r => r.Migrations.Count > 0))
        {
            Assert.Equal(release.AlembicHead, release.Migrations[^1].Revision);
            Assert.All(release.Migrations, m => Assert.NotNull(m.Changes));
        }

        Assert.Equal(58, ReleaseCatalogue.All.Sum(r => r.Migrations.Count));
        Assert.Equal(167, ReleaseCatalogue.Migrations.DistinctBy(m => m.Revision).Count());
    }

    [Fact]
    public void The_mislabelled_image_says_so()
    {
        var release = ReleaseCatalogue.Get("0.11.5");

        Assert.Equal("0.10.0", release.ReportedVersion);
        Assert.Contains("letta/letta:0.10.0", Assert.Single(release.Warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("v0.16.2", "0.16.2")]
    [InlineData(" 0.11.3 ", "0.11.3")]
    public void A_version_is_taken_as_tags_write_it(string given, string expected) => Assert.Equal(expected, ReleaseCatalogue.Get(given).ToString());

    /// <summary>0.16.3 has no tag; its schema lies between those of its neighbours.</summary>
    [Fact]
    public void The_schema_of_0_16_3_is_known() => Assert.Equal("82feb220a9b8", ReleaseCatalogue.GetWithSchema("0.16.3").AlembicHead);

    [Theory]
    [InlineData("27de0f58e076", "0.16.2")]
    [InlineData("1c28e167b74f", "0.16.8")]
    [InlineData("82feb220a9b8", "0.16.3")]
    [InlineData("a1b2c3d4e5f7", "0.16.3")]
    [InlineData("5fb8bba2c373", "0.11.3")]
    [InlineData("000000000000", null)]
    public void A_revision_tells_the_release_that_a_database_was_last_used_with(string revision, string? release) =>
        Assert.Equal(release, ReleaseCatalogue.LastUsedWith(revision)?.ToString());

    [Theory]
    [InlineData("latest", "ReleaseNotFound")]
    [InlineData("0.10.0", "ReleaseNotFound")]
    [InlineData("0.32.19", "ReleaseNotFound")]
    public void What_cannot_be_compared_with_is_refused(string version, string errorId) =>
        Assert.Equal(errorId, Assert.Throws<LettaException>(() => ReleaseCatalogue.GetWithSchema(version)).ErrorId);
}

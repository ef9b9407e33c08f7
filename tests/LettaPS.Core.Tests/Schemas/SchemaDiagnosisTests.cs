using LettaPS.Core.Releases;
using LettaPS.Core.Schemas.Model;
using LettaPS.TestKit;

namespace LettaPS.Core.Tests.Schemas;

public class SchemaDiagnosisTests
{
    public static TheoryData<string> Releases => [.. LettaFixtures.Releases];

    [Theory]
    [MemberData(nameof(Releases))]
    public void A_release_does_not_differ_from_itself(string release)
    {
        var diagnosis = Snapshots.Of($"alembic/{release}", revision: ReleaseCatalogue.Get(release).AlembicHead).Diagnose(release);

        Assert.Empty(diagnosis.Differences);
        Assert.True(diagnosis.Report().IsUsable);
    }

    [Theory]
    [MemberData(nameof(Releases))]
    public void A_release_is_known_by_its_schema_alone(string release)
    {
        var report = Snapshots.Of($"alembic/{release}").Diagnose().Report();

        Assert.Contains(release, report.EquivalentReleases);
        Assert.Equal(report.EquivalentReleases[^1], report.NearestRelease);
        Assert.Equal(1, report.Confidence);
        Assert.Equal(LettaSchemaBuilder.Alembic, report.Builder);
    }

    [Theory]
    [InlineData("0.11.3")]
    [InlineData("0.16.1")]
    [InlineData("0.16.2")]
    public void Create_all_of_a_release_is_recognised_and_differs_only_in_what_matters(string release)
    {
        var diagnosis = Snapshots.Of($"create_all/{release}").Diagnose();
        var report = diagnosis.Report();
        var matters = diagnosis.Drifts().Where(d => d.Severity != LettaDriftSeverity.Cosmetic).Select(d => $"{d.Severity} {d.Kind} {d.Table} {d.Name}");

        Assert.Equal((release, LettaSchemaBuilder.CreateAll, 1), (report.NearestRelease, report.Builder, report.Confidence));
        Assert.Equal(
            [
                "Breaks MissingSequence  message_seq_id",
                "Breaks MissingDefault messages sequence_id",
                "Degrades DefaultDiffers archives_agents created_at",
                "Degrades RevisionMissing alembic_version version_num",
            ],
            matters);
    }

    [Fact]
    public void The_seed_s_database_is_named_and_every_loss_of_it_explained()
    {
        var diagnosis = Snapshots.Of("create_all/story-0.16.1-then-0.16.2").Diagnose();
        var report = diagnosis.Report();
        var drifts = diagnosis.Drifts().Where(d => d.Severity == LettaDriftSeverity.Breaks).ToDictionary(d => $"{d.Kind} {d.Table}.{d.Name}");

        Assert.Equal(("0.16.2", LettaSchemaBuilder.CreateAll), (report.NearestRelease, report.Builder));
        Assert.InRange(report.Confidence, 0.8, 0.95);
        Assert.Equal(
            [
                "MissingColumn messages.conversation_id", "MissingColumn runs.conversation_id", "MissingColumn steps.request_id",
                "MissingDefault messages.sequence_id", "MissingSequence .message_seq_id",
            ],
            drifts.Keys.Order());
        Assert.Contains("clients get 409", drifts["MissingDefault messages.sequence_id"].Effect, StringComparison.Ordinal);
        Assert.Contains("clients get 500", drifts["MissingColumn steps.request_id"].Effect, StringComparison.Ordinal);
        Assert.All(drifts.Values, d => Assert.True(d.IsFixable && d.IsAdditive));
        Assert.Equal(["ix_messages_conversation_id", "ix_runs_conversation_id"], diagnosis.Drifts().Where(d => d.Kind == LettaDriftKind.MissingIndex).Select(d => d.Name).Order());
    }

    [Fact]
    public void A_stamped_database_of_create_all_is_a_mixture() => Assert.Equal(
        LettaSchemaBuilder.Mixture, Snapshots.Of("create_all/0.16.2", revision: "27de0f58e076").Diagnose().Report().Builder);

    [Fact]
    public void A_refusal_was_500_before_0_12_and_is_409_since()
    {
        Assert.Contains("500", Effect("0.11.7"), StringComparison.Ordinal);
        Assert.Contains("409", Effect("0.12.0"), StringComparison.Ordinal);

        static string Effect(string release) => Snapshots.Of("create_all/0.11.3").Diagnose(release).Drifts()
            .Single(d => d is { Kind: LettaDriftKind.MissingDefault, Name: "sequence_id" }).Effect;
    }

    [Theory]
    [InlineData(140012, true)]
    [InlineData(150000, false)]
    [InlineData(170004, false)]
    public void A_server_too_old_for_the_release_is_found_and_refused(int version, bool isTooOld)
    {
        var diagnosis = Snapshots.Of("alembic/0.16.1", version).Diagnose("0.16.1");

        Assert.Equal(isTooOld, diagnosis.Drifts().Any(d => d is { Kind: LettaDriftKind.ServerTooOld, Severity: LettaDriftSeverity.Breaks, IsFixable: false }));
        var refusal = Record.Exception(() => diagnosis.RefuseUnlessMendable(planOnly: false)) as LettaException;
        Assert.Equal(isTooOld ? "PostgresTooOld" : null, refusal?.ErrorId);
    }

    [Fact]
    public void What_an_old_database_lacks_is_left_to_its_own_migrations()
    {
        var diagnosis = Snapshots.Of("alembic/0.16.1", revision: "39577145c45d").Diagnose("0.16.2");

        Assert.Contains(diagnosis.Drifts(), d => d.Kind == LettaDriftKind.MissingColumn);
        Assert.DoesNotContain(diagnosis.Drifts(), d => d.IsFixable);
        Assert.All(diagnosis.Drifts().Where(d => d.Kind == LettaDriftKind.MissingColumn), d => Assert.Contains("Update-LettaSchema", d.Recommendation, StringComparison.Ordinal));
        Assert.Equal([LettaDriftKind.RevisionBehind], diagnosis.ToMend.Select(d => d.Kind));
    }

    [Fact]
    public void What_an_old_database_lacks_of_its_own_release_is_mended()
    {
        var snapshot = Snapshots.Of("alembic/0.16.1", revision: "39577145c45d");
        snapshot = snapshot with { Model = snapshot.Model.With("runs", t => t with { Columns = [.. t.Columns.Where(c => c.Name != "metadata_")] }) };

        var mended = Assert.Single(snapshot.Diagnose("0.16.2").Drifts(), d => d.IsFixable);

        Assert.Equal((LettaDriftKind.MissingColumn, "runs", "metadata_"), (mended.Kind, mended.Table, mended.Name));
    }

    [Theory]
    [InlineData("1c28e167b74f", "0.16.2", LettaDriftKind.RevisionAhead, "SchemaTooNew")]
    [InlineData("0123456789ab", "0.16.2", LettaDriftKind.RevisionUnknown, "RevisionNotFound")]
    public void A_revision_that_the_release_does_not_know_breaks_it_and_is_refused(string revision, string release, LettaDriftKind kind, string errorId)
    {
        var diagnosis = Snapshots.Of("alembic/0.16.8", revision: revision).Diagnose(release);

        Assert.Contains(diagnosis.Drifts(), d => d.Kind == kind && d.Severity == LettaDriftSeverity.Breaks && !d.IsFixable);
        Assert.Equal(errorId, Assert.Throws<LettaException>(() => diagnosis.RefuseUnlessMendable(planOnly: true)).ErrorId);
    }

    [Fact]
    public void Two_revisions_are_told_and_refused()
    {
        var diagnosis = (Snapshots.Of("alembic/0.16.2") with { Revisions = ["39577145c45d", "27de0f58e076"] }).Diagnose("0.16.2");

        Assert.Contains(diagnosis.Drifts(), d => d.Kind == LettaDriftKind.RevisionUnknown);
        Assert.Throws<LettaException>(() => diagnosis.RefuseUnlessMendable(planOnly: true));
    }

    [Fact]
    public void What_a_later_release_added_is_extra_and_its_origin_named()
    {
        var drifts = Snapshots.Of("alembic/0.16.8").Diagnose("0.16.6").Drifts().ToDictionary(d => $"{d.Kind} {d.Table}.{d.Name}");

        Assert.Contains("0.16.7 to 0.16.8 have it", drifts["ExtraColumn conversations.last_message_at"].Effect, StringComparison.Ordinal);
        Assert.All(drifts.Values.Where(d => d.Kind.ToString().StartsWith("Extra", StringComparison.Ordinal)), d => Assert.Equal((LettaDriftSeverity.Cosmetic, false), (d.Severity, d.IsFixable)));
    }

    [Fact]
    public void A_column_of_its_own_that_must_not_be_null_breaks_inserting()
    {
        var snapshot = Snapshots.Of("alembic/0.16.2");
        var own = new SchemaColumn { Name = "own", Type = "text", NotNull = true };
        snapshot = snapshot with { Model = snapshot.Model.With("agents", t => t with { Columns = [.. t.Columns, own] }) };

        var drift = Assert.Single(snapshot.Diagnose("0.16.2").Drifts(), d => d.Kind == LettaDriftKind.ExtraColumn);

        Assert.Equal((LettaDriftSeverity.Breaks, false), (drift.Severity, drift.IsFixable));
        Assert.NotNull(drift.Recommendation);
    }

    [Fact]
    public void The_schema_in_the_search_path_is_taken_before_a_fuller_one()
    {
        SchemaCandidate[] candidates =
        [
            Candidate("full", 49, null), Candidate("used", 20, 2), Candidate("few", 4, 1),
        ];

        Assert.Equal("used", SchemaFingerprint.Choose(candidates)!.Name);
        Assert.Equal("full", SchemaFingerprint.Choose([candidates[0], candidates[2]])!.Name);
        Assert.Null(SchemaFingerprint.Choose([candidates[2]]));

        static SchemaCandidate Candidate(string name, int tables, int? position) => new() { Name = name, Tables = tables, SearchPosition = position, HasAlembicVersion = false };
    }

    [Fact]
    public void A_collation_that_moved_and_an_old_extension_are_noted()
    {
        var snapshot = Snapshots.Of("alembic/0.16.2") with { Collation = new CollationVersions("2.31", "2.36") };
        snapshot = snapshot with { Server = snapshot.Server with { AvailableExtensions = [new SchemaExtension { Name = "vector", Version = "0.8.1" }] } };

        var notes = snapshot.Diagnose().Report().Notes;

        Assert.Contains(notes, n => n.Contains("2.31", StringComparison.Ordinal) && n.Contains("2.36", StringComparison.Ordinal));
        Assert.Contains(notes, n => n.Contains("ALTER EXTENSION vector UPDATE", StringComparison.Ordinal));
    }
}

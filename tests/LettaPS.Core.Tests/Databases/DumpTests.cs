using LettaPS.Core.Databases;
using LettaPS.Core.Databases.Dumps;
using LettaPS.TestKit;

namespace LettaPS.Core.Tests.Databases;

public class DumpTests
{
    private readonly CancellationToken _cancel = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_manifest_is_read_as_it_was_written_and_finds_one_flipped_bit()
    {
        using var folder = new TempFolder();
        var dump = Write(folder, "a.dump", DateTimeOffset.UnixEpoch, 100);

        var manifest = DumpManifest.Read(dump);
        await manifest.VerifyAsync(dump, null, _cancel);
        Assert.Equal(("letta", 7L, "27de0f58e076"), (manifest.Database.Name, manifest.Database.Rows, manifest.Database.AlembicRevision));

        var bytes = await File.ReadAllBytesAsync(dump, _cancel);
        bytes[50] ^= 1;
        await File.WriteAllBytesAsync(dump, bytes, _cancel);
        Assert.Equal("DumpDamaged", (await Assert.ThrowsAsync<LettaException>(() => manifest.VerifyAsync(dump, null, _cancel))).ErrorId);
        await File.WriteAllBytesAsync(dump, bytes[..^1], _cancel);
        Assert.Contains("99 bytes instead of 100", (await Assert.ThrowsAsync<LettaException>(() => manifest.VerifyAsync(dump, null, _cancel))).Message);
    }

    [Fact]
    public void A_dump_without_manifest_is_unverified_and_one_that_is_not_there_is_missing()
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["a.dump"], "x");
        File.WriteAllText(folder["b.dump"], "x");
        File.WriteAllText(folder["b.dump.json"], "{");

        Assert.Equal("DumpManifestNotFound", Assert.Throws<LettaException>(() => DumpManifest.Read(folder["a.dump"])).ErrorId);
        Assert.Equal("DumpManifestDamaged", Assert.Throws<LettaException>(() => DumpManifest.Read(folder["b.dump"])).ErrorId);
        Assert.Equal("DumpNotFound", Assert.Throws<LettaException>(() => DumpManifest.Read(folder["c.dump"])).ErrorId);
    }

    [Theory]
    [InlineData("\"database\": null")]
    [InlineData("\"tables\": null")]
    [InlineData("\"sha256\": null")]
    public void A_manifest_that_says_null_where_something_is_needed_is_damaged(string text)
    {
        using var folder = new TempFolder();
        var dump = Write(folder, "a.dump", DateTimeOffset.UnixEpoch, 10);
        var manifest = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(dump + ".json"))!.AsObject();
        var key = text.Split('"')[1];
        (key == "tables" ? manifest["database"]!.AsObject() : manifest)[key] = null;
        File.WriteAllText(dump + ".json", manifest.ToJsonString());

        Assert.Equal("DumpManifestDamaged", Assert.Throws<LettaException>(() => DumpManifest.Read(dump)).ErrorId);
        Assert.Null(DumpManifest.FindNewest(folder.Path, "letta", "7"));
    }

    [Fact]
    public void A_manifest_whose_dump_is_gone_is_in_nobodys_way()
    {
        using var folder = new TempFolder();
        var dump = Write(folder, "a.dump", DateTimeOffset.UnixEpoch, 10);
        Assert.True(DumpManifest.IsTaken(dump));

        File.Delete(dump);

        Assert.False(DumpManifest.IsTaken(dump));
        Assert.Null(DumpManifest.FindNewest(folder.Path, "letta", "7"));
        File.WriteAllText(folder["b.dump.json"], "of another program");
        Assert.True(DumpManifest.IsTaken(folder["b.dump"]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Killed_while_a_dump_replaces_another_one_of_the_two_is_left_with_its_manifest(bool inPlace)
    {
        using var folder = new TempFolder();
        var dump = Write(folder, "a.dump", DateTimeOffset.UnixEpoch, 10);
        byte[] next = [1, 2, 3];

        Assert.Throws<KilledException>(() => Of(next, DateTimeOffset.UnixEpoch.AddDays(1)).Write(dump, () =>
        {
            if (inPlace)
            {
                File.WriteAllBytes(dump, next);
            }

            throw new KilledException();
        }));

        Assert.Equal(inPlace ? 3 : 10, DumpManifest.Read(dump).Length);
        Write(folder, "a.dump", DateTimeOffset.UnixEpoch.AddDays(2), 20);
        Assert.Equal(20, DumpManifest.Read(dump).Length);
        Assert.Equal(2, Directory.GetFiles(folder.Path).Length);
    }

    [Fact]
    public void The_newest_dump_of_a_database_is_found_by_what_it_shows_not_by_its_name()
    {
        using var folder = new TempFolder();
        Write(folder, "z-old.dump", DateTimeOffset.UnixEpoch, 10);
        var newest = Write(folder, "a-new.dump", DateTimeOffset.UnixEpoch.AddDays(1), 10);
        Write(folder, "thoth.dump", DateTimeOffset.UnixEpoch.AddDays(2), 10, "thoth");
        Write(folder, "other-cluster.dump", DateTimeOffset.UnixEpoch.AddDays(2), 10, cluster: "8");
        File.WriteAllText(folder["notes.json"], "[]");

        Assert.Equal(newest, DumpManifest.FindNewest(folder.Path, "letta", "7")?.Path);
        Assert.Null(DumpManifest.FindNewest(folder["none"], "letta", "7"));
    }

    [Theory]
    [InlineData(100, 50, false)]
    [InlineData(100, 49, true)]
    [InlineData(100, 0, true)]
    [InlineData(9, 0, false)]
    [InlineData(0, 100, false)]
    public void A_table_that_lost_more_than_half_of_its_rows_is_suspicious(long before, long now, bool suspicious) =>
        Assert.Equal(suspicious, DumpSizeGuard.Find(Manifest(rows: before), Manifest(rows: now)).Count > 0);

    [Fact]
    public void A_table_that_was_migrated_away_is_not_suspicious_and_no_table_at_all_is()
    {
        var before = Manifest(rows: 100);
        var renamed = Manifest(rows: 100) with { Database = before.Database with { Tables = [new("letta", "runs", 100)] } };

        Assert.Empty(DumpSizeGuard.Find(before, renamed));
        Assert.Equal(["no table is left"], DumpSizeGuard.Find(before, renamed with { Database = before.Database with { Tables = [] } }));
    }

    [Fact]
    public void A_dump_of_less_than_half_the_size_is_suspicious()
    {
        Assert.Single(DumpSizeGuard.Find(Manifest() with { Length = 3_000_000 }, Manifest() with { Length = 1_000_000 }));
        Assert.Empty(DumpSizeGuard.Find(Manifest() with { Length = 3_000_000, Format = DumpFormat.Plain }, Manifest() with { Length = 1_000_000 }));
        Assert.Empty(DumpSizeGuard.Find(Manifest() with { Length = 1000 }, Manifest() with { Length = 100 }));
    }

    [Theory]
    [InlineData("letta", "dbname='letta'")]
    [InlineData(@"a'b\c d=e", @"dbname='a\'b\\c d=e'")]
    public void Names_of_databases_are_nothing_but_names(string name, string expected) => Assert.Equal(expected, ConnectionText.Of(name));

    private static string Write(TempFolder folder, string name, DateTimeOffset takenAt, int length, string database = "letta", string cluster = "7")
    {
        var bytes = new byte[length];
        Of(bytes, takenAt, database, cluster).Write(folder[name], () => File.WriteAllBytes(folder[name], bytes));
        return folder[name];
    }

    private static DumpManifest Of(byte[] dump, DateTimeOffset takenAt, string database = "letta", string cluster = "7")
    {
        var manifest = Manifest();
        return manifest with
        {
            TakenAt = takenAt,
            Length = dump.Length,
            Sha256 = Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(dump)).ToLowerInvariant(),
            SystemIdentifier = cluster,
            Database = manifest.Database with { Name = database },
        };
    }

    private static DumpManifest Manifest(long rows = 7) => new()
    {
        Tool = "LettaPS 1",
        TakenAt = DateTimeOffset.UnixEpoch,
        Format = DumpFormat.Custom,
        Length = 1,
        Sha256 = "0",
        DumpedWith = "pg_dump (PostgreSQL) 17.12",
        ServerVersion = 170012,
        Database = new DatabaseFacts
        {
            Name = "letta",
            Owner = "letta",
            Encoding = "UTF8",
            Collate = "C",
            CType = "C",
            AlembicRevision = "27de0f58e076",
            Tables = [new DatabaseTable("letta", "messages", rows)],
        },
    };
}

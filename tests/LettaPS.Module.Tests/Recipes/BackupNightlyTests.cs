using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using LettaPS.Sandbox;
using LettaPS.Sandbox.Http;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests.Recipes;

public sealed class BackupNightlyTests
{
    private const string Nightly = "Backup-LettaNightly";

    [Fact]
    public async Task A_good_night_writes_a_verified_set_and_a_dump_and_says_so_in_one_line()
    {
        await using var database = await (await PostgresServer.GetAsync(15)).CreateLettaDatabaseAsync("alembic/0.16.8", stamped: true);
        await using var night = await Night.StartAsync();

        var (line, code) = night.Run("-DatabaseUri $args[1] -LogPath $args[2]", database.Uri(), night.Folder["log"]);

        Assert.Equal(0, code);
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ OK server=http://127\.0\.0\.1:\d+/ agents=16 messages=\d+ incomplete=0 failed=0 removed=0 set=\S+ dump=\S+\.dump seconds=\d+$", line);
        Assert.Equal(line + "\n", await File.ReadAllTextAsync(night.Folder["log"], TestContext.Current.CancellationToken));
        Assert.Single(night.Sets);
        Assert.Single(Directory.GetFiles(night.Backups, "*.dump"));
        Assert.DoesNotContain(Uri.EscapeDataString(PostgresServer.Password), line, StringComparison.Ordinal);
    }

    /// <summary>Age and count both decide: what is young is kept however many there are, and the newest are kept however old they are.</summary>
    [Theory]
    [InlineData(2, 10, 3)]
    [InlineData(5, 10, 5)]
    [InlineData(1, 0, 1)]
    public async Task Only_what_is_old_and_not_among_the_newest_is_removed(int keepCount, int keepDays, int left)
    {
        await using var night = await Night.StartAsync();
        foreach (var days in (int[])[40, 30, 20, 9, 8])
        {
            night.AddSet(days);
        }

        var before = night.Sets;
        var (line, code) = night.Run("-NoDump -KeepCount $args[1] -KeepDays $args[2]", keepCount, keepDays);

        Assert.Equal(0, code);
        Assert.Contains($" removed={6 - left} ", line, StringComparison.Ordinal);
        Assert.Equal(before[^(left - 1)..], night.Sets[..^1]);
        Assert.Contains($" set={night.Sets[^1]} ", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_night_that_fails_removes_nothing_and_exits_with_2()
    {
        await using var night = await Night.StartAsync();
        night.AddSet(100);
        night.AddSet(99);
        night.Server.Faults.Add(new Fault(new StatusEffect(500, "{}")) { Path = "/v1/agents/**" });

        var (line, code) = night.Run("-NoDump -KeepCount 1 -KeepDays 1");

        Assert.Equal(2, code);
        Assert.Contains($" FAILED server={night.Server.BaseUri} error_id=", line, StringComparison.Ordinal);
        Assert.Equal(2, night.Sets.Length);
    }

    /// <summary>Else the last set that holds the agent would go after thirty such nights.</summary>
    [Fact]
    public async Task An_agent_that_cannot_be_read_is_told_the_others_are_saved_and_nothing_is_removed()
    {
        await using var night = await Night.StartAsync();
        night.AddSet(100);
        night.AddSet(99);
        var agent = Assert.Single(night.Shell.Run("(Get-LettaAgent Memo).Id").Succeed()).ToString();
        night.Server.Faults.Add(new Fault(new StatusEffect(500, "{}")) { Path = $"/v1/agents/{agent}/**" });
        night.Server.Faults.Add(new Fault(new StatusEffect(500, "{}")) { Path = $"/v1/agents/{agent}" });

        var (line, code) = night.Run("-NoDump -KeepCount 1 -KeepDays 1");

        Assert.Equal(3, code);
        Assert.Matches(" INCOMPLETE .* agents=15 .* failed=1 removed=0 .* error_id=ServerFailed error=\"[^\"]+\" seconds=", line);
        Assert.Equal(3, night.Sets.Length);
    }

    /// <summary>A part that cannot be read makes a night incomplete too: the last complete set must outlive any number of such nights.</summary>
    [Fact]
    public async Task Nights_that_lack_something_remove_nothing_and_never_the_last_complete_set()
    {
        await using var night = await Night.StartAsync();
        night.AddSet(100);
        night.AddSet(99);
        var fault = night.Server.Faults.Add(new Fault(new StatusEffect(500, "{}")) { Path = "/v1/agents/*/archival-memory" });

        var (line, code) = night.Run("-NoDump -KeepCount 1 -KeepDays 0");
        Assert.Matches(" INCOMPLETE .* incomplete=[1-9][0-9]* failed=0 removed=0 ", line);
        Assert.Equal(3, code);
        Assert.Equal(3, night.Run("-NoDump -KeepCount 1 -KeepDays 0").ExitCode);
        Assert.Equal(4, night.Sets.Length);

        night.Server.Faults.Remove(fault);
        Assert.Equal(0, night.Run("-NoDump -KeepCount 1 -KeepDays 0").ExitCode);
        Assert.Equal("Complete", Assert.Single(night.Shell.Run("(Get-LettaBackup $args[0]).State", night.Backups).Succeed()).ToString());
    }

    [Fact]
    public async Task A_server_that_was_emptied_removes_nothing()
    {
        await using var full = await Night.StartAsync();
        full.AddSet(100);
        full.AddSet(99);
        full.Server.State.Agents.ToList().ForEach(a => full.Server.State.Agents.Remove(a.Id));

        var (line, code) = full.Run("-NoDump -KeepCount 1 -KeepDays 0");

        Assert.Matches(" INCOMPLETE .* agents=0 .* removed=0 ", line);
        Assert.Equal(3, code);
        Assert.Equal(2, full.Sets.Length);
        Assert.Contains(full.Shell.Console.Warnings, w => w.Contains("has no agents", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_that_lost_most_of_its_agents_removes_nothing()
    {
        await using var night = await Night.StartAsync();
        Assert.Equal(0, night.Run("-NoDump").ExitCode);
        foreach (var agent in night.Server.State.Agents.Skip(3).ToList())
        {
            night.Server.State.Agents.Remove(agent.Id);
        }

        var (line, code) = night.Run("-NoDump -KeepCount 1 -KeepDays 0");

        Assert.Matches(" OK .* agents=3 .* removed=0 ", line);
        Assert.Equal(0, code);
        Assert.Equal(2, night.Sets.Length);
    }

    [Fact]
    public async Task What_somebody_put_into_an_old_set_stays()
    {
        await using var night = await Night.StartAsync();
        night.AddSet(100);
        var old = Assert.Single(night.Sets);
        File.WriteAllText(Path.Combine(old, "id-map.json"), "{}");

        Assert.Matches(" removed=1 ", night.Run("-NoDump -KeepCount 1 -KeepDays 0").Line);

        Assert.Equal(["id-map.json"], Directory.GetFileSystemEntries(old).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_database_that_is_not_known_to_be_the_servers_is_not_dumped_and_nothing_is_written()
    {
        await using var night = await Night.StartAsync();

        var (line, code) = night.Run(string.Empty);

        Assert.Equal(2, code);
        Assert.Contains($" FAILED server={night.Server.BaseUri} error_id=", line, StringComparison.Ordinal);
        Assert.False(Directory.Exists(night.Backups) && Directory.EnumerateFileSystemEntries(night.Backups).Any());
    }

    [Fact]
    public async Task A_log_that_cannot_be_written_changes_nothing_about_the_exit_code()
    {
        await using var night = await Night.StartAsync();

        var (line, code) = night.Run("-NoDump -LogPath $args[1]", Path.Combine(night.Folder["nowhere"], "log"));

        Assert.Equal(0, code);
        Assert.Contains(" OK ", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sets_of_another_server_and_folders_that_are_no_sets_are_left_alone()
    {
        await using var night = await Night.StartAsync();
        night.AddSet(100, server: "http://elsewhere:8283/");
        Directory.CreateDirectory(Path.Combine(night.Backups, "letta-backup-20200101T000000Z"));

        Assert.Equal(0, night.Run("-NoDump -KeepCount 1 -KeepDays 1").ExitCode);

        Assert.Equal(3, night.Sets.Length);
    }

    [Fact]
    public async Task Old_dumps_go_with_what_is_known_of_them()
    {
        await using var database = await (await PostgresServer.GetAsync(15)).CreateLettaDatabaseAsync("alembic/0.16.8", stamped: true);
        await using var night = await Night.StartAsync();
        Assert.Equal(0, night.Run("-DatabaseUri $args[1]", database.Uri()).ExitCode);
        var dump = Assert.Single(Directory.GetFiles(night.Backups, "*.dump"));
        var old = Regex.Replace(dump, @"\d{8}T", "20200101T");
        var other = Path.Combine(night.Backups, "other-letta-20200101T000000Z.dump");
        File.Move(dump, old);
        File.Move(dump + ".json", old + ".json");
        File.WriteAllText(old + ".json", Regex.Replace(File.ReadAllText(old + ".json"), "(?<=\"taken_at\": \")[^\"]*", DateTimeOffset.UtcNow.AddDays(-100).ToString("O")));
        File.Copy(old, other);
        File.Copy(old + ".json", other + ".json");

        var (line, code) = night.Run("-DatabaseUri $args[1] -KeepCount 1 -KeepDays 50", database.Uri());

        Assert.Matches(" OK .* removed=1 ", line);
        Assert.Equal(0, code);
        Assert.Equal(2, Directory.GetFiles(night.Backups, "*.dump").Length);
        Assert.False(File.Exists(old) || File.Exists(old + ".json"));
        Assert.True(File.Exists(other));
    }

    [Fact]
    public async Task WhatIf_writes_and_removes_nothing()
    {
        await using var night = await Night.StartAsync();
        night.AddSet(100);
        night.AddSet(99);

        Assert.Equal(0, night.Run("-NoDump -KeepCount 1 -KeepDays 1 -LogPath $args[1] -WhatIf", night.Folder["log"]).ExitCode);

        Assert.Equal(2, night.Sets.Length);
        Assert.False(File.Exists(night.Folder["log"]));
        Assert.Contains("Remove old backup set", night.Shell.Console.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_night_that_the_script_itself_gives_up_has_an_identifier_and_a_quoted_message()
    {
        await using var night = await Night.StartAsync();

        var (line, code) = night.Run("-OnFailure no-such-command");

        Assert.Equal(2, code);
        Assert.Matches(@$" FAILED server={Regex.Escape(night.Server.BaseUri.ToString())} error_id=OnFailureNotFound error=""There is no command 'no-such-command' for -OnFailure\."" seconds=\d+$", line);
    }

    [Fact]
    public async Task Quotation_marks_and_line_ends_of_an_error_do_not_end_the_value()
    {
        await using var night = await Night.StartAsync();
        night.Server.Faults.Add(new Fault(new StatusEffect(500, """{"detail":"a \"quoted\" word\nand a line"}""")) { Path = "/v1/agents/**" });

        var (line, _) = night.Run("-NoDump");

        Assert.Matches(@" error=""(?:[^""\\]|\\.)*\\""quoted\\""(?:[^""\\]|\\.)*"" seconds=\d+$", line);
        Assert.DoesNotContain('\n', line);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_night_that_is_not_good_calls_the_hook_with_its_line_and_code(bool fails)
    {
        await using var night = await Night.StartAsync();
        if (fails)
        {
            night.Server.Faults.Add(new Fault(new StatusEffect(500, "{}")) { Path = "/v1/agents/**" });
        }

        var (line, code) = night.Run("-NoDump -OnFailure { param($line, $code) [IO.File]::WriteAllText($global:hook, \"$code $line\"); 'not part of the output'; throw 'the hook fails too' }.GetNewClosure()".Replace("$global:hook", $"'{night.Folder["hook"]}'", StringComparison.Ordinal));

        Assert.Equal(fails ? 2 : 0, code);
        Assert.Equal(fails, File.Exists(night.Folder["hook"]));
        Assert.DoesNotContain("not part of the output", line, StringComparison.Ordinal);
        if (fails)
        {
            Assert.Equal($"2 {line}", await File.ReadAllTextAsync(night.Folder["hook"], TestContext.Current.CancellationToken));
            Assert.Contains(night.Shell.Console.Warnings, w => w.Contains("the hook fails too", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_database_of_another_release_is_refused_before_anything_is_written()
    {
        await using var database = await (await PostgresServer.GetAsync(15)).CreateLettaDatabaseAsync("alembic/0.11.3", stamped: true);
        await using var night = await Night.StartAsync();

        var (line, code) = night.Run("-DatabaseUri $args[1]", database.Uri());

        Assert.Equal(2, code);
        Assert.Contains(" error_id=DatabaseReleaseMismatch ", line, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(night.Backups));
    }

    [Fact]
    public async Task A_database_that_cannot_be_reached_does_not_cost_the_agents_their_backup()
    {
        await using var night = await Night.StartAsync();

        var (line, code) = night.Run("-DatabaseUri $args[1]", $"postgresql://letta:hush-hush@127.0.0.1:{FreePort.Next()}/letta");

        Assert.Equal(2, code);
        Assert.Single(night.Sets);
        Assert.DoesNotContain("hush-hush", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_removed_if_the_newest_set_changes_after_the_night()
    {
        await using var night = await Night.StartAsync();
        night.AddSet(100);
        night.AddSet(99);
        var file = Directory.GetFiles(night.Sets[^1], "*.af")[0];
        var bytes = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        bytes[^3] ^= 1;
        await File.WriteAllBytesAsync(file, bytes, TestContext.Current.CancellationToken);

        Assert.Empty(night.Shell.Run("Remove-LettaBackup $args[0] -KeepCount 1 -Confirm:$false", night.Backups).Succeed());

        Assert.Equal(2, night.Sets.Length);
        Assert.Contains(night.Shell.Console.Warnings, w => w.Contains("is damaged", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Removing_returns_what_was_removed_and_only_what_was_given()
    {
        await using var night = await Night.StartAsync();
        foreach (var days in (int[])[40, 30, 20, 10])
        {
            night.AddSet(days);
        }

        var sets = night.Sets;
        Assert.StartsWith("InvalidRetention,", Assert.Single(night.Shell.Run("Remove-LettaBackup $args[0] -Confirm:$false", night.Backups).Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Empty(night.Shell.Run("Remove-LettaBackup $args[0] -KeepCount 1 -WhatIf", night.Backups).Succeed());
        Assert.Equal(sets, night.Sets);

        var removed = Assert.Single(night.Shell.Run("Get-LettaBackup $args[0] | Where-Object Path -EQ $args[1] | Remove-LettaBackup -KeepDays 15 -Confirm:$false", night.Backups, sets[1]).Succeed());
        Assert.Equal((sets[1], 1), (removed.Get<string>("Path"), removed.Get<int>("AgentCount")));
        Assert.Equal([sets[0], sets[2], sets[3]], night.Sets);
        Assert.Empty(night.Shell.Run("Remove-LettaBackup $args[0] -KeepCount 1 -Confirm:$false", sets[3]).Succeed());
        Assert.Equal(2, night.Shell.Run("Remove-LettaBackup $args[0] -KeepDays 15 -Confirm:$false", night.Backups).Succeed().Count);
        Assert.Equal([sets[3]], night.Sets);
    }

    /// <summary>A server, and the folder of its backups.</summary>
    private sealed class Night : IAsyncDisposable
    {
        private readonly Connected _connected;

        private Night(Connected connected)
        {
            _connected = connected;
            Directory.CreateDirectory(Backups);
        }

        public SandboxServer Server => _connected.Server;

        public Hosting.Shell Shell => _connected.Shell;

        public TempFolder Folder => _connected.Folder;

        public string Backups => Folder["backups"];

        public string[] Sets => [.. Directory.GetDirectories(Backups).Order(StringComparer.Ordinal)];

        public static async Task<Night> StartAsync() => new(await Connected.ToAsync());

        public (string Line, int ExitCode) Run(string parameters, params object?[] arguments) =>
            Shell.RunToExit(Nightly, $"$args[0] -Connection (Get-LettaConnection) {parameters}", [Backups, .. arguments]);

        /// <summary>A finished set of some days ago.</summary>
        public void AddSet(int days, string? server = null)
        {
            var set = Path.Combine(Backups, $"letta-backup-{DateTime.UtcNow.AddDays(-days):yyyyMMdd'T'HHmmss'Z'}");
            Shell.Run("$null = Get-LettaAgent Memo | Export-LettaAgent -Path $args[0]", Folder["template"]).Succeed();
            Directory.Move(Assert.Single(Directory.GetDirectories(Folder["template"])), set);
            Antedate(Path.Combine(set, "manifest.json"), DateTimeOffset.UtcNow.AddDays(-days), server);
        }

        /// <summary>Changes the time, and the server, that a manifest tells, and seals it again.</summary>
        private static void Antedate(string manifest, DateTimeOffset time, string? server)
        {
            var text = Regex.Replace(File.ReadAllText(manifest), "(?<=\"(started|completed)_at\": \")[^\"]*", time.ToString("O"));
            text = text.Replace("\"scope\": \"Selected\"", "\"scope\": \"All\"", StringComparison.Ordinal);
            text = server is null ? text : Regex.Replace(text, "(?<=\"server\": \")[^\"]*", server);
            var body = text[..text.LastIndexOf(",\n  \"manifest_sha256\"", StringComparison.Ordinal)];
            var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(body)));
            File.WriteAllText(manifest, $"{body},\n  \"manifest_sha256\": \"{hash}\"\n}}\n");
        }

        public ValueTask DisposeAsync() => _connected.DisposeAsync();
    }
}

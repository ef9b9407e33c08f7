using System.Management.Automation;
using LettaPS.Hosting;
using LettaPS.Sandbox;
using LettaPS.Sandbox.Fleets;
using LettaPS.Sandbox.Http;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests.Health;

public class ApiHealthTests
{
    [Theory]
    [InlineData("0.11.3")]
    [InlineData("0.16.2")]
    [InlineData("0.16.8")]
    public async Task A_healthy_server_passes_and_is_only_read(string release)
    {
        await using var letta = await Connected.ToAsync(new SandboxOptions { Release = release });
        var before = letta.Server.State.ContentHash();

        var checks = Checks.Of(letta.Run("Test-LettaHealth -Quick"));

        Assert.Equal(["Network/Tls"], checks.AllBut("Passed").Select(c => c.Split(' ')[1]).Where(c => !c.StartsWith("Container/", StringComparison.Ordinal)));
        Assert.Equal(release == "0.11.3" ? 9 : 12, checks.Names.Count(n => n.StartsWith("Tables/", StringComparison.Ordinal)));
        Assert.All(letta.Server.Requests.Entries, r => Assert.Equal("GET", r.Method));
        Assert.Equal(before, letta.Server.State.ContentHash());
    }

    [Fact]
    public async Task Each_server_has_its_heading_its_summary_and_its_truth_value()
    {
        await using var one = await Connected.ToAsync();
        await using var two = await SandboxServer.StartAsync();
        two.Faults.Add(new Fault(new StatusEffect(500)) { Path = "/v1/agents/" });
        one.Run("$script:both = (Get-LettaConnection), (Connect-Letta $args[0] -PassThru 3> $null 6> $null)", two.BaseUri).Succeed();

        var lines = one.Run("Test-LettaHealth -Connection $script:both -Quick 6>&1").Succeed().Select(o => o.BaseObject).OfType<InformationRecord>().Select(r => r.ToString()).ToList();
        var quiet = one.Run("Test-LettaHealth -Connection $script:both -Quick -Quiet").Succeed();

        Assert.Equal(2, lines.Count);
        Assert.Matches($"^{one.Server.BaseUri}: 0 failed, [0-9]+ warnings?, [0-9]+ passed, [0-9]+ skipped$", lines[0]);
        Assert.Matches($"^{two.BaseUri}: [1-9][0-9]* failed, ", lines[1]);
        Assert.Equal([(true, one.Server.BaseUri), (false, two.BaseUri)], quiet.Select(q => ((bool)q.BaseObject, q.Get<Uri>("Server"))));
    }

    [Fact]
    public async Task With_a_database_that_cannot_be_reached_the_agents_are_examined_through_the_API()
    {
        await using var letta = await Connected.ToAsync();

        var checks = Checks.Of(letta.Run("Test-LettaHealth -DatabaseUri 'postgresql://letta:x@127.0.0.1:1/letta'"));

        Assert.Equal("Failed", checks.Status("Database/Reachable"));
        Assert.Equal("Passed", checks.Status("Agents/Context"));
        Assert.Equal("Passed", checks.Status("Agents/Ids"));
    }

    [Fact]
    public async Task An_agent_with_a_foreign_identifier_is_told_and_the_others_are_examined()
    {
        await using var letta = await Connected.ToAsync();
        letta.Server.Faults.Add(new Fault(EditEffect.HostileId()) { Path = "/v1/agents/" });

        var checks = Checks.Of(letta.Run("Test-LettaHealth"));

        Assert.Equal("Warning", checks.Status("Agents/Ids"));
        Assert.Contains("1 id is", checks.Message("Agents/Ids"));
        Assert.Equal("Passed", checks.Status("Agents/Context"));
    }

    /// <summary>On 0.13 and later the API changes old tool messages when it reads them (letta-facts.md 10.1): no message may be read.</summary>
    [Theory]
    [InlineData("0.16.2")]
    [InlineData("0.16.8")]
    public async Task Tool_messages_of_0_11_stay_as_they_are(string release)
    {
        await using var letta = await Connected.ToAsync(new SandboxOptions { Release = release, Fleet = Fleet.Seed(Upgrade.Fresh) });
        var before = letta.Server.State.ContentHash();

        Assert.Equal("Passed", Checks.Of(letta.Run("Test-LettaHealth -Quick")).Status("Tables/messages"));

        Assert.Equal(before, letta.Server.State.ContentHash());
    }

    [Theory]
    [InlineData("messages.sequence_id", "messages")]
    [InlineData("runs.conversation_id", "runs")]
    [InlineData("steps.request_id", "steps")]
    [InlineData("providers.last_synced", "providers")]
    [InlineData("archives.embedding_config", "archives")]
    [InlineData("conversations.last_message_at", "conversations")]
    [InlineData("tools.project_id", "tools")]
    [InlineData("block.hidden", "block")]
    [InlineData("sources", "sources")]
    [InlineData("identities", "identities")]
    [InlineData("groups.hidden", "groups")]
    public async Task A_table_that_lacks_a_column_is_named_and_no_other(string missing, string table)
    {
        await using var letta = await Connected.ToAsync();
        letta.Server.State.Schema.Drop(missing);

        var checks = Checks.Of(letta.Run("Test-LettaHealth -Quick"));

        Assert.Equal([$"Failed Tables/{table}"], checks.AllBut("Passed", "Skipped"));
        Assert.Contains("Invoke-LettaSchemaFix", checks.Recommendation($"Tables/{table}"));
        Assert.Equal("Passed", checks.Status("Api/Health"));
    }

    [Fact]
    public async Task Without_the_table_of_agents_what_needs_one_is_not_failed_again()
    {
        await using var letta = await Connected.ToAsync();
        letta.Server.State.Schema.Drop("agents.compaction_settings");

        var checks = Checks.Of(letta.Run("Test-LettaHealth -Quick"));

        Assert.Equal(["Failed Tables/agents"], checks.AllBut("Passed", "Skipped"));
        Assert.Equal(("Skipped", "Skipped", "Passed"), (checks.Status("Tables/messages"), checks.Status("Tables/conversations"), checks.Status("Api/Authentication")));
        Assert.Contains("not about the password", checks.Message("Api/Authentication"));
    }

    [Theory]
    [InlineData(null, "requires a password")]
    [InlineData("wrong", "does not accept the password")]
    public async Task A_missing_password_is_told_from_a_wrong_one_and_both_from_a_broken_server(string? password, string message)
    {
        await using var server = await SandboxServer.StartAsync(new SandboxOptions { Password = "right" });
        using var shell = new Shell();

        var checks = Checks.Of(shell.Run(Connection(password), server.BaseUri));

        Assert.Equal(["Failed Api/Authentication"], checks.AllBut("Passed", "Skipped"));
        Assert.Contains(message, checks.Message("Api/Authentication"));
        Assert.Equal("Skipped", checks.Status("Tables/All"));
    }

    [Fact]
    public async Task The_right_password_passes_and_is_in_no_result()
    {
        await using var server = await SandboxServer.StartAsync(new SandboxOptions { Password = "right-horse" });
        using var shell = new Shell();

        var checks = Checks.Of(shell.Run(Connection("right-horse"), server.BaseUri));

        Assert.Empty(checks.AllBut("Passed", "Skipped"));
        Assert.DoesNotContain("right-horse", checks.Everything, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_web_page_is_not_taken_for_Letta()
    {
        await using var letta = await Connected.ToAsync();
        letta.Server.Faults.Add(new Fault(StatusEffect.Html(200)));

        var checks = Checks.Of(letta.Run("Test-LettaHealth -Quick"));

        Assert.Equal(["Failed Api/Health"], checks.AllBut("Passed", "Skipped"));
        Assert.Contains("not Letta", checks.Message("Api/Health"));
    }

    [Fact]
    public async Task A_proxy_that_does_not_reach_Letta_is_named()
    {
        await using var letta = await Connected.ToAsync();
        letta.Server.Faults.Add(new Fault(StatusEffect.Html(502)));

        var checks = Checks.Of(letta.Run("Test-LettaHealth -Quick"));

        Assert.Equal(["Failed Network/Proxy"], checks.AllBut("Passed", "Skipped"));
    }

    [Fact]
    public async Task A_proxy_in_front_is_seen()
    {
        await using var proxy = await OtherServer.StartAsync(
            "HTTP/1.1 200 OK\r\nServer: nginx/1.27\r\nContent-Type: application/json\r\nContent-Length: 35\r\nConnection: close\r\n\r\n{\"version\":\"0.16.8\",\"status\":\"ok\"} ");
        using var shell = new Shell();

        var checks = Checks.Of(shell.Run("Test-LettaHealth $args[0] -Quick", proxy.BaseUri));

        Assert.Contains("nginx/1.27", checks.Message("Network/Proxy"));
    }

    /// <summary>Failure 8 of the fifteen.</summary>
    [Theory]
    [InlineData("0.11.7", "more than 50 messages")]
    [InlineData("0.10.0", "may be another release")]
    [InlineData("1.2.3", "no release")]
    public async Task A_version_that_is_trouble_is_told(string version, string message)
    {
        var body = $"{{\"version\":\"{version}\",\"status\":\"ok\"}}";
        await using var server = await OtherServer.StartAsync($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}");
        using var shell = new Shell();

        var checks = Checks.Of(shell.Run("Test-LettaHealth $args[0] -Quick", server.BaseUri));

        Assert.Equal("Warning", checks.Status("Api/Version"));
        Assert.Contains(message, checks.Message("Api/Version"));
    }

    [Fact]
    public async Task A_certificate_of_one_s_own_fails_unless_it_is_not_checked()
    {
        await using var server = TlsServer.Start(DateTimeOffset.UtcNow.AddYears(1));
        using var shell = new Shell();

        var checks = Checks.Of(shell.Run("Test-LettaHealth $args[0] -Quick", server.BaseUri));
        var unchecked_ = Checks.Of(shell.Run("Test-LettaHealth $args[0] -Quick -SkipCertificateCheck", server.BaseUri));

        Assert.Equal(["Failed Network/Tls"], checks.AllBut("Passed", "Skipped"));
        Assert.Equal("CN=localhost", checks.Detail("Network/Tls"));
        Assert.Equal(("Warning", "Passed"), (unchecked_.Status("Network/Tls"), unchecked_.Status("Api/Health")));
    }

    [Fact]
    public async Task What_does_not_speak_TLS_fails_at_TLS()
    {
        await using var letta = await Connected.ToAsync();

        Assert.Equal(["Failed Network/Tls"], Checks.Of(letta.Run("Test-LettaHealth $args[0] -Quick", $"https://127.0.0.1:{letta.Server.BaseUri.Port}")).AllBut("Passed", "Skipped"));
    }

    [Fact]
    public async Task Without_a_database_the_agents_are_read_through_the_API()
    {
        await using var letta = await Connected.ToAsync();

        var checks = Checks.Of(letta.Run("Test-LettaHealth"));

        Assert.Equal("Skipped", checks.Status("Database/Reachable"));
        Assert.Contains("AI/ML Expert", checks.Message("Agents/Names"));
        Assert.Equal("Passed", checks.Status("Agents/Context"));
        Assert.All(letta.Server.Requests.Entries, r => Assert.Equal("GET", r.Method));
    }

    [Fact]
    public async Task A_server_that_says_nothing_fails_at_its_health_in_time()
    {
        await using var letta = await Connected.ToAsync();
        letta.Server.Faults.Add(new Fault(new HangEffect()));

        var checks = Checks.Of(letta.Run("Test-LettaHealth -Quick -Timeout 0.3"));

        Assert.Equal(["Failed Api/Health"], checks.AllBut("Passed", "Skipped"));
        Assert.Contains("0.3 seconds", checks.Message("Api/Health"));
    }

    [Fact]
    public async Task One_table_that_hangs_does_not_hide_the_others()
    {
        await using var letta = await Connected.ToAsync();
        letta.Server.Faults.Add(new Fault(new HangEffect()) { Path = "/v1/tools/" });

        Assert.Equal(["Failed Tables/tools"], Checks.Of(letta.Run("Test-LettaHealth -Quick -Timeout 1")).AllBut("Passed", "Skipped"));
    }

    [Fact]
    public async Task Where_nothing_listens_only_the_port_fails()
    {
        using var shell = new Shell();

        var checks = Checks.Of(shell.Run("Test-LettaHealth $args[0] -Quick", $"http://127.0.0.1:{FreePort.Next()}"));

        Assert.Equal(["Failed Network/Port"], checks.AllBut("Passed", "Skipped"));
        Assert.Equal("Skipped", checks.Status("Api/Health"));
        Assert.Contains("Network/Port", checks.Message("Tables/agents"));
    }

    [Fact]
    public void A_host_that_does_not_exist_fails_at_its_name()
    {
        using var shell = new Shell();

        var checks = Checks.Of(shell.Run("Test-LettaHealth http://no-such-host.invalid:8283 -Quick"));

        Assert.Equal(["Failed Network/Dns"], checks.AllBut("Skipped"));
    }

    [Fact]
    public async Task Quiet_gives_one_truth_value()
    {
        await using var letta = await Connected.ToAsync();

        Assert.True((bool)letta.Run("Test-LettaHealth -Quick -Quiet").Succeed().Single().BaseObject);
        letta.Server.State.Schema.Drop("runs.conversation_id");
        Assert.False((bool)letta.Run("Test-LettaHealth -Quick -Quiet").Succeed().Single().BaseObject);
    }

    [Fact]
    public async Task The_table_fits_the_console_and_shows_sign_layer_check_and_message()
    {
        await using var letta = await Connected.ToAsync();
        letta.Server.State.Schema.Drop("runs.conversation_id");

        Assert.True(letta.Shell.Show("Test-LettaHealth -Quick | Where-Object Layer -eq Tables"));

        var lines = letta.Shell.Console.Text.Split('\n');
        Assert.Contains(lines, l => l.StartsWith("✗ Tables    runs            The server cannot read runs: HTTP 500.", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.StartsWith("✓ Tables    agents          The server reads it.", StringComparison.Ordinal));
        Assert.All(lines, l => Assert.InRange(l.TrimEnd().Length, 0, 120));
    }

    [Theory]
    [InlineData("Failed", "It is down.\nStart it.")]
    [InlineData("Warning", "It is down.")]
    public void The_table_has_the_recommendation_of_a_check_that_failed(string status, string shown)
    {
        using var shell = new Shell();

        Assert.Equal(shown, shell.Run("[LettaPS.Formatting]::WithAdvice('It is down.', $args[0], 'Start it.')", status).Succeed().Single().ToString());
    }

    [Fact]
    public void The_table_of_a_server_that_is_down_says_what_to_do_and_has_one_row_for_each_skipped_layer()
    {
        using var shell = new Shell(80);

        Assert.True(shell.Show("Test-LettaHealth http://127.0.0.1:1 -Quick -OutVariable checks"));
        var recommendation = shell.Run("$checks | Where-Object Status -eq Failed | ForEach-Object Recommendation").Succeed().Single().ToString()!;

        var lines = shell.Console.Text.Split('\n').Select(l => l.TrimEnd()).ToList();
        Assert.Contains(recommendation, string.Join(' ', lines.Select(l => l.Trim())), StringComparison.Ordinal);
        Assert.Single(lines, l => l.StartsWith("– Api ", StringComparison.Ordinal));
        Assert.Single(lines, l => l.StartsWith("– Tables ", StringComparison.Ordinal));
        Assert.All(lines, l => Assert.InRange(l.Length, 0, 80));
    }

    [Fact]
    public void The_sign_has_a_colour_where_the_console_has_colours()
    {
        using var shell = new Shell();

        Assert.Equal(["✓", "!", "✗", "–"], shell.Run("'Passed', 'Warning', 'Failed', 'Skipped' | ForEach-Object { [LettaPS.Formatting]::Status($_, $null) }").Succeed().Select(o => o.ToString()));
        Assert.Equal("\u001b[31m✗\u001b[0m", shell.Run("[LettaPS.Formatting]::Status('Failed', $PSStyle)").Succeed().Single().ToString());
    }

    [Fact]
    public async Task Ctrl_C_ends_what_is_under_way()
    {
        await using var letta = await Connected.ToAsync();
        letta.Server.Faults.Add(new Fault(new HangEffect()) { Path = "/v1/tools/" });
        using var powershell = letta.Shell.Create("Test-LettaHealth -Quick -Timeout 600");

        var running = powershell.BeginInvoke();
        await letta.Server.Requests.WhenAsync(r => r.Count("GET", "/v1/tools/") == 1);
        powershell.Stop();

        Assert.Throws<PipelineStoppedException>(() => powershell.EndInvoke(running));
        await letta.Server.Requests.WhenAsync(r => r.Running == 0);
    }

    private static string Connection(string? password) =>
        "Test-LettaHealth $args[0] -Quick" + (password is null ? null : $" -ApiKey ([System.Net.NetworkCredential]::new('', '{password}').SecurePassword)");
}

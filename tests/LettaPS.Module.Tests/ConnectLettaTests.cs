using System.Net;
using LettaPS.Hosting;
using LettaPS.Sandbox;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests;

public class ConnectLettaTests
{
    [Theory]
    [InlineData("0.11.3")]
    [InlineData("0.16.2")]
    [InlineData("0.16.8")]
    public async Task The_version_is_found_and_the_connection_kept(string release)
    {
        await using var server = await SandboxServer.StartAsync(new SandboxOptions { Release = release });
        using var shell = new Shell();

        var connection = Assert.Single(shell.Run($"Connect-Letta '{server.BaseUri}' -PassThru").Succeed());

        Assert.Equal(release, connection.Get<Version>("LettaVersion").ToString());
        Assert.Equal(server.BaseUri, Assert.Single(shell.Run("Get-LettaConnection").Succeed()).Get<Uri>("BaseUri"));
        Assert.Empty(shell.Run("Disconnect-Letta; Get-LettaConnection").Succeed());
    }

    [Fact]
    public async Task Without_PassThru_nothing_is_given()
    {
        await using var server = await SandboxServer.StartAsync();
        using var shell = new Shell();

        Assert.Empty(shell.Run($"Connect-Letta '{server.BaseUri}/v1/'").Succeed());
    }

    [Fact]
    public async Task A_host_a_saved_name_and_addresses_from_the_pipeline_lead_to_the_server()
    {
        await using var server = await SandboxServer.StartAsync();
        using var shell = new Shell();
        var host = server.BaseUri.Authority;

        Assert.Equal(server.BaseUri, Assert.Single(shell.Run($"Connect-Letta {host} -PassThru").Succeed()).Get<Uri>("BaseUri"));
        Assert.Equal(2, shell.Run($"'{host}', 'http://{host}/v1' | Connect-Letta -PassThru").Succeed().Count);
        Assert.Equal(server.BaseUri, Assert.Single(shell.Run($"Save-LettaConnection nas-of-names {host}; Disconnect-Letta; Connect-Letta NAS-of-names -PassThru; Remove-LettaConnection nas-of-names").Succeed()).Get<Uri>("BaseUri"));
        Assert.Equal(
            new Uri("http://server.example:8283/"),
            Assert.Single(shell.Run("Save-LettaConnection host-of-names server.example -Force -PassThru; Remove-LettaConnection host-of-names").Succeed()).Get<Uri>("BaseUri"));
    }

    [Fact]
    public async Task What_was_connected_to_is_shown_in_one_line()
    {
        await using var server = await SandboxServer.StartAsync();
        using var shell = new Shell();

        var shown = Assert.Single(shell.Run($"Connect-Letta '{server.BaseUri}' 6>&1").Succeed());

        Assert.Equal($"Connected to {server.BaseUri} (Letta 0.16.8, 16 agents).", shown.ToString());
    }

    [Theory]
    [InlineData("Connect-Letta 'user:hunter2@host'")]
    [InlineData("Connect-Letta 'http://user:hunter2@host:99999'")]
    [InlineData("Connect-Letta 'user:hun@ter2@host'")]
    [InlineData("Connect-Letta 'http://user:hun/ter2@host'")]
    [InlineData("'user:hunter2@host' | Connect-Letta")]
    [InlineData("Test-LettaHealth 'user:hunter2@host'")]
    [InlineData("Save-LettaConnection x 'user:hunter2@host'")]
    public void A_password_in_an_address_is_not_repeated(string command)
    {
        using var shell = new Shell();

        var error = Assert.Single(shell.Run(command).Errors);

        var shown = $"{error}\n{error.ErrorDetails}\n{error.Exception}\n{error.TargetObject}";
        Assert.DoesNotContain("hun", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("ter2", shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_password_of_the_environment_is_sent_to_no_server_but_the_one_it_names()
    {
        await using var named = await SandboxServer.StartAsync(new SandboxOptions { Password = "opensesame" });
        await using var other = await SandboxServer.StartAsync(new SandboxOptions { Password = "opensesame" });
        var script = $$"""
            (Connect-Letta {{named.BaseUri.Authority}} -PassThru).HasApiKey
            (Connect-Letta http://localhost:{{named.BaseUri.Port}} -PassThru).HasApiKey
            try { Connect-Letta {{other.BaseUri}} } catch { "$($_.FullyQualifiedErrorId) $($_.ErrorDetails.RecommendedAction)" }
            (Connect-Letta {{other.BaseUri}} -KeyVariable LETTA_API_KEY -PassThru).HasApiKey
            (Test-LettaHealth {{other.BaseUri}} -Quick 6> $null | Where-Object Name -eq Authentication).Status
            """;
        using var process = ConsoleProcess.Start(script.ReplaceLineEndings("; "), named.BaseUri, "opensesame");

        var (_, output) = await process.FinishAsync(TestContext.Current.CancellationToken);

        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(l => !l.StartsWith("Connected", StringComparison.Ordinal) && !l.StartsWith("PS>", StringComparison.Ordinal)).ToList();
        Assert.Equal(
            ["True", "True", $"ApiKeyDenied,LettaPS.Cmdlets.ConnectLettaCommand LETTA_API_KEY is sent only to the server that LETTA_BASE_URL names. Specify the variable for this server: Connect-Letta '{other.BaseUri}' -KeyVariable LETTA_API_KEY", "True", "Failed"],
            lines);
    }

    [Theory]
    [InlineData("HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>", "ProxyDenied", "with a web page (HTTP 403")]
    [InlineData("HTTP/1.1 301 Moved\r\nLocation: https://letta.example/v1/health/\r\nContent-Length: 0\r\n\r\n", "RedirectNotSupported", "redirects to 'https://letta.example'")]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: https://user:hunter2@letta.example/login\r\nContent-Length: 0\r\n\r\n", "InvalidServer", "it redirects to 'https://***@letta.example/login'")]
    public async Task What_stands_before_Letta_is_told_from_it(string answer, string errorId, string message)
    {
        await using var other = await OtherServer.StartAsync(answer);
        using var shell = new Shell();

        var error = Assert.Single(shell.Run($"Connect-Letta {other.BaseUri}").Errors);

        Assert.Equal($"{errorId},LettaPS.Cmdlets.ConnectLettaCommand", error.FullyQualifiedErrorId);
        Assert.Contains(message, error.Exception.Message, StringComparison.Ordinal);
        Assert.Equal(errorId == "RedirectNotSupported", error.ErrorDetails.RecommendedAction.EndsWith(": Connect-Letta https://letta.example/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_hangs_up_without_an_answer_is_not_asked_again_and_again()
    {
        await using var other = await OtherServer.StartAsync(string.Empty, hangsUp: true);
        using var shell = new Shell();

        var error = Assert.Single(shell.Run($"Connect-Letta {other.BaseUri}").Errors);

        Assert.Equal("ConnectionLost,LettaPS.Cmdlets.ConnectLettaCommand", error.FullyQualifiedErrorId);

        // Two requests of ours; .NET itself opens up to four connections for each.
        Assert.InRange(other.Connections, 1, 8);
    }

    [Theory]
    [InlineData("Connect-Letta http://localhost:1")]
    [InlineData("Test-LettaHealth http://localhost:1")]
    [InlineData("Test-LettaCompatibility http://localhost:1")]
    [InlineData("Test-LettaUpgrade http://localhost:1 -To 0.16.8")]
    public void A_password_in_clear_is_refused_with_the_way_to_give_it_and_not_repeated(string command)
    {
        using var shell = new Shell();

        var error = Assert.Single(shell.Run($"{command} -ApiKey $args[0]", "hunter2").Errors);

        Assert.StartsWith("ParameterArgumentTransformationError,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("secure string", error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_opens_a_secured_server_and_is_shown_nowhere()
    {
        await using var server = await SandboxServer.StartAsync(new SandboxOptions { Password = "opensesame" });
        using var shell = new Shell();
        var key = new NetworkCredential(string.Empty, "opensesame").SecurePassword;

        shell.Run("Connect-Letta -BaseUri $args[1] -ApiKey $args[0] -Verbose; Get-LettaConnection | Out-Default", key, server.BaseUri).Succeed();

        Assert.Single(shell.Run("Get-LettaAgent Memo").Succeed());
        Assert.DoesNotContain("opensesame", shell.Console.Text + string.Join(' ', shell.Console.Verbose), StringComparison.Ordinal);
        Assert.Contains(server.Requests.Entries, r => r.Headers.TryGetValue("Authorization", out var a) && a == "Bearer opensesame");
    }

    [Theory]
    [InlineData(null, "requires a password")]
    [InlineData("wrong", "does not accept the password")]
    public async Task A_missing_or_wrong_password_is_said_to_be_that(string? password, string message)
    {
        await using var server = await SandboxServer.StartAsync(new SandboxOptions { Password = "right" });
        using var shell = new Shell();
        var key = password is null ? null : new NetworkCredential(string.Empty, password).SecurePassword;

        AssertError(shell, "ApiKeyDenied", message, "Connect-Letta $args[0] -ApiKey $args[1]", server.BaseUri, key);
    }

    [Fact]
    public void A_port_that_nothing_listens_at_is_said_to_be_that()
    {
        using var shell = new Shell();

        AssertError(shell, "ServerUnreachable", "Nothing listens", $"Connect-Letta 'http://127.0.0.1:{FreePort.Next()}'");
    }

    [Fact]
    public void A_host_that_does_not_exist_is_said_to_be_that()
    {
        using var shell = new Shell();

        AssertError(shell, "HostNotFound", "The host 'letta.invalid' does not exist", "Connect-Letta 'http://letta.invalid:8283'");
    }

    [Theory]
    [InlineData("<html><body>Welcome to nginx!</body></html>", "text/html", 200)]
    [InlineData("<html><body>404 Not Found</body></html>", "text/html", 404)]
    [InlineData("{\"ok\":true}", "application/json", 200)]
    [InlineData("[]", "application/json", 200)]
    public async Task Another_service_is_said_not_to_be_Letta(string body, string type, int status)
    {
        await using var other = await OtherServer.StartAsync($"HTTP/1.1 {status} X\r\nContent-Type: {type}\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}");
        using var shell = new Shell();

        AssertError(shell, "InvalidServer", "is not a Letta server", $"Connect-Letta '{other.BaseUri}'");
    }

    [Fact]
    public async Task What_does_not_speak_HTTP_is_said_not_to()
    {
        await using var other = await OtherServer.StartAsync("SSH-2.0-OpenSSH_9.2p1\r\n");
        using var shell = new Shell();

        AssertError(shell, "InvalidProtocol", "does not use HTTP", $"Connect-Letta '{other.BaseUri}'");
    }

    [Fact]
    public async Task Plain_http_behind_an_https_address_is_a_TLS_error_with_advice()
    {
        await using var server = await SandboxServer.StartAsync();
        using var shell = new Shell();

        AssertError(shell, "TlsFailed", "The TLS connection to", $"Connect-Letta 'https://127.0.0.1:{server.BaseUri.Port}'");
    }

    [Fact]
    public async Task A_server_that_says_nothing_is_given_up_on_after_the_time_allowed()
    {
        await using var other = await OtherServer.StartAsync(string.Empty);
        using var shell = new Shell();

        AssertError(shell, "ServerTimeout", "sent nothing for 0.2 seconds", $"Connect-Letta '{other.BaseUri}' -Timeout 0.2");
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-5")]
    public void A_time_that_nobody_can_wait_is_said_to_be_that(string seconds)
    {
        using var shell = new Shell();

        AssertError(shell, "InvalidTimeout", $"A timeout of {seconds} seconds is not valid", $"Connect-Letta 'http://127.0.0.1:8283' -Timeout {seconds}");
    }

    [Fact]
    public async Task A_line_end_behind_the_password_of_the_environment_is_left_out_and_what_no_header_can_carry_is_said()
    {
        await using var server = await SandboxServer.StartAsync(new SandboxOptions { Password = "opensesame" });
        const string Script = """
            $env:LETTA_API_KEY = "opensesame`r`n"
            @(Get-LettaAgent Memo).Count
            $env:LETTA_API_KEY = "open`nsesame"
            try { Get-LettaAgent Memo } catch { $_.FullyQualifiedErrorId }
            """;
        using var process = ConsoleProcess.Start(Script.ReplaceLineEndings("; "), server.BaseUri);

        var (_, output) = await process.FinishAsync(TestContext.Current.CancellationToken);

        Assert.Equal(["1", "InvalidApiKey,LettaPS.Cmdlets.GetLettaAgentCommand"], output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).TakeLast(2));
    }

    [Theory]
    [InlineData("Get-LettaAgent '[x'")]
    [InlineData("Get-LettaRelease '[1'")]
    [InlineData("Get-LettaServer '[x'")]
    [InlineData("Start-LettaServer '[x'")]
    [InlineData("Restore-LettaAgent x -Name '[x'")]
    [InlineData("Get-LettaImagePin x -Service '[x'")]
    [InlineData("Set-LettaImagePin x -Version 0.16.8 -Service '[x'")]
    public void A_bracket_that_is_not_closed_is_refused_before_anything_is_done(string command)
    {
        using var shell = new Shell();

        var error = Assert.Single(shell.Run(command).Errors);

        Assert.StartsWith("ParameterArgumentValidationError,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("is not a pattern", error.Exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_whose_database_does_not_fit_is_kept_with_a_warning()
    {
        await using var server = await SandboxServer.StartAsync();
        server.Faults.Add(new Sandbox.Http.Fault(new Sandbox.Http.StatusEffect(500, """{"detail":"An unknown error occurred"}""")) { Path = "/v1/agents/" });
        using var shell = new Shell();

        Assert.Single(shell.Run($"Connect-Letta '{server.BaseUri}' -PassThru").Succeed());

        Assert.Contains("An unknown error occurred", Assert.Single(shell.Console.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_server_that_publishes_no_port_is_told_of_in_words()
    {
        using var shell = new Shell();

        AssertError(shell, "PublishedPortNotFound", "publishes no port", "[pscustomobject]@{ Name = 'letta-1'; BaseUri = $null } | Connect-Letta");
    }

    [Fact]
    public async Task Each_runspace_has_a_connection_of_its_own()
    {
        await using var server = await SandboxServer.StartAsync();
        using var one = new Shell();
        using var other = new Shell();

        one.Run($"Connect-Letta '{server.BaseUri}'").Succeed();

        Assert.Empty(other.Run("Get-LettaConnection").Succeed());
    }

    private static void AssertError(Shell shell, string errorId, string message, string script, params object?[] arguments)
    {
        var error = Assert.Single(shell.Run(script, arguments).Errors);

        Assert.Equal($"{errorId},LettaPS.Cmdlets.ConnectLettaCommand", error.FullyQualifiedErrorId);
        Assert.Contains(message, error.Exception.Message, StringComparison.Ordinal);
        Assert.False(string.IsNullOrEmpty(error.ErrorDetails.RecommendedAction));
        Assert.Empty(shell.Run("Get-LettaConnection").Succeed());
    }
}

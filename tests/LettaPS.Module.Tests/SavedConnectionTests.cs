using LettaPS.Hosting;
using LettaPS.Sandbox;

namespace LettaPS.Module.Tests;

public class SavedConnectionTests
{
    private const string Key = "s3cret-of-the-server";

    private readonly string _name = "home-" + Guid.NewGuid().ToString("N")[..8];

    [Fact]
    public async Task A_server_is_saved_under_a_name_and_connected_to_by_it()
    {
        await using var letta = await Connected.ToAsync();

        var saved = letta.Run("Save-LettaConnection -Name $args[0] -PassThru", _name).Succeed().Single();
        letta.Run("Disconnect-Letta; Connect-Letta -Name $args[0]", _name.ToUpperInvariant()).Succeed();

        Assert.Equal(letta.Server.BaseUri, saved.Get<Uri>("BaseUri"));
        Assert.Equal(letta.Server.BaseUri, letta.Run("Get-LettaConnection").Succeed().Single().Get<Uri>("BaseUri"));
        Assert.Equal(_name, letta.Run("Get-LettaConnection -Name $args[0]", _name[..^1] + "*").Succeed().Single().Get<string>("Name"));
    }

    [Fact]
    public async Task A_password_is_never_in_the_file_and_the_warning_says_how_to_give_it()
    {
        await using var letta = await SandboxServer.StartAsync(new SandboxOptions { Password = Key });
        using var shell = new Shell();

        shell.Run("Connect-Letta $args[0] -ApiKey $args[1]; Save-LettaConnection $args[2]", letta.BaseUri, Secure(Key), _name).Succeed();

        Assert.DoesNotContain(Key, await File.ReadAllTextAsync(UserFolder.Connections), StringComparison.Ordinal);
        Assert.Contains("-KeyVariable", Assert.Single(shell.Console.Warnings), StringComparison.Ordinal);
        Assert.StartsWith("ApiKeyDenied,", Assert.Single(shell.Run("Connect-Letta -Name $args[0]", _name).Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
        shell.Run("Connect-Letta -Name $args[0] -ApiKey $args[1]", _name, Secure(Key)).Succeed();
    }

    [Fact]
    public async Task The_password_is_read_from_the_variable_at_each_connection()
    {
        await using var letta = await SandboxServer.StartAsync(new SandboxOptions { Password = Key });
        using var shell = new Shell();
        var variable = "LETTAPS_" + _name.Replace('-', '_');
        Environment.SetEnvironmentVariable(variable, Key + "\n");

        shell.Run("Save-LettaConnection $args[0] $args[1] -KeyVariable $args[2]; Connect-Letta -Name $args[0]", _name, letta.BaseUri, variable).Succeed();
        Environment.SetEnvironmentVariable(variable, null);
        var error = Assert.Single(shell.Run("Connect-Letta -Name $args[0]", _name).Errors);

        Assert.StartsWith("KeyVariableNotFound,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains(variable, error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_password_is_asked_of_the_vault()
    {
        await using var letta = await SandboxServer.StartAsync(new SandboxOptions { Password = Key });
        using var shell = new Shell();
        shell.Run(
            """
            New-Module Microsoft.PowerShell.SecretManagement {
                function Get-Secret($Name, $Vault) { if ("$Vault/$Name" -ne 'Personal/letta') { throw "no $Vault/$Name" }; [System.Net.NetworkCredential]::new('', 's3cret-of-the-server').SecurePassword }
            } | Import-Module
            """).Succeed();

        shell.Run("Save-LettaConnection $args[0] $args[1] -KeyVault Personal -KeySecret letta; Connect-Letta -Name $args[0]", _name, letta.BaseUri).Succeed();
        var error = Assert.Single(shell.Run("Save-LettaConnection $args[0] $args[1] -KeyVault Personal -KeySecret 'a''; exit'", _name, letta.BaseUri).Errors);

        Assert.StartsWith("KeyVaultFailed,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("no Personal/a'; exit", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_SecretManagement_the_error_names_it()
    {
        using var shell = new Shell();

        var error = Assert.Single(shell.Run("Save-LettaConnection $args[0] http://127.0.0.1:1 -KeyVault Personal -KeySecret letta", _name).Errors);

        Assert.StartsWith("KeyVaultFailed,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("Microsoft.PowerShell.SecretManagement", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_proxy_s_port_where_the_API_is_at_another_is_found_when_it_is_saved()
    {
        await using var proxy = await OtherServer.StartAsync("HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
        using var shell = new Shell();

        var error = Assert.Single(shell.Run("Save-LettaConnection $args[0] $args[1]", _name, proxy.BaseUri).Errors);

        Assert.StartsWith("InvalidServer,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.StartsWith("ConnectionNotFound,", Assert.Single(shell.Run("Get-LettaConnection $args[0]", _name).Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Single(shell.Run("Save-LettaConnection $args[0] $args[1] -Force -PassThru", _name, proxy.BaseUri).Succeed());
    }

    [Fact]
    public async Task A_server_that_was_saved_without_a_password_is_not_sent_that_of_another()
    {
        await using var letta = await Connected.ToAsync();
        letta.Run("Save-LettaConnection $args[0]", _name).Succeed();
        using var process = ConsoleProcess.Start($"Connect-Letta -Name {_name}; (Get-LettaConnection).HasApiKey", apiKey: "of-another-server");

        var (exitCode, output) = await process.FinishAsync(TestContext.Current.CancellationToken);

        Assert.True(exitCode == 0, output);
        Assert.EndsWith("False", output.Trim(), StringComparison.Ordinal);
    }

    [Fact]
    public void Removing_is_asked_for_and_done()
    {
        using var shell = new Shell();
        shell.Run("Save-LettaConnection $args[0] http://127.0.0.1:1 -Force", _name).Succeed();

        shell.Run("Remove-LettaConnection $args[0] -WhatIf", _name).Succeed();
        Assert.Single(shell.Run("Get-LettaConnection $args[0]", _name).Succeed());
        shell.Run("Get-LettaConnection $args[0] | Remove-LettaConnection", _name).Succeed();

        Assert.DoesNotContain(_name, shell.Run("Get-LettaConnection -ListSaved").Succeed().Select(c => c.Get<string>("Name")));
    }

    [Theory]
    [InlineData("-KeyVault Personal")]
    [InlineData("-KeySecret letta")]
    [InlineData("-KeyVariable A -KeyVault Personal -KeySecret letta")]
    public void Half_a_place_of_a_password_is_refused(string parameters)
    {
        using var shell = new Shell();

        var error = Assert.Single(shell.Run($"Save-LettaConnection {_name} http://127.0.0.1:1 {parameters}").Errors);

        Assert.StartsWith("KeyPlaceAmbiguous,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    [Fact]
    public void A_password_in_clear_is_refused_with_the_way_to_give_it()
    {
        using var shell = new Shell();

        var error = Assert.Single(shell.Run("[pscustomobject]@{ BaseUri = 'http://127.0.0.1:1'; ApiKey = 'abc-in-clear' } | Connect-Letta").Errors);

        Assert.Contains("KeyVariable", error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("abc-in-clear", error.ToString(), StringComparison.Ordinal);
    }

    internal static System.Security.SecureString Secure(string text) => new System.Net.NetworkCredential(string.Empty, text).SecurePassword;
}

using LettaPS.Hosting;
using LettaPS.Sandbox;
using LettaPS.Sandbox.Fleets;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests;

public sealed class ManyServersTests : IAsyncLifetime
{
    private const string Key = "of-the-second";

    private readonly string _variable = "LETTAPS_" + Guid.NewGuid().ToString("N");
    private readonly TempFolder _folder = new();
    private readonly Shell _shell = new();
    private SandboxServer[] _servers = [];

    public async ValueTask InitializeAsync()
    {
        Environment.SetEnvironmentVariable(_variable, Key);
        _servers =
        [
            await SandboxServer.StartAsync(new SandboxOptions { Release = "0.11.3", Fleet = Fleet.Generated(2, 1) }),
            await SandboxServer.StartAsync(new SandboxOptions { Release = "0.16.2", Fleet = Fleet.Generated(3, 1), Password = Key }),
            await SandboxServer.StartAsync(new SandboxOptions { Release = "0.16.8", Fleet = Fleet.Generated(4, 1) }),
        ];

        // As Import-Csv gives them: texts, and columns that are empty.
        _shell.Run(
            "$global:rows = $args[0..2] | ForEach-Object { [pscustomobject]@{ Name = ''; BaseUri = \"$_\"; KeyVariable = '' } }; $rows[1].KeyVariable = $args[3]; $global:folder = $args[4]; $global:manifest = $args[5]",
            _servers[0].BaseUri, _servers[1].BaseUri, _servers[2].BaseUri, _variable, _folder.Path, Shell.ModuleManifest).Succeed();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        Environment.SetEnvironmentVariable(_variable, null);
        _shell.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_table_of_servers_is_backed_up_in_one_pipeline_a_set_for_each()
    {
        var files = _shell.Run("$rows | Connect-Letta -PassThru | Get-LettaAgent | Export-LettaAgent -Path $folder").Succeed();

        Assert.Equal(2 + 3 + 4, files.Count);
        AssertSets();
    }

    [Fact]
    public void Saved_names_and_addresses_can_be_mixed()
    {
        _shell.Run("Save-LettaConnection $args[0] $rows[1].BaseUri -KeyVariable $rows[1].KeyVariable; $rows[1] = [pscustomobject]@{ Name = $args[0]; BaseUri = ''; KeyVariable = '' }", _variable).Succeed();

        _shell.Run("$rows | Connect-Letta -PassThru | Export-LettaAgent -Path $folder").Succeed();

        AssertSets();
    }

    [Fact]
    public void Servers_of_saved_connections_can_be_piped()
    {
        _shell.Run("Save-LettaConnection $args[0] $rows[1].BaseUri -KeyVariable $rows[1].KeyVariable; Save-LettaConnection ($args[0] + '-not') http://127.0.0.1:1 -Force", _variable).Succeed();

        var connected = _shell.Run("Get-LettaConnection $args[0] | Connect-Letta -PassThru", _variable).Succeed().Single();

        Assert.True(connected.Get<bool>("HasApiKey"));
    }

    [Fact]
    public void One_that_is_away_is_one_error_and_the_others_are_backed_up()
    {
        var result = _shell.Run("$rows + [pscustomobject]@{ BaseUri = 'http://127.0.0.1:1' } | Connect-Letta -PassThru | Get-LettaAgent | Export-LettaAgent -Path $folder");

        var error = Assert.Single(result.Errors);
        Assert.Equal(("ServerUnreachable,LettaPS.Cmdlets.ConnectLettaCommand", new Uri("http://127.0.0.1:1/")), (error.FullyQualifiedErrorId, error.TargetObject));
        AssertSets();
    }

    [Fact]
    public async Task One_that_goes_away_after_it_was_connected_is_one_error_for_each_cmdlet_and_the_others_go_on()
    {
        _shell.Run("$global:connections = $rows | Connect-Letta -PassThru").Succeed();
        var away = _servers[1];
        _servers = [_servers[0], _servers[2]];
        await away.DisposeAsync();

        var listed = _shell.Run("Get-LettaAgent -Connection $connections");
        var exported = _shell.Run("Export-LettaAgent -Connection $connections -Path $folder");

        Assert.Equal(2 + 4, listed.Output.Count);
        Assert.Equal(away.BaseUri, Assert.Single(listed.Errors).TargetObject);
        Assert.Equal(2 + 4, exported.Output.Count);
        Assert.Equal(away.BaseUri, Assert.Single(exported.Errors).TargetObject);
        Assert.Equal(2, _shell.Run("Get-LettaBackup -Path $folder").Succeed().Count);
    }

    [Fact]
    public void Runspaces_side_by_side_have_a_default_each_and_leave_that_of_the_session_alone()
    {
        var connected = _shell.Run(
            """
            $rows | ForEach-Object -ThrottleLimit 3 -Parallel {
                Import-Module $using:manifest
                $_ | Connect-Letta
                $null = Export-LettaAgent -Path $using:folder
                (Get-LettaConnection).BaseUri
            }
            """).Succeed();

        Assert.Equal(_servers.Select(s => s.BaseUri.ToString()).Order(), connected.Select(c => c.ToString()).Order());
        Assert.Empty(_shell.Run("Get-LettaConnection").Succeed());
        AssertSets();
    }

    private void AssertSets()
    {
        var sets = _shell.Run("Get-LettaBackup -Path $folder").Succeed();

        Assert.Equal(
            [("0.11.3", 2, true), ("0.16.2", 3, true), ("0.16.8", 4, true)],
            sets.Select(s => (s.Get<Version>("LettaVersion").ToString(), s.Get<int>("AgentCount"), s.Get<bool>("IsComplete"))).Order());
        Assert.All(_shell.Run("Test-LettaBackup -Path $folder").Succeed(), t => Assert.True(t.Get<bool>("IsValid")));
    }
}

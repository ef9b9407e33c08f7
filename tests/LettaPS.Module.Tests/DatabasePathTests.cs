using LettaPS.Hosting;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests;

/// <summary>Paths of dumps: a folder for new ones, wildcards and literal paths for those that are there.</summary>
public sealed class DatabasePathTests : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private readonly Shell _shell = new();
    private PostgresDatabase _database = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await (await PostgresServer.GetAsync(15)).CreateDatabaseAsync();
        await _database.ExecuteAsync("CREATE TABLE marks (word text)");
    }

    public async ValueTask DisposeAsync()
    {
        _shell.Dispose();
        _folder.Dispose();
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("new", true)]
    [InlineData("new/", true)]
    [InlineData("letta.backup", true)]
    [InlineData("there.dump", true)]
    [InlineData("new/letta.dump", false)]
    [InlineData("letta.DUMP", false)]
    [InlineData("letta.sql", false)]
    public void A_path_is_a_folder_unless_it_is_named_as_a_dump(string name, bool isFolder)
    {
        Directory.CreateDirectory(_folder["there.dump"]);

        var path = Backup(_folder[name]).Succeed().Single().Get<string>("Path");

        Assert.Equal(isFolder, Directory.Exists(_folder[name]));
        Assert.Equal(isFolder ? _folder[name].TrimEnd('/') : Path.GetDirectoryName(_folder[name]), Path.GetDirectoryName(path));
        Assert.True(File.Exists(path));
        Assert.True(File.Exists(path + ".json"));
    }

    [Fact]
    public void A_file_that_is_there_is_a_file_whatever_it_is_called()
    {
        File.WriteAllText(_folder["letta"], "mine");

        Assert.StartsWith("DumpExists,", Assert.Single(Backup(_folder["letta"]).Errors).FullyQualifiedErrorId, StringComparison.Ordinal);

        Assert.Equal("mine", File.ReadAllText(_folder["letta"]));
        Assert.Equal(_folder["letta"], Backup(_folder["letta"], "-Force").Succeed().Single().Get<string>("Path"));
    }

    [Theory]
    [InlineData("Restore-LettaDatabase $dir/a*.dump")]
    [InlineData("Restore-LettaDatabase $dir/a*")]
    [InlineData("Restore-LettaDatabase -LiteralPath $dir/a[1].dump")]
    [InlineData("'{0}/a*.dump' -f $dir | Restore-LettaDatabase")]
    [InlineData("Get-ChildItem -LiteralPath $dir/a[1].dump | Restore-LettaDatabase")]
    [InlineData("Restore-LettaDatabase (Get-Item -LiteralPath $dir/a[1].dump)")]
    [InlineData("Get-LettaBackup -LiteralPath $dir/a[1].dump | Restore-LettaDatabase")]
    [InlineData("Get-LettaBackup -LiteralPath $dir/a[1].dump | Select-Object PSPath | Restore-LettaDatabase")]
    public void A_dump_is_found_by_wildcards_by_its_literal_path_and_as_an_object(string command)
    {
        Backup(_folder["a[1].dump"]).Succeed();
        Backup(_folder["b.dump"]).Succeed();

        var done = _shell.Run($"$dir = $args[1]; {command} -DatabaseUri $args[0] -RemoveOld -Confirm:$false", _database.Uri("postgres"), _folder.Path).Succeed();

        Assert.Equal(_folder["a[1].dump"], done.Single().Get<string>("Path"));
    }

    [Theory]
    [InlineData("Restore-LettaDatabase $dir/*.dump", "DumpAmbiguous")]
    [InlineData("Restore-LettaDatabase $dir/a.dump -LiteralPath $dir/b.dump", "DumpAmbiguous")]
    [InlineData("Restore-LettaDatabase $dir/c*.dump", "DumpNotFound")]
    [InlineData("Restore-LettaDatabase $dir/c.dump", "DumpNotFound")]
    [InlineData("Restore-LettaDatabase", "PathRequired")]
    public void What_is_not_one_dump_is_refused(string command, string expected)
    {
        Backup(_folder["a.dump"]).Succeed();
        Backup(_folder["b.dump"]).Succeed();

        var result = _shell.Run($"$dir = $args[1]; {command} -DatabaseUri $args[0] -Confirm:$false", _database.Uri("postgres"), _folder.Path);

        Assert.Empty(result.Output);
        Assert.StartsWith(expected + ",", Assert.Single(result.Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    private ShellResult Backup(string path, string more = "") => _shell.Run($"Backup-LettaDatabase -DatabaseUri $args[0] -Path $args[1] {more}", _database.Uri("postgres"), path);
}

using LettaPS.Core.Connections;
using LettaPS.TestKit;

namespace LettaPS.Core.Tests.Connections;

public sealed class ConnectionStoreTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly ConnectionStore _store;

    public ConnectionStoreTests() => _store = new ConnectionStore(_folder["config/letta-ps/connections.json"]);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_file_behind_a_link_stays_behind_it(bool exists)
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows makes symbolic links for administrators only.");
        }

        Directory.CreateDirectory(_folder["dotfiles"]);
        Directory.CreateDirectory(_folder["config/letta-ps"]);
        if (exists)
        {
            _store.Save(Connection("home"));
            File.Move(_store.Path, _folder["dotfiles/connections.json"]);
        }

        File.CreateSymbolicLink(_store.Path, _folder["dotfiles/connections.json"]);

        _store.Save(Connection("lab"));

        Assert.Equal(_folder["dotfiles/connections.json"], new FileInfo(_store.Path).LinkTarget);
        Assert.Equal(exists ? ["home", "lab"] : ["lab"], _store.List().Select(c => c.Name));
    }

    [Fact]
    public void What_is_saved_is_read_back_by_name_in_any_case()
    {
        var home = Connection("home") with { KeyVariable = "LETTA_HOME_KEY", Timeout = TimeSpan.FromSeconds(5), SkipCertificateCheck = true };
        var lab = Connection("Lab") with { KeyVault = "Personal", KeySecret = "letta" };

        _store.Save(lab);
        _store.Save(home);

        Assert.Equal([home, lab], _store.List());
        Assert.Equal(home, _store.Get("HOME"));
    }

    [Fact]
    public void Saving_again_replaces_and_removing_forgets()
    {
        _store.Save(Connection("home"));
        _store.Save(Connection("HOME", "http://other:8283/"));

        Assert.Equal(Connection("HOME", "http://other:8283/"), Assert.Single(_store.List()));
        _store.Remove("home");
        Assert.Empty(_store.List());
        Assert.Equal("ConnectionNotFound", Assert.Throws<LettaException>(() => _store.Remove("home")).ErrorId);
    }

    [Fact]
    public void Nothing_is_there_before_the_first_one_is_saved()
    {
        Assert.Empty(_store.List());
        Assert.False(Directory.Exists(_folder["config"]));
    }

    [Fact]
    public void Only_the_owner_may_read_the_file_and_its_folder()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no modes; the folder belongs to the user.");
            return;
        }

        _store.Save(Connection("home"));

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_store.Path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(_store.Path)!));
    }

    [Fact]
    public void A_file_that_others_may_write_is_refused_with_the_command_that_helps()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no modes.");
            return;
        }

        _store.Save(Connection("home"));
        File.SetUnixFileMode(_store.Path, File.GetUnixFileMode(_store.Path) | UnixFileMode.OtherWrite);

        var error = Assert.Throws<LettaException>(() => _store.List());

        Assert.Equal("InvalidConnectionsFileMode", error.ErrorId);
        Assert.Contains("chmod 600", error.RecommendedAction, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"version\":1")]
    [InlineData("{\"version\":2,\"connections\":{}}")]
    [InlineData("{\"version\":1,\"connections\":null}")]
    [InlineData("{\"version\":1,\"connections\":{\"home\":null}}")]
    [InlineData("{\"version\":1,\"connections\":{\"home\":{}}}")]
    [InlineData("{\"version\":1,\"connections\":{\"home\":{\"baseUri\":\"8283\"}}}")]
    public void A_broken_file_is_a_clear_error_and_is_not_overwritten(string contents)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_store.Path)!);
        File.WriteAllText(_store.Path, contents);

        Assert.Equal("InvalidConnectionsFile", Assert.Throws<LettaException>(() => _store.List()).ErrorId);
        var error = Assert.Throws<LettaException>(() => _store.Save(Connection("home")));

        Assert.Equal("InvalidConnectionsFile", error.ErrorId);
        Assert.Contains(_store.Path, error.Message, StringComparison.Ordinal);
        Assert.Equal(contents, File.ReadAllText(_store.Path));
    }

    [Fact]
    public async Task Changes_at_once_lose_none()
    {
        await Parallel.ForEachAsync(Enumerable.Range(0, 40), TestContext.Current.CancellationToken, (i, _) =>
        {
            new ConnectionStore(_store.Path).Save(Connection($"server-{i}"));
            return ValueTask.CompletedTask;
        });

        Assert.Equal(40, _store.List().Count);
    }

    public void Dispose() => _folder.Dispose();

    private static LettaSavedConnection Connection(string name, string address = "http://localhost:8283/") => new(name, new Uri(address));
}

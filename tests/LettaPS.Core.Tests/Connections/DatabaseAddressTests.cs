using CsCheck;

namespace LettaPS.Core.Tests.Connections;

public class DatabaseAddressTests
{
    [Theory]
    [InlineData("postgresql://letta:secret@db:5433/letta", "db", 5433, "letta", "letta", "secret")]
    [InlineData("postgresql+asyncpg://letta:secret@db:5433/letta", "db", 5433, "letta", "letta", "secret")]
    [InlineData("postgresql+pg8000://letta:secret@db/letta", "db", 5432, "letta", "letta", "secret")]
    [InlineData("postgres://letta@db", "db", 5432, "letta", "letta", null)]
    [InlineData("postgresql://us%40er:p%2Fw%3A%25@db/my%20db", "db", 5432, "my db", "us@er", "p/w:%")]
    [InlineData("postgresql://letta:a/b#c?d+e@db/letta", "db", 5432, "letta", "letta", "a/b#c?d+e")]
    [InlineData("postgresql://letta:secret@[::1]:5433/letta", "::1", 5433, "letta", "letta", "secret")]
    [InlineData("postgresql://letta@/letta?host=%2Fvar%2Frun%2Fpostgresql&port=5433&password=secret", "/var/run/postgresql", 5433, "letta", "letta", "secret")]
    [InlineData(" postgresql:///letta?user=me ", "localhost", 5432, "letta", "me", null)]
    public void An_address_is_read_as_Letta_reads_it(string uri, string host, int port, string database, string user, string? password)
    {
        var address = DatabaseAddress.Parse(uri);

        Assert.Equal((host, port, database, user, password), (address.Host, address.Port, address.Database, address.User, address.RevealPassword()));
    }

    [Theory]
    [InlineData("postgresql://letta@a:1,b:2/letta", "a:1 b:2")]
    [InlineData("postgresql://letta@a,b/letta?port=7", "a:7 b:7")]
    [InlineData("postgresql://letta@a,b:8/letta?port=7,9", "a:7 b:8")]
    [InlineData("postgresql+psycopg2://letta@/letta?host=a:1&host=b:2", "a:1 b:2")]
    [InlineData("postgresql+asyncpg://letta@/letta?host=a&host=b&port=1&port=2", "a:1 b:2")]
    [InlineData("postgresql://letta@/letta?host=a,b", "a:5432 b:5432")]
    [InlineData("postgresql://letta@[::1]:1,[fe80::1%25eth0]/letta", "[::1]:1 [fe80::1%eth0]:5432")]
    [InlineData("postgresql://letta@/letta?host=::1", "[::1]:5432")]
    [InlineData("postgresql://letta@/letta?host=[::1]:7", "[::1]:7")]
    [InlineData("postgresql://letta@%2Frun%2Fpostgresql:5433/letta", "%2Frun%2Fpostgresql:5433")]
    [InlineData("postgresql://letta@%2Fa,%2Fb/letta", "%2Fa:5432 %2Fb:5432")]
    public void Several_servers_sockets_and_IPv6_are_read_as_libpq_and_SQLAlchemy_write_them(string uri, string expected)
    {
        var address = DatabaseAddress.Parse(uri);

        Assert.Equal(expected, string.Join(' ', address.Servers));
        Assert.Equal(address.ToString(), DatabaseAddress.Parse(address.ToString().Replace("%eth0", "%25eth0", StringComparison.Ordinal)).ToString());
    }

    [Theory]
    [InlineData("postgresql://letta@a:1,b:x/secret")]
    [InlineData("postgresql://letta@a,b,c/secret?port=1,2")]
    [InlineData("postgresql://letta@a:1:2/secret")]
    [InlineData("postgresql://letta:p@x@a,b/secret")]
    [InlineData("sqlite:///secret.db")]
    [InlineData("mysql://letta:secret@db/letta")]
    [InlineData("postgresql://letta:p@secret@db/letta")]
    [InlineData("postgresql://letta:secret@db:5432x/letta")]
    [InlineData("postgresql://letta:secret@db:99999/letta")]
    [InlineData("postgresql://db/secret")]
    [InlineData("secret")]
    [InlineData("")]
    public void What_is_no_address_is_refused_and_not_repeated(string uri)
    {
        var e = Assert.Throws<LettaException>(() => DatabaseAddress.Parse(uri));

        Assert.Equal("InvalidDatabaseUri", e.ErrorId);
        Assert.DoesNotContain("secret", e.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_the_parts_are_the_encoded_address_gives_them_back_and_its_text_hides_the_password() =>
        Gen.Select(Gen.String[1, 12], Gen.String[1, 12], Gen.String[1, 12]).Where((user, password, database) => IsText(user + password + database)).Sample((user, password, database) =>
        {
            var address = DatabaseAddress.Parse($"postgresql://{Uri.EscapeDataString(user)}:{Uri.EscapeDataString("§" + password)}@db/{Uri.EscapeDataString(database)}");
            var again = DatabaseAddress.Parse(address.ToString());

            Assert.Equal((user, "§" + password, database), (address.User, address.RevealPassword(), address.Database));
            Assert.Equal((user, null, database), (again.User, again.RevealPassword(), again.Database));
            Assert.DoesNotContain(Uri.EscapeDataString("§"), user.Contains('§') || database.Contains('§') ? "" : address.ToString(), StringComparison.Ordinal);
        });

    [Fact]
    public void The_parameter_wins_over_the_connection_and_the_connection_over_the_environment()
    {
        var connection = new LettaConnection(new Uri("http://letta.example:8283")).WithDatabase(DatabaseAddress.Parse("postgresql://letta@of-connection/letta"));

        Assert.Equal("of-parameter", DatabaseAddress.Find("postgresql://letta@of-parameter/letta", connection, Environment).Host);
        Assert.Equal("of-connection", DatabaseAddress.Find(null, connection, Environment).Host);
        Assert.Equal("of-environment", DatabaseAddress.Find(null, new LettaConnection(new Uri("http://letta.example:8283")), Environment).Host);
        Assert.Equal("of-environment", DatabaseAddress.Find(null, null, Environment).Host);

        static string? Environment(string name) => name == "LETTA_PG_URI" ? "postgresql://letta@of-environment/letta" : null;
    }

    [Fact]
    public void A_server_on_this_machine_has_Letta_s_own_default_and_another_machine_s_has_none()
    {
        Assert.Equal("postgresql://letta@localhost:5432/letta", DatabaseAddress.Find(null, new LettaConnection(new Uri("http://127.0.0.1:8283")), _ => null).ToString());
        Assert.Equal("postgresql://letta@localhost:5432/letta", DatabaseAddress.Find(null, null, _ => null).ToString());

        var e = Assert.Throws<LettaException>(() => DatabaseAddress.Find(null, new LettaConnection(new Uri("http://letta.example:8283")), _ => null));
        Assert.Equal("DatabaseRequired", e.ErrorId);
    }

    [Fact]
    public void The_five_variables_count_only_together()
    {
        var five = new Dictionary<string, string?>
        {
            ["LETTA_PG_DB"] = "d",
            ["LETTA_PG_USER"] = "u",
            ["LETTA_PG_PASSWORD"] = "p",
            ["LETTA_PG_HOST"] = "h",
            ["LETTA_PG_PORT"] = "5433",
        };

        Assert.Equal("postgresql://u@h:5433/d", DatabaseAddress.FromEnvironment(five.GetValueOrDefault)!.ToString());
        foreach (var name in five.Keys)
        {
            Assert.Null(DatabaseAddress.FromEnvironment(n => n == name ? null : five.GetValueOrDefault(n)));
        }
    }

    [Fact]
    public void A_connection_keeps_its_database_when_its_version_becomes_known()
    {
        var connection = new LettaConnection(new Uri("http://localhost:8283")).WithDatabase(DatabaseAddress.Default).WithServerVersion("0.16.2");

        Assert.Same(DatabaseAddress.Default, connection.Database);
        Assert.Equal("0.16.2", connection.WithDatabase(DatabaseAddress.Default).ReportedVersion);
    }

    private static bool IsText(string text) => text.EnumerateRunes().All(r => r.Value != 0xFFFD);
}

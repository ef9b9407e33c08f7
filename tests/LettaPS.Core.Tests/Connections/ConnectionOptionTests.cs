using LettaPS.Core.Connections;

namespace LettaPS.Core.Tests.Connections;

public class ConnectionOptionTests
{
    private const string Address = "postgresql+asyncpg://letta:secret@db/letta";

    [Theory]
    [InlineData("ssl=require", "require")]
    [InlineData("ssl=true", "require")]
    [InlineData("ssl=True", "require")]
    [InlineData("ssl_context=true", "require")]
    [InlineData("ssl=false", "disable")]
    [InlineData("sslmode=verify-full", "verify-full")]
    [InlineData("ssl=verify_ca", "verify-ca")]
    [InlineData("ssl=require&sslmode=require", "require")]
    [InlineData("sslmode=require&sslrootcert=/ca.pem", "verify-ca")]
    [InlineData("sslmode=require&sslrootcert=system", "verify-full")]
    [InlineData("sslmode=prefer&sslrootcert=/ca.pem", "prefer")]
    public void Encryption_has_one_name_however_the_address_asks_for_it(string query, string expected)
    {
        var options = Read(query);

        Assert.Equal(expected, options["sslmode"]);
        Assert.Equal(expected, ProgramEnvironment.Of(DatabaseAddress.Parse(Address), options, 17)["PGSSLMODE"]);
        Assert.DoesNotContain("ssl", options.Keys);
    }

    [Theory]
    [InlineData("ssl=require&sslmode=disable", "InvalidDatabaseUri")]
    [InlineData("sslmode=always", "InvalidDatabaseUri")]
    [InlineData("sslmode=true", "InvalidDatabaseUri")]
    [InlineData("sslcrl=/crl.pem", "DatabaseOptionNotSupported")]
    [InlineData("service=letta", "DatabaseOptionNotSupported")]
    [InlineData("hostaddr=10.0.0.1", "DatabaseOptionNotSupported")]
    [InlineData("requirepeer=postgres", "DatabaseOptionNotSupported")]
    [InlineData("ssl_ca=/ca.pem", "DatabaseOptionNotSupported")]
    [InlineData("tls_minimum=1.3", "DatabaseOptionNotSupported")]
    public void What_cannot_be_passed_on_is_refused_and_named(string query, string errorId)
    {
        var e = Assert.Throws<LettaException>(() => Read(query));

        Assert.Equal(errorId, e.ErrorId);
        Assert.Contains($"'{query[..query.IndexOf('=', StringComparison.Ordinal)]}'", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", e.ToString() + e.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public void What_only_another_driver_knows_or_what_changes_no_result_is_left_out() =>
        Assert.Equal(["options"], Read("prepared_statement_cache_size=0&application_name=x&keepalives=1&options=-c%20search_path%3Dletta&pool_size=3").Keys);

    [Fact]
    public void Every_parameter_that_is_passed_on_reaches_the_programs_but_for_the_one_that_has_no_variable()
    {
        var passed = ConnectionOption.All.Where(o => o.Use == ConnectionOptionUse.Passed).ToList();
        var options = passed.ToDictionary(o => o.Name, o => "value of " + o.Name);

        var environment = ProgramEnvironment.Of(DatabaseAddress.Parse(Address), options, null);

        Assert.Equal(["sslpassword"], passed.Where(o => o.Variable is null).Select(o => o.Name));
        Assert.All(passed.Where(o => o.Variable is not null), o => Assert.Equal(options[o.Name], environment[o.Variable!]));
    }

    [Fact]
    public void A_variable_of_libpq_counts_where_the_address_says_nothing()
    {
        var options = ConnectionOption.Read(DatabaseAddress.Parse(Address + "?sslmode=require"), name => name switch { "PGSSLMODE" => "disable", "PGSSLROOTCERT" => "/ca.pem", _ => null });

        Assert.Equal(("verify-ca", "/ca.pem"), (options["sslmode"], options["sslrootcert"]));
    }

    [Fact]
    public void Programs_get_all_servers_and_the_settings_of_a_session_after_those_of_the_address()
    {
        var address = DatabaseAddress.Parse("postgresql://letta:p%20w@a:1,[::1]:2/letta?options=-c%20statement_timeout%3D5");

        var environment = ProgramEnvironment.Of(address, ConnectionOption.Read(address, _ => null), 17);

        Assert.Equal(("a,::1", "1,2", "letta", "p w"), (environment["PGHOST"], environment["PGPORT"], environment["PGUSER"], environment["PGPASSWORD"]));
        Assert.StartsWith("-c statement_timeout=5 -c statement_timeout=0 ", environment["PGOPTIONS"], StringComparison.Ordinal);
        Assert.Contains("-c transaction_timeout=0", environment["PGOPTIONS"], StringComparison.Ordinal);
        Assert.DoesNotContain("transaction_timeout=0 ", ProgramEnvironment.Of(address, ConnectionOption.Read(address, _ => null), 13)["PGOPTIONS"].Replace("idle_in_transaction", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PGSERVICE", true)]
    [InlineData("PGHOSTADDR", true)]
    [InlineData("PGPASSWORD", false)]
    [InlineData("PATH", false)]
    public void Variables_that_would_lead_a_program_elsewhere_do_not_reach_it(string name, bool expected) => Assert.Equal(expected, ProgramEnvironment.IsForeign(name));

    private static IReadOnlyDictionary<string, string> Read(string query) => ConnectionOption.Read(DatabaseAddress.Parse($"{Address}?{query}"), _ => null);
}

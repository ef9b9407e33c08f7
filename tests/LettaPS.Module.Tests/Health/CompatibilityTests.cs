using LettaPS.Hosting;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests.Health;

public class CompatibilityTests
{
    /// <summary>The rows of letta-facts.md 1.4, and failures 2, 12 and 13 of the fifteen.</summary>
    [Theory]
    [InlineData("0.13.0", "0.16.2", "Limited", "/resume")]
    [InlineData("0.13.0", "0.16.4", "Compatible", null)]
    [InlineData("0.13.0", "0.16.1", "Incompatible", "client_tools")]
    [InlineData("0.12.5", "0.16.2", "Compatible", null)]
    [InlineData("0.1.10", "0.13.0", "Limited", "Must specify either embedding or embedding_config")]
    [InlineData("0.1.10", "0.12.1", "Incompatible", "0.13.0")]
    [InlineData("0.30.0", "0.11.3", "Incompatible", "letta_v1_agent")]
    [InlineData("0.14.2", "0.16.2", "Incompatible", "0.16.3")]
    [InlineData("0.20.1", "0.16.5", "Limited", "forked")]
    [InlineData("0.20.1", "0.16.4", "Incompatible", "recompiles")]
    [InlineData("v0.20.1", "0.16.8", "Compatible", null)]
    [InlineData("0.30.5", "0.16.8", "Compatible", null)]
    [InlineData("0.40.0", "0.16.8", "Unknown", "newer than 0.30")]
    [InlineData("0.20.1", "1.0.0", "Unknown", "There is no 1.0.0 of the V1 server, whose last release is 0.16.8")]
    [InlineData("99.0.0", "0.11.3", "Incompatible", "letta_v1_agent")]
    public void Letta_Code_fits_a_server_or_the_reason_says_why_not(string code, string server, string status, string? reason)
    {
        using var shell = new Shell();

        var result = shell.Run("Test-LettaCompatibility -LettaCodeVersion $args[0] -ServerVersion $args[1] -PostgresVersion 15", code, server).Succeed()[0];

        Assert.Equal(("Letta Code", "Letta", status), (result.Get<string>("Component"), result.Get<string>("With"), result.Properties["Status"].Value.ToString()));
        Assert.Equal(reason is not null, result.Get<IReadOnlyList<string>>("Reasons").Count > 0);
        Assert.Contains(reason ?? string.Empty, string.Join('\n', result.Get<IReadOnlyList<string>>("Reasons")));
    }

    /// <summary>Failure 13: the path is absent up to 0.16.4 and answers 501 after.</summary>
    [Theory]
    [InlineData("0.16.4", "no path /v1/git")]
    [InlineData("0.16.8", "501")]
    public void Memory_in_git_is_told_of(string server, string note)
    {
        using var shell = new Shell();

        Assert.Contains(note, shell.Run("(Test-LettaCompatibility -LettaCodeVersion 0.17.0 -ServerVersion $args[0] -PostgresVersion 15)[0].Notes", server).Succeed()[0].ToString());
    }

    [Theory]
    [InlineData("0.11.0", "0.16.2")]
    [InlineData("0.13.0", "0.16.4")]
    [InlineData("0.18.0", "0.16.7")]
    public void The_release_that_is_recommended_has_an_image_and_fits(string code, string recommended)
    {
        using var shell = new Shell();

        Assert.Contains($"-To {recommended}", shell.Run("(Test-LettaCompatibility -LettaCodeVersion $args[0] -ServerVersion 0.13.0 -PostgresVersion 15)[0].Recommendation", code).Succeed()[0].ToString());
        Assert.Equal("Compatible", shell.Run("(Test-LettaCompatibility -LettaCodeVersion $args[0] -ServerVersion $args[1] -PostgresVersion 15)[0].Status.ToString()", code, recommended).Succeed()[0].ToString());
    }

    [Theory]
    [InlineData("0.16.2", "14", "Incompatible")]
    [InlineData("0.16.2", "15.20", "Compatible")]
    [InlineData("0.16.8", "17 (Debian 17.2-1)", "Compatible")]
    [InlineData("0.99.0", "15", "Unknown")]
    public void PostgreSQL_holds_a_release_or_not(string server, string postgres, string status)
    {
        using var shell = new Shell();

        Assert.Equal(status, shell.Run("(Test-LettaCompatibility -LettaCodeVersion 0.13.0 -ServerVersion $args[0] -PostgresVersion $args[1])[1].Status.ToString()", server, postgres).Succeed()[0].ToString());
    }

    [Theory]
    [InlineData("0.16.2", "0.16.8", "Incompatible", "Can't locate revision")]
    [InlineData("0.16.8", "0.16.2", "Limited", "columns are missing")]
    public async Task A_schema_of_another_release_than_the_server_is_told(string server, string schema, string status, string reason)
    {
        await using var found = await HealthyServer.StartAsync($"alembic/{schema}", release: server);

        var result = found.Letta.Run("Test-LettaCompatibility -LettaCodeVersion 0.18.0 -DatabaseUri $args[0]", found.Database.Uri()).Succeed()[^1];

        Assert.Equal(("database schema", status), (result.Get<string>("With"), result.Properties["Status"].Value.ToString()));
        Assert.Contains(reason, result.Get<IReadOnlyList<string>>("Reasons")[0]);
    }

    [Fact]
    public void What_is_not_known_is_said_to_be_so()
    {
        using var shell = new Shell();

        var results = shell.Run("Test-LettaCompatibility $args[0] -LettaCodeVersion 0.13.0 -PostgresVersion 15", $"http://127.0.0.1:{FreePort.Next()}").Succeed();

        Assert.All(results, r => Assert.Equal("Unknown", r.Properties["Status"].Value.ToString()));
        Assert.All(results, r => Assert.Contains("Nothing listens", string.Join(' ', r.Get<IReadOnlyList<string>>("Reasons"))));
    }

    [Theory]
    [InlineData("-LettaCodeVersion abc")]
    [InlineData("-ServerVersion latest")]
    [InlineData("-PostgresVersion new")]
    public void What_is_no_version_is_refused(string given)
    {
        using var shell = new Shell();

        Assert.Equal("InvalidVersion,LettaPS.Cmdlets.TestLettaCompatibilityCommand", shell.Run($"Test-LettaCompatibility {given}").Errors.Single().FullyQualifiedErrorId);
    }

    /// <summary>The version of PostgreSQL that runs a database.</summary>
    internal static async Task<string> VersionAsync(PostgresDatabase database)
    {
        var number = int.Parse(await database.QueryAsync<string>("SHOW server_version_num"), System.Globalization.CultureInfo.InvariantCulture);
        return $"{number / 10000}.{number % 10000}";
    }
}

using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LettaPS.Adapters.Postgres;
using LettaPS.Core.Connections;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Postgres;

/// <summary>A server that takes encrypted connections only, with certificates of this run: Npgsql and PostgreSQL's programs do the same with each address.</summary>
public sealed class TlsTests(TlsServer server) : IClassFixture<TlsServer>
{
    private readonly CancellationToken _cancel = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("127.0.0.1", "")]
    [InlineData("127.0.0.1", "sslmode=require")]
    [InlineData("127.0.0.1", "ssl=require")]
    [InlineData("127.0.0.1", "ssl=true")]
    [InlineData("127.0.0.1", "sslmode=verify-ca&sslrootcert={folder}/ca.pem")]
    [InlineData("127.0.0.1", "sslmode=require&sslrootcert={folder}/ca.pem")]
    [InlineData("localhost", "sslmode=verify-full&sslrootcert={folder}/ca.pem")]
    [InlineData("127.0.0.1", "sslmode=require&channel_binding=require")]
    public async Task Sessions_and_programs_are_encrypted(string host, string query)
    {
        var address = server.Address("letta", host, query);

        Assert.Equal("encrypted", await SessionAsync(address));
        Assert.Equal(("encrypted", ""), await ProgramAsync(address));
    }

    [Theory]
    [InlineData("127.0.0.1", "sslmode=disable")]
    [InlineData("127.0.0.1", "ssl=false")]
    [InlineData("127.0.0.1", "sslmode=verify-full&sslrootcert={folder}/ca.pem")]
    [InlineData("localhost", "sslmode=verify-full&sslrootcert={folder}/other.pem")]
    [InlineData("127.0.0.1", "sslmode=verify-ca&sslrootcert={folder}/other.pem")]
    [InlineData("127.0.0.1", "ssl=require&sslrootcert={folder}/other.pem")]
    public async Task A_connection_that_is_less_than_the_address_asks_for_is_made_by_neither(string host, string query)
    {
        var address = server.Address("letta", host, query);

        var e = await Assert.ThrowsAsync<LettaException>(() => SessionAsync(address));

        Assert.StartsWith("Database", e.ErrorId, StringComparison.Ordinal);
        await Assert.ThrowsAsync<LettaException>(() => ProgramAsync(address));
    }

    [Fact]
    public async Task A_client_certificate_with_a_password_is_shown_by_both_and_the_password_left_nowhere()
    {
        var before = Directory.GetFiles(Path.GetTempPath(), "lettaps-*.conf");
        var address = server.Address("certified", "127.0.0.1", "sslmode=require&sslcert={folder}/client.crt&sslkey={folder}/client.key&sslpassword=key%20secret");

        Assert.Equal("encrypted", await SessionAsync(address));
        Assert.Equal(("encrypted", ""), await ProgramAsync(address));
        Assert.Equal(before, Directory.GetFiles(Path.GetTempPath(), "lettaps-*.conf"));

        await Assert.ThrowsAsync<LettaException>(() => SessionAsync(server.Address("certified", "127.0.0.1", "sslmode=require")));
    }

    [Fact]
    public async Task A_file_that_does_not_exist_here_is_named()
    {
        var e = await Assert.ThrowsAsync<LettaException>(() => SessionAsync(server.Address("letta", "127.0.0.1", "sslmode=verify-ca&sslrootcert=/certs/ca.pem")));

        Assert.Equal("InvalidDatabaseUri", e.ErrorId);
        Assert.Contains("'/certs/ca.pem'", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sslmode", "require")]
    [InlineData("sslrootcert", "{folder}/ca.pem")]
    [InlineData("sslcert", "{folder}/client.crt")]
    [InlineData("sslkey", "{folder}/client.key")]
    [InlineData("sslpassword", "x")]
    [InlineData("sslnegotiation", "postgres")]
    [InlineData("channel_binding", "prefer")]
    [InlineData("gssencmode", "disable")]
    [InlineData("krbsrvname", "postgres")]
    [InlineData("connect_timeout", "7")]
    [InlineData("passfile", "{folder}/ca.pem")]
    [InlineData("options", "-c work_mem=7MB")]
    [InlineData("target_session_attrs", "any")]
    public async Task Every_parameter_that_programs_get_Npgsql_gets_too(string name, string value)
    {
        Assert.Equal(13, ConnectionOption.All.Count(o => o.Use == ConnectionOptionUse.Passed));
        await (await PostgresSource.OpenAsync(server.Address("letta", "127.0.0.1", $"{name}={value}"), _cancel)).DisposeAsync();
    }

    private async Task<string> SessionAsync(DatabaseAddress address)
    {
        await using var source = await PostgresSource.OpenAsync(address, _cancel);
        await using var connection = await source.ConnectAsync(_cancel);
        return (await connection.ListAsync(TlsServer.Query, r => r.GetString(0), _cancel)).Single();
    }

    private async Task<(string Output, string Error)> ProgramAsync(DatabaseAddress address)
    {
        var said = await new LocalPostgresTools(address).RunAsync(["psql", "-XAt", "-d", address.Database, "-c", TlsServer.Query], null, null, _cancel);
        return (said.Output.Trim(), said.Error);
    }
}

/// <summary>PostgreSQL with a certificate for the name localhost, and a role <c>certified</c> that has to show one itself.</summary>
public sealed class TlsServer : SharedFixture<PostgresDatabase>
{
    public const string Query = "SELECT CASE WHEN ssl THEN 'encrypted' ELSE 'plain' END FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

    private readonly TempFolder _folder = new();

    public DatabaseAddress Address(string role, string host, string query) => DatabaseAddress.Parse(
        $"{Resource.Uri(role).Replace("127.0.0.1", host, StringComparison.Ordinal)}?{query.Replace("{folder}", _folder.Path, StringComparison.Ordinal)}");

    protected override async Task<PostgresDatabase> StartAsync()
    {
        SessionTests.Open(_folder.Path);
        using var authority = Authority("ca");
        using var other = Authority("other");
        Issue(authority, "server", "localhost", null);
        Issue(authority, "client", "certified", "key secret");
        var server = await PostgresServer.StartOwnAsync(
            15,
            "ssl=on ssl_cert_file=server.crt ssl_key_file=server.key ssl_ca_file=ca.pem",
            $"cp {_folder.Path}/server.* {_folder.Path}/ca.pem . && chmod 600 server.key && printf 'hostssl all certified all scram-sha-256 clientcert=verify-ca\nhostssl all all all scram-sha-256\n' > pg_hba.conf");
        await server.ExecuteAsync("postgres", $"CREATE ROLE certified LOGIN PASSWORD '{PostgresServer.Password}'");

        // libpq takes no key that others may read.
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_folder["client.key"], UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        return await server.CreateDatabaseAsync();
    }

    /// <summary>The database goes with its server.</summary>
    protected override async Task ReleaseAsync(PostgresDatabase? resource)
    {
        await (resource?.Server.DisposeAsync() ?? default);
        _folder.Dispose();
    }

    private X509Certificate2 Authority(string name)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(_folder[name + ".pem"], certificate.ExportCertificatePem());
        return certificate;
    }

    private void Issue(X509Certificate2 authority, string file, string name, string? password)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(authority, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddHours(23), RandomNumberGenerator.GetBytes(8));
        File.WriteAllText(_folder[file + ".crt"], certificate.ExportCertificatePem());
        File.WriteAllText(_folder[file + ".key"], password is null
            ? key.ExportPkcs8PrivateKeyPem()
            : key.ExportEncryptedPkcs8PrivateKeyPem(password, new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 10_000)));
    }
}

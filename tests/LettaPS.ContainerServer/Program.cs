using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using LettaPS;
using LettaPS.Sandbox;
using LettaPS.Sandbox.Http;
using Npgsql;

var address = DatabaseAddress.Parse(Environment.GetEnvironmentVariable("LETTA_PG_URI")!);
var database = new NpgsqlConnectionStringBuilder
{
    Host = address.Host,
    Port = address.Port,
    Database = address.Database,
    Username = address.User,
    Password = address.RevealPassword(),
    Timeout = 2,
    CommandTimeout = 2,
    Pooling = false,
}.ConnectionString;

await using var server = await SandboxServer.StartAsync(new SandboxOptions
{
    Release = Environment.GetEnvironmentVariable("LETTA_VERSION")!,
    Address = IPAddress.Any,
    Port = int.Parse(Environment.GetEnvironmentVariable("PORT") ?? "8283", CultureInfo.InvariantCulture),
    Password = Environment.GetEnvironmentVariable("LETTA_SERVER_SECURE") == "true" ? Environment.GetEnvironmentVariable("LETTA_SERVER_PASSWORD") : null,
});

// As on a real server, health is green whatever becomes of the database; all else answers 500 while a table cannot be read.
List<Fault> broken = [Broken("/v1/agents/**"), Broken("/v1/blocks/**"), Broken("/v1/tools/**")];
broken.ForEach(fault => server.Faults.Add(fault));
Console.WriteLine($"Letta {Environment.GetEnvironmentVariable("LETTA_VERSION")} at {server.BaseUri}");

// SIGINT is how an engine stops containers of PostgreSQL's image and of those made from it, Letta's too.
using var stop = new CancellationTokenSource();
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
var works = false;
while (!stop.IsCancellationRequested)
{
    var worked = works;
    works = await CanReadAsync();
    if (works != worked)
    {
        broken.ForEach(fault =>
        {
            if (works)
            {
                server.Faults.Remove(fault);
            }
            else
            {
                server.Faults.Add(fault);
            }
        });
    }

    await Task.WhenAny(Task.Delay(200, stop.Token));
}

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}

static Fault Broken(string path) => new(new StatusEffect(500, """{"detail":"An unknown error occurred"}""")) { Path = path };

async Task<bool> CanReadAsync()
{
    try
    {
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT count(*) FROM agents", connection);
        await command.ExecuteScalarAsync();
        return true;
    }
    catch (NpgsqlException e)
    {
        Console.Error.WriteLine(e.Message);
        return false;
    }
}

using System.Text;
using LettaPS.Adapters.Postgres;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Postgres;

public sealed class LocalProgramsTests : IAsyncLifetime
{
    private readonly CancellationToken _cancel = TestContext.Current.CancellationToken;
    private PostgresDatabase _database = null!;
    private LocalPostgresTools _programs = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await (await PostgresServer.GetAsync(15)).CreateDatabaseAsync();
        _programs = new LocalPostgresTools(DatabaseAddress.Parse(_database.Uri()));
    }

    public ValueTask DisposeAsync() => _database?.DisposeAsync() ?? default;

    [Fact]
    public async Task A_program_that_stops_reading_before_it_ends_is_judged_by_its_exit_code()
    {
        using var input = new MemoryStream(new byte[1024 * 1024]);

        // As pg_restore --list does, which needs only the head of a dump; the pause leaves it running when the pipe breaks.
        var result = await _programs.RunAsync(["sh", "-c", "exec 0<&-; sleep 0.3; echo enough"], input, null, _cancel);

        Assert.Equal((0, "enough\n"), (result.ExitCode, result.Output));
    }

    [Fact]
    public async Task A_program_reads_all_of_its_input()
    {
        using var input = new MemoryStream(Encoding.ASCII.GetBytes(new string('x', 300_000)));

        var result = await _programs.RunAsync(["sh", "-c", "wc -c"], input, null, _cancel);

        Assert.Equal("300000", result.Output.Trim());
    }

    [Fact]
    public async Task An_input_that_cannot_be_read_ends_the_program_and_is_the_failure()
    {
        var gone = new MemoryStream();
        await gone.DisposeAsync();

        // The program would otherwise wait for the rest for ever.
        await Assert.ThrowsAsync<ObjectDisposedException>(() => _programs.RunAsync(["sh", "-c", "exec sleep 600"], gone, null, _cancel));
    }
}

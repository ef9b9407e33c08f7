using LettaPS.Core.Health;

namespace LettaPS.Core.Compatibility;

/// <summary>Finds which versions are installed, where nobody said, and whether they work together. Changes nothing.</summary>
/// <param name="adapters">Opens the outside world.</param>
/// <param name="target">The server to ask.</param>
/// <param name="time">Gives the time.</param>
internal sealed class CompatibilityExamination(IAdapterFactory adapters, HealthTarget target, TimeProvider time)
{
    /// <summary>Version of Letta Code; where <see langword="null"/>, <c>letta --version</c> is asked.</summary>
    public string? LettaCodeVersion { get; init; }

    /// <summary>Version of the server; where <see langword="null"/>, it is asked.</summary>
    public string? ServerVersion { get; init; }

    /// <summary>Version of PostgreSQL; where <see langword="null"/>, it is asked.</summary>
    public string? PostgresVersion { get; init; }

    /// <summary>Examines them.</summary>
    /// <returns>Letta Code with the server, the server with PostgreSQL, and, where both were asked, the server with its schema.</returns>
    public async Task<IReadOnlyList<LettaCompatibility>> RunAsync(CancellationToken cancellationToken)
    {
        var context = new HealthContext(adapters, target, new HealthOptions(HealthDepth.Quick), time, cancellationToken);
        await using (context.ConfigureAwait(false))
        {
            var code = LettaCodeVersion ?? await adapters.FindLettaCodeAsync(cancellationToken).ConfigureAwait(false);
            var server = ServerVersion ?? await context.Version.ConfigureAwait(false);
            var silence = server is null && target.Connection is not null ? await context.ApiProblemAsync().ConfigureAwait(false) : null;
            var ofCode = Because(CompatibilityMatrix.OfCode(code, server), silence);
            if (PostgresVersion is not null)
            {
                return [ofCode, Because(CompatibilityMatrix.OfPostgres(server, PostgresVersion), silence)];
            }

            var (reading, why) = await ReadAsync(context).ConfigureAwait(false);
            var postgres = CompatibilityMatrix.OfPostgres(server, reading?.Snapshot.Server.Version.ToString());
            var schema = reading?.Snapshot.Schema is null ? null : CompatibilityMatrix.OfSchema(server, reading.Diagnosis.Revision);
            return [ofCode, Because(why is null ? postgres : postgres with { Reasons = [why] }, silence), .. schema is null ? Array.Empty<LettaCompatibility>() : [schema]];
        }
    }

    private static LettaCompatibility Because(LettaCompatibility result, string? silence) =>
        silence is null || result.Status != LettaCompatibilityStatus.Unknown ? result : result with { Reasons = [.. result.Reasons, silence] };

    private static async Task<(DatabaseReading? Reading, string? Why)> ReadAsync(HealthContext context)
    {
        try
        {
            return (await context.Database.ConfigureAwait(false), null);
        }
        catch (LettaException e)
        {
            return (null, e.Message);
        }
    }
}

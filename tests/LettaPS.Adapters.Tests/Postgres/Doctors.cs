using LettaPS.Core.Schemas.Repair;

namespace LettaPS.Adapters.Tests.Postgres;

internal static class Doctors
{
    /// <summary>Repairs, approving everything, and gives the results.</summary>
    public static async Task<IReadOnlyList<LettaSchemaFixResult>> FixAsync(this SchemaDoctor doctor, SchemaFixOptions options, CancellationToken cancellationToken = default)
    {
        var results = new List<LettaSchemaFixResult>();
        await doctor.FixAsync(
            options,
            _ => Task.FromResult(true),
            result =>
            {
                results.Add(result);
                return default;
            },
            cancellationToken);
        return results;
    }
}

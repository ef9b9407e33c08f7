using LettaPS.Core.Schemas.Model;
using LettaPS.Core.Schemas.Repair;

namespace LettaPS.Core.Health;

/// <summary>What one reading of the database showed.</summary>
/// <param name="Address">Where it is.</param>
/// <param name="Snapshot">What PostgreSQL said.</param>
/// <param name="Diagnosis">What that means for the release.</param>
/// <param name="Duration">How long the reading took.</param>
internal sealed record DatabaseReading(DatabaseAddress Address, DatabaseSnapshot Snapshot, SchemaDiagnosis Diagnosis, TimeSpan Duration);

using System.Management.Automation;

namespace LettaPS.Parameters;

/// <summary>Accepts durations from nothing to a longest one. PowerShell's own range knows no durations.</summary>
/// <param name="maximumDays">The longest, in days.</param>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class DurationAttribute(int maximumDays) : ValidateEnumeratedArgumentsAttribute
{
    /// <inheritdoc/>
    protected override void ValidateElement(object element)
    {
        if (element is TimeSpan time && (time < TimeSpan.Zero || time > TimeSpan.FromDays(maximumDays)))
        {
            throw new ValidationMetadataException($"{time} is not from 0 to {maximumDays} {(maximumDays == 1 ? "day" : "days")}.");
        }
    }
}

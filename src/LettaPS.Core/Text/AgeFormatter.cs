namespace LettaPS.Core.Text;

/// <summary>How old something is, in the words of messages.</summary>
internal static class AgeFormatter
{
    /// <summary>Whole days, hours or minutes.</summary>
    /// <param name="age">The age; one that lies in the future counts as none.</param>
    public static string Of(TimeSpan age) => age switch
    {
        { TotalDays: >= 2 } => $"{(int)age.TotalDays} days",
        { TotalHours: >= 2 } => $"{(int)age.TotalHours} hours",
        _ => Math.Max(0, (int)age.TotalMinutes) is var minutes && minutes == 1 ? "1 minute" : $"{minutes} minutes",
    };
}

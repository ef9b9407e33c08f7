using LettaPS.Core.Compose.Model;

namespace LettaPS.Core.Compose.Rules;

/// <summary>Makes findings.</summary>
internal static class Findings
{
    /// <summary>A finding about a service, at a setting.</summary>
    public static LettaComposeFinding Finding(
        this ComposeSetting at, ComposeService service, LettaComposeSeverity severity, string rule, string message, string fix) => new()
        {
            Severity = severity,
            Rule = rule,
            Path = at.Path,
            Line = at.Line,
            Service = service.Name,
            Message = message,
            Recommendation = fix,
        };
}

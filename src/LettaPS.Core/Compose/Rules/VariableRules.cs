using LettaPS.Core.Compose.Model;

namespace LettaPS.Core.Compose.Rules;

/// <summary>Variables without a value for which compose refuses the file.</summary>
internal static class VariableRules
{
    private const string Rule = "VariableNotSet";

    public static IEnumerable<LettaComposeFinding> Examine(ComposeAudit audit) => audit.Services.SelectMany(s => Image(s).Concat(Volumes(s)));

    private static IEnumerable<LettaComposeFinding> Image(ComposeService service)
    {
        if (service.UnsetImageVariable is { } variable)
        {
            yield return service.ImageSetting!.Finding(
                service,
                LettaComposeSeverity.Warning,
                Rule,
                $"The image '{service.ImageSetting!.Written!.Trim()}' needs the variable '{variable}', which is not set: it is not known what runs, and compose refuses to start it.",
                $"Set it in the file .env next to the compose file: {variable}=…");
        }
    }

    private static IEnumerable<LettaComposeFinding> Volumes(ComposeService service)
    {
        foreach (var setting in service.List("volumes"))
        {
            if (setting.Written is { } written && ComposeTemplate.TryParse(written)?.Expand(setting.Part.Environment) is { } expansion
                && (expansion.MissingVariable ?? (IsRefused(expansion.Text) ? expansion.Pieces.FirstOrDefault(p => p.Kind == TemplateSegmentKind.Unset)?.Variable : null)) is { } variable)
            {
                yield return setting.Finding(
                    service,
                    LettaComposeSeverity.Warning,
                    Rule,
                    $"The volume '{written}' needs the variable '{variable}', which is not set: compose refuses the whole file.",
                    $"Set it in the file .env next to the compose file: {variable}=…");
            }
        }
    }

    private static bool IsRefused(string volume) => volume.Length == 0 || volume.Split(':').Any(p => p.Length == 0);
}

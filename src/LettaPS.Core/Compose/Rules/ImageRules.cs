namespace LettaPS.Core.Compose.Rules;

/// <summary>Images that move.</summary>
internal static class ImageRules
{
    public static IEnumerable<LettaComposeFinding> Examine(ComposeAudit audit)
    {
        foreach (var letta in audit.Letta.Where(l => l.Image!.IsFloating && !l.IsBuilt))
        {
            // The image may be inherited from a file in which the service has another name.
            var file = audit.Project.Images.Last(i => i.Part.Service == letta.Name).Part.File.Path;
            yield return letta.ImageSetting!.Finding(
                letta,
                LettaComposeSeverity.Error,
                "FloatingImage",
                $"'{letta.Image}' means another release after the next pull. Its database schema need not fit, and then clients get 409 and 500.",
                $"Set-LettaImagePin -LiteralPath '{file.Replace("'", "''", StringComparison.Ordinal)}' -Service {letta.Name} -FromRunning");
        }

        foreach (var database in audit.Databases.Where(d => d.Image!.IsFloating && !d.IsBuilt))
        {
            yield return database.ImageSetting!.Finding(
                database,
                LettaComposeSeverity.Warning,
                "FloatingDatabaseImage",
                $"'{database.Image}' means another PostgreSQL after the next pull, and a new major version does not start on the old one's data.",
                "Name the major version that runs now (SHOW server_version), as in pgvector/pgvector:0.8.1-pg15.");
        }
    }
}

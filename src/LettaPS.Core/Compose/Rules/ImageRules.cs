using LettaPS.Core.Compose.Model;

namespace LettaPS.Core.Compose.Rules;

/// <summary>Images that float, are another product, are too old, or are called like one of Letta's without being one.</summary>
internal static class ImageRules
{
    public static IEnumerable<LettaComposeFinding> Examine(ComposeAudit audit)
    {
        foreach (var letta in audit.Letta.Where(l => l.UnsetImageVariable is null))
        {
            foreach (var finding in Letta(audit, letta))
            {
                yield return finding;
            }
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

    /// <summary>What is wrong with a reference to an image of Letta's, wherever it is written.</summary>
    /// <param name="image">The reference.</param>
    /// <param name="pin">The command that pins it, up to what it is pinned to.</param>
    /// <param name="isRunning">Whether the command can take the release from what runs.</param>
    /// <returns>Severity, rule, message and fix; <see langword="null"/> if nothing is wrong.</returns>
    public static (LettaComposeSeverity Severity, string Rule, string Message, string Fix)? Judge(ImageReference image, string pin, bool isRunning)
    {
        var newest = LettaImageTags.Known.Newest;
        return image.Product switch
        {
            LettaImageProduct.Floating => (
                LettaComposeSeverity.Error,
                "FloatingImage",
                $"'{image}' means another image after the next pull. {LettaImageTags.TodaysMeaning(image)}",
                isRunning ? $"{pin} -FromRunning" : $"{pin} -Version {newest}"),
            LettaImageProduct.LettaCode => (
                LettaComposeSeverity.Error,
                "LettaCodeImage",
                $"'{image}' is Letta Code, which is another product than the V1 server that is set up here: the container ends with exit code 64. The data of PostgreSQL are untouched.",
                $"Go back to the V1 server: Repair-Letta.ps1 finds the release that the database is of, and pins it. If you know the release: {pin} -Version {newest}"),
            LettaImageProduct.TooOld => (
                LettaComposeSeverity.Warning,
                "OutdatedImage",
                (image.IsFloating ? LettaImageTags.TodaysMeaning(image) : $"'{image}' is older than 0.11.3, the oldest release that LettaPS supports.")
                    + $" Its database cannot follow to {newest} in one step.",
                "Back up the database before anything else: Backup-LettaDatabase. Then upgrade in steps, each tried on a copy."),
            LettaImageProduct.Unknown when image.Digest is null => (
                LettaComposeSeverity.Warning,
                "UnknownImageTag",
                $"No release of the V1 server has the tag '{image.Tag}', and Letta Code's begin at 0.30: the pull fails, or brings something that nobody knows.",
                $"Name a release, such as {string.Join(" or ", LettaImageTags.Known.Nearest(image.Tag ?? string.Empty))}: {pin} -Version {LettaImageTags.Known.Nearest(image.Tag ?? string.Empty)[0]}"),
            LettaImageProduct.V1 when image.Digest is null && LettaImageTags.Trap(image.Tag!) is { } trap => (
                LettaComposeSeverity.Warning,
                "MislabelledImage",
                $"The tag '{image.Tag}' cannot be trusted: {trap}.",
                $"{pin} -Version {LettaImageTags.Known.Nearest(image.Tag!)[0]}"),
            _ => null,
        };
    }

    private static IEnumerable<LettaComposeFinding> Letta(ComposeAudit audit, ComposeService letta)
    {
        if (letta.IsBuilt)
        {
            if (letta.Image is { IsLetta: true })
            {
                yield return letta.ImageSetting!.Finding(
                    letta,
                    LettaComposeSeverity.Warning,
                    "OwnImageNamedLetta",
                    $"The image that is built here is called '{letta.Image}', as one that Docker Hub has: it is your own, and pulling the project's images would put the other in its place.",
                    "Give it a name of your own, such as image: my-letta:1, and pin the image that it is built FROM.");
            }

            if (letta.Build!.Base is { Reference: { IsLetta: true } from, Line: var line, Argument: var argument })
            {
                var given = argument is null ? null : letta.Build.Arguments.ScalarOf(argument);
                var path = given is null ? letta.Build.Path ?? letta.Build.Setting.Path : letta.Build.Setting.Path;
                if (Judge(from, $"Set-LettaImagePin -LiteralPath {Quoted(path)}", isRunning: false) is { } found)
                {
                    var fix = given is null || from.Product == LettaImageProduct.TooOld ? found.Fix
                        : $"Change the build argument '{argument}' by hand, so that the image is a release: {from.Repository}:{LettaImageTags.Known.Newest}";
                    yield return (letta.Build.Setting with { Path = path, Line = given?.Line ?? line }).Finding(letta, found.Severity, found.Rule, found.Message, fix);
                }
            }

            yield break;
        }

        // The image may be inherited from a file in which the service has another name.
        var file = audit.Project.Images.Last(i => i.Part.Service == letta.Name).Part.File.Path;
        if (Judge(letta.Image!, $"Set-LettaImagePin -LiteralPath {Quoted(file)} -Service {letta.Name}", isRunning: true) is { } wrong)
        {
            yield return letta.ImageSetting!.Finding(letta, wrong.Severity, wrong.Rule, wrong.Message, wrong.Fix);
        }
    }

    private static string Quoted(string path) => $"'{path.Replace("'", "''", StringComparison.Ordinal)}'";
}

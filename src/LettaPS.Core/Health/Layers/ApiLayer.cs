using System.Text.Json;
using LettaPS.Core.Compose.Model;
using LettaPS.Core.Json;
using LettaPS.Core.Releases;
using LettaPS.Core.Servers;

namespace LettaPS.Core.Health.Layers;

/// <summary>What answers at the address: Letta, which release, and whether it lets us in.</summary>
internal sealed class ApiLayer : HealthLayer
{
    /// <inheritdoc/>
    public override LettaHealthLayer Layer => LettaHealthLayer.Api;

    /// <inheritdoc/>
    public override IReadOnlyList<LettaHealthLayer> RestsOn => [LettaHealthLayer.Network];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Names => ["Health", "Version", "Authentication"];

    /// <inheritdoc/>
    public override async Task<IReadOnlyList<Finding>> ExamineAsync(HealthContext context, CancellationToken cancellationToken)
    {
        var health = Health(await context.Health.ConfigureAwait(false));
        if (health.Blocks)
        {
            return [health, .. Names.Skip(1).Select(n => Finding.Skip(n, "Not examined: the check Api/Health failed."))];
        }

        var version = await VersionAsync(context).ConfigureAwait(false);
        try
        {
            return [health, version, Authentication(await context.Agents.ConfigureAwait(false), context.Target.Connection!.HasApiKey)];
        }
        catch (LettaException e)
        {
            return [health, version, Finding.Block("Authentication", e)];
        }
    }

    private static Finding Health(ServerAnswer answer)
    {
        var finding = answer switch
        {
            { IsSuccess: true } when TellsVersion(answer.Body) => Finding.Pass("Health", "/v1/health/ answers. It never looks at the database."),
            { IsSuccess: true } or { Status: 404 } or { Status: >= 300 and < 400 } => Finding.Fail(
                "Health",
                $"What answers is not Letta: /v1/health/ is HTTP {answer.Status}{(answer.IsJson ? null : ", a web page")}.",
                "Check the port: Letta's own is 8283; a proxy before it may pass on only some paths."),
            { Status: 401 or 403 } => Finding.Fail(
                "Health", $"/v1/health/ wants a password (HTTP {answer.Status}), which Letta's own never does: a proxy before it asks for one.", "Let the proxy pass the API on unasked, or give it the way in."),
            _ => Finding.Fail("Health", $"/v1/health/ fails with HTTP {answer.Status}.", "Look at the log of the server."),
        };
        return finding with { Duration = answer.Duration, Blocks = finding.Status == LettaHealthStatus.Failed };
    }

    private static bool TellsVersion(string body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.StringOrNull("version") is not null;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static async Task<Finding> VersionAsync(HealthContext context)
    {
        var version = (await context.Version.ConfigureAwait(false))!;
        var tag = (await context.Engine.ConfigureAwait(false)).Server is { } server ? ImageReference.Parse(server.Image).Tag : null;
        if (LettaImageTags.Trap(version) is { } trap)
        {
            return Finding.Warn("Version", $"The server says {version}, which may be another release: {trap}.", "Compare-LettaSchema -Summary tells what the database is of.");
        }

        if (ReleaseCatalogue.Find(version) is not { } release)
        {
            return Finding.Warn("Version", $"The server says {version}, which is no release from {ReleaseCatalogue.All[0]} to {ReleaseCatalogue.All[^1]}: what is said of its schema may not fit.", null);
        }

        if (new ReleaseCapabilities(release.Version).FailsToExportLongHistory)
        {
            return Finding.Warn("Version", $"Letta {version} cannot export agents with more than 50 messages, neither here nor in the ADE (letta#2987).", "Export-LettaAgent does not need that export. It is mended from 0.12.0 on.");
        }

        return ReleaseCatalogue.Find(tag) is { } image && image.ReportedVersion != version
            ? Finding.Warn("Version", $"The server says {version}, but its image is tagged {tag}.", "Pin the image that you mean by its digest.")
            : Finding.Pass("Version", $"Letta {version} of {release.Date:yyyy-MM-dd}.", release.Warnings.Count > 0 ? string.Join('\n', release.Warnings) : null);
    }

    /// <summary>The password, told from the database: 401 is the one, 500 is the other.</summary>
    private static Finding Authentication(ServerAnswer answer, bool hasKey)
    {
        const string Name = "Authentication";
        var finding = answer.Status switch
        {
            401 or 403 => Finding.Fail(
                Name,
                hasKey ? "The server does not accept the password." : "The server requires a password.",
                "Give the server's password (LETTA_SERVER_PASSWORD of its container) with Connect-Letta -ApiKey or LETTA_API_KEY.") with
            { Blocks = true },
            >= 500 => Finding.Pass(Name, $"It lets us in. (Listing agents is HTTP {answer.Status}, which is not about the password: see the layer Tables.)"),
            _ => Finding.Pass(Name, hasKey ? "It lets us in." : "It lets us in without a password."),
        };
        return finding with { Duration = answer.Duration };
    }
}

using System.Globalization;
using LettaPS.Core.Compose.Model;
using LettaPS.Core.Servers;

namespace LettaPS.Core.Databases.Hosts;

/// <summary>
/// Chooses the image whose PostgreSQL reads the data of a server that keeps it in its own container: the server's own, or, since that has become Letta Code,
/// an image of the V1 server that the engine has, or any PostgreSQL of the same major version.
/// </summary>
internal static class PostgresImages
{
    private const string Waiting = "cat >/dev/null";

    // The major version of the data, that of the image, and whether the image has pgvector, which reads the vectors.
    private const string Probe =
        """read -r d < "$0/PG_VERSION" 2>/dev/null; p=$(postgres --version | sed "s/[^0-9]*\([0-9]*\).*/\1/"); v=$(ls /usr/lib/postgresql/$p/lib/vector.so /usr/local/lib/postgresql/vector.so 2>/dev/null | head -n 1); echo "${d:-none} ${p:-none} ${v:-none}" """;

    private const int MostTried = 12;

    /// <summary>Chooses an image.</summary>
    /// <param name="server">The server's container.</param>
    /// <returns>The image, and the environment that its PostgreSQL needs.</returns>
    /// <exception cref="LettaException"><c>PostgresImageNotFound</c>; <c>DatabaseNotFound</c>: there is no data of PostgreSQL.</exception>
    public static async Task<(string Image, IReadOnlyDictionary<string, string> Environment)> ChooseAsync(
        IContainerEngine engine, ContainerFacts server, CancellationToken cancellationToken)
    {
        if (ServerDiscovery.ProductOf(server) == LettaServerProduct.V1)
        {
            return (server.ImageId, server.Environment);
        }

        // The image's own environment is the replaced image's, whose PATH leads to no PostgreSQL.
        var environment = server.OwnEnvironment.Where(v => v.Key == "PGDATA" || v.Key.StartsWith("POSTGRES_", StringComparison.Ordinal)).ToDictionary(v => v.Key, v => v.Value);
        var data = server.OwnEnvironment.GetValueOrDefault("PGDATA") ?? ServerDiscovery.DefaultDataDirectory;
        var images = await engine.ListImagesAsync(cancellationToken).ConfigureAwait(false);
        string? major = null;
        string? withoutVector = null;
        foreach (var image in images.Select(i => (Image: i, Rank: Rank(i))).Where(i => i.Rank is not null).OrderBy(i => i.Rank).Take(MostTried))
        {
            var (found, own, vector) = await ProbeAsync(engine, server, image.Image.Id, data, cancellationToken).ConfigureAwait(false);
            major ??= found;
            if (found is null)
            {
                throw new LettaException(
                    ErrorIds.DatabaseNotFound,
                    LettaErrorKind.NotFound,
                    $"The folder '{data}' holds no PostgreSQL data in the volumes of '{server.Name}'.",
                    $"Check which volume the server had: docker inspect --format '{{{{json .Mounts}}}}' {server.Name}",
                    server.Name);
            }

            if (found == own && vector)
            {
                return (image.Image.Id, environment);
            }

            withoutVector ??= found == own ? image.Image.Id : null;
        }

        return withoutVector is not null ? (withoutVector, environment) : throw new LettaException(
            ErrorIds.PostgresImageNotFound,
            LettaErrorKind.NotFound,
            $"The container '{server.Name}' has become Letta Code, and the engine has no image with {(major is null ? "PostgreSQL" : $"PostgreSQL {major}")} that could read its data.",
            $"Pull one, and run the command again: docker pull letta/letta:{LettaImageTags.Known.Newest}, or docker pull pgvector/pgvector:pg{major ?? "15"}",
            server.Name);
    }

    /// <summary>How well an image may do: an image of the V1 server, the newest first; then PostgreSQL with pgvector; then any PostgreSQL; none for others.</summary>
    private static string? Rank(ContainerImage image)
    {
        var names = image.Names.Select(ImageReference.Parse).ToList();
        if (image.IsLettaCode)
        {
            return null;
        }

        if (names.FirstOrDefault(n => n.Product is LettaImageProduct.V1 or LettaImageProduct.TooOld) is { Tag: { } tag } && Version.TryParse(tag, out var version))
        {
            return string.Create(CultureInfo.InvariantCulture, $"0 {1000 - version.Minor:D4} {1000 - Math.Max(0, version.Build):D4}");
        }

        return image.Environment.ContainsKey("LETTA_ENVIRONMENT") ? "1"
            : names.Any(n => n.Name.Contains("vector", StringComparison.Ordinal)) ? "2"
            : image.Environment.ContainsKey("PG_MAJOR") || image.Environment.ContainsKey("PGDATA") ? names.Any(n => n.Tag?.Contains("alpine", StringComparison.Ordinal) == true) ? "4" : "3"
            : null;
    }

    private static async Task<(string? Data, string? Image, bool HasVector)> ProbeAsync(
        IContainerEngine engine, ContainerFacts server, string image, string data, CancellationToken cancellationToken)
    {
        // It only looks: PostgreSQL is not started, and so needs no claim on the data.
        var container = await engine.RunTemporaryAsync(new TemporaryContainerSpecification(image, Waiting) { VolumesFrom = server.Id + ":ro" }, cancellationToken).ConfigureAwait(false);
        await using (container.ConfigureAwait(false))
        {
            var result = await engine.RunProgramAsync(container.Id, new ContainerProgram("sh", "-c", Probe, data), null, null, cancellationToken).ConfigureAwait(false);
            string?[] words = [.. result.Output.Trim().Split(' ').Select(w => w == "none" ? null : w)];
            return words.Length == 3 ? (words[0], words[1], words[2] is not null) : (null, null, false);
        }
    }
}

using LettaPS.Core.Compose.Model;
using LettaPS.Core.Releases;

namespace LettaPS.Core.Compatibility;

/// <summary>
/// Which versions work together. For Letta Code from the requests that each of its tags makes against the routes of each release of the server (letta-facts.md
/// 1.4, letta-code 0.1.0 to 0.30); for PostgreSQL from the recorded schemas.
/// </summary>
internal static class CompatibilityMatrix
{
    /// <summary>Letta Code, as results name it.</summary>
    public const string LettaCode = "Letta Code";

    /// <summary>The server, as results name it.</summary>
    public const string Letta = "Letta";

    /// <summary>The database server, as results name it.</summary>
    public const string PostgreSql = "PostgreSQL";

    /// <summary>The schema of the server's database, as results name it.</summary>
    public const string Schema = "database schema";

    private static readonly Version s_newestCode = new(0, 30);
    private static readonly Version s_memoryInGit = new(0, 15, 0);
    private static readonly Version s_checksDocker = new(0, 18, 0);

    private static readonly CompatibilityNeed[] s_needs =
    [
        new(new(0, 1, 0), new(0, 12, 0), true, "It makes agents of the type letta_v1_agent, which servers before 0.12.0 do not know."),
        new(new(0, 1, 0), new(0, 13, 0), true, "It asks for paths that came with 0.13.0."),
        new(new(0, 1, 0), new(0, 14, 0), false, "It sends model_settings, which servers before 0.14.0 do not know: what is set there has no effect."),
        new(new(0, 1, 0), new(0, 15, 0), false, "It searches messages through /v1/messages/search, which came with 0.15.0."),
        new(new(0, 1, 0), new(0, 16, 2), false, "Servers before 0.16.2 make no agent without an embedding model: \"Must specify either embedding or embedding_config\" (letta-code#29)."),
        new(new(0, 11, 2), new(0, 16, 2), true, "It sends client_tools, which servers before 0.16.2 do not know: Bash, Read and Edit are dead."),
        new(new(0, 13, 0), new(0, 16, 2), true, "It works in conversations, which came with 0.16.2."),
        new(new(0, 13, 0), new(0, 16, 3), false, "/resume fails with \"Conversation not found\", and nothing can be cancelled: GET /v1/messages/{id} and POST /v1/conversations/{id}/cancel came with 0.16.3 (letta-code#586)."),
        new(new(0, 14, 0), new(0, 16, 3), true, "It changes and compacts conversations, which servers can from 0.16.3 on."),
        new(new(0, 18, 0), new(0, 16, 5), true, "It recompiles agents, which servers can from 0.16.5 on."),
        new(new(0, 18, 0), new(0, 16, 7), false, "Conversations cannot be forked or recompiled: those paths came with 0.16.7."),
    ];

    /// <summary>The first release of the server, of those that have an image, with all that a version of Letta Code needs.</summary>
    /// <param name="code">Version of Letta Code.</param>
    public static string RecommendedServer(Version code) => ReleaseCatalogue.All
        .First(r => LettaImageTags.IsAdvised(r.ToString()) && !s_needs.Any(n => n.IsOf(code) && r.Version < n.Server)).ToString();

    /// <summary>Letta Code with a server.</summary>
    /// <param name="code">Version of Letta Code; <see langword="null"/> where it is not known.</param>
    /// <param name="server">Version of the server; <see langword="null"/> where it is not known.</param>
    public static LettaCompatibility OfCode(string? code, string? server)
    {
        var (client, letta) = (ReleaseCatalogue.TryVersion(code), ReleaseCatalogue.TryVersion(server));
        var result = new LettaCompatibility { Component = LettaCode, Version = code, With = Letta, WithVersion = server, Status = LettaCompatibilityStatus.Unknown };
        if (client is null || letta is null)
        {
            string[] unknown = [client is null ? $"The version of {LettaCode} is not known." : "", letta is null ? "The version of the server is not known." : ""];
            return result with { Reasons = [.. unknown.Where(u => u.Length > 0)] };
        }

        var missing = s_needs.Where(n => n.IsOf(client) && letta < n.Server).ToList();
        var newer = missing.Count > 0 ? [] : Newer(client, letta).ToList();
        var recommended = RecommendedServer(client);
        return result with
        {
            Status = newer.Count > 0 ? LettaCompatibilityStatus.Unknown : missing.Count == 0 ? LettaCompatibilityStatus.Compatible : missing.Any(n => n.IsEssential) ? LettaCompatibilityStatus.Incompatible : LettaCompatibilityStatus.Limited,
            Reasons = [.. missing.Select(n => n.Reason), .. newer],
            Notes = [.. Notes(client, letta)],
            Recommendation = missing.Count == 0 ? null : $"Run Letta {recommended} with it: Test-LettaUpgrade -To {recommended}",
        };
    }

    /// <summary>A server with PostgreSQL.</summary>
    /// <param name="server">Version of the server; <see langword="null"/> where it is not known.</param>
    /// <param name="postgres">Version of PostgreSQL; <see langword="null"/> where it is not known.</param>
    public static LettaCompatibility OfPostgres(string? server, string? postgres)
    {
        var (release, major) = (ReleaseCatalogue.Find(server), Major(postgres));
        var result = new LettaCompatibility { Component = Letta, Version = server, With = PostgreSql, WithVersion = postgres, Status = LettaCompatibilityStatus.Unknown };
        if (release?.MinimumPostgresVersion is not { } needed || major is null)
        {
            return result with
            {
                Reasons = [major is null ? "The version of PostgreSQL is not known." : server is null ? "The version of the server is not known."
                    : ReleaseCatalogue.TryVersion(server) is { } version && LettaImageTags.IsAboveServer(version) ? $"There is no {server} of the V1 server, whose last release is {ReleaseCatalogue.All[^1]}: Letta Code uses no PostgreSQL."
                    : $"What Letta {server} needs was not recorded."],
            };
        }

        return major < needed
            ? result with
            {
                Status = LettaCompatibilityStatus.Incompatible,
                Reasons = [$"Letta {release} makes constraints that are UNIQUE NULLS NOT DISTINCT, which PostgreSQL knows from {needed} on: its migrations fail."],
                Recommendation = $"Dump the database and restore it into PostgreSQL {needed} or newer.",
            }
            : result with
            {
                Status = LettaCompatibilityStatus.Compatible,
                Notes = major == 15 ? [] : [$"The image of Letta carries PostgreSQL 15 ({release.BaseImage}); a data directory of {major} is of use to a container of its own only."],
            };
    }

    /// <summary>A server with the schema of its database.</summary>
    /// <param name="server">Version of the server; <see langword="null"/> where it is not known.</param>
    /// <param name="revision">What <c>alembic_version</c> holds, or <see langword="null"/>.</param>
    public static LettaCompatibility OfSchema(string? server, string? revision)
    {
        var release = ReleaseCatalogue.Find(server);
        var position = revision is null ? -1 : ReleaseCatalogue.PositionOf(revision);
        var of = position < 0 ? revision : $"{ReleaseCatalogue.Migrations[position].Release} ({revision})";
        var result = new LettaCompatibility { Component = Letta, Version = server, With = Schema, WithVersion = of, Status = LettaCompatibilityStatus.Unknown };
        if (release is null || position < 0)
        {
            return result with
            {
                Reasons =
                [
                    release is null ? "The version of the server is not known."
                    : revision is null ? "The database has no revision: its tables were not made by the server's own migrations (create_all)."
                    : "The database's revision is none of Letta's.",
                ],
                Recommendation = release is null ? null : $"Compare-LettaSchema {release}",
            };
        }

        return (position - ReleaseCatalogue.PositionOf(release.AlembicHead)) switch
        {
            > 0 => result with
            {
                Status = LettaCompatibilityStatus.Incompatible,
                Reasons = [$"The database has seen migrations that {release} does not have: its image does not start (Can't locate revision identified by '{revision}')."],
                Recommendation = "Run the release that the database is of, or a later one; the way back is a dump from before.",
            },
            < 0 => result with
            {
                Status = LettaCompatibilityStatus.Limited,
                Reasons = [$"Migrations of {release} have not run: columns are missing until they do."],
                Recommendation = $"Test-LettaUpgrade -To {release}, then Update-LettaSchema or a start of the image with its own start script.",
            },
            _ => result with { Status = LettaCompatibilityStatus.Compatible },
        };
    }

    private static IEnumerable<string> Notes(Version code, Version server)
    {
        if (code >= s_memoryInGit)
        {
            yield return server < new Version(0, 16, 5)
                ? "Memory in git (memfs) does not work: no path /v1/git before 0.16.5 (lettabot#322)."
                : "Memory in git (memfs) does not work on a self-hosted server: /v1/git answers 501 (lettabot#322).";
        }

        if (code >= s_checksDocker && server < new Version(0, 16, 6))
        {
            yield return "It advises docker pull letta/letta:latest for servers before 0.16.6: upgrade to a named release instead.";
        }
    }

    /// <summary>What of the two is newer than anything that is known here.</summary>
    private static IEnumerable<string> Newer(Version code, Version server)
    {
        if (new Version(code.Major, code.Minor) > s_newestCode)
        {
            yield return $"This version of {LettaCode} is newer than {s_newestCode}, the last that is known here.";
        }

        if (server > ReleaseCatalogue.All[^1].Version)
        {
            yield return LettaImageTags.IsAboveServer(server)
                ? $"There is no {server} of the V1 server, whose last release is {ReleaseCatalogue.All[^1]}: that version is Letta Code's own, which needs no server."
                : $"This release of the server is newer than {ReleaseCatalogue.All[^1]}, the last that is known here.";
        }
    }

    private static int? Major(string? postgres) =>
        int.TryParse(new string([.. (postgres ?? string.Empty).TakeWhile(char.IsAsciiDigit)]), out var major) ? major : null;
}

namespace LettaPS.Core.Compose.Model;

/// <summary>A repository that holds, or held, images of Letta's.</summary>
/// <param name="Path">Its path without a registry.</param>
/// <param name="Host">The only registry that has it; <see langword="null"/> for Docker Hub and its mirrors.</param>
/// <param name="Abandoned">When it was pushed to for the last time, as a clause, if long ago; <see langword="null"/> if releases of the V1 server are there.</param>
internal sealed record LettaRepository(string Path, string? Host, string? Abandoned)
{
    /// <summary>The one that the V1 server and Letta Code share.</summary>
    private const string Current = "letta/letta";

    // letta/letta and memgpt/letta were pushed by the same workflow up to 0.16.8 (letta .github/workflows/docker-image.yml); the others are names that
    // people still run.
    private static readonly LettaRepository[] s_known =
    [
        new(Current, null, null),
        new("memgpt/letta", null, null),
        new("letta-ai/letta", "ghcr.io", null),
        new("lettaai/letta", null, "abandoned since October 2024"),
        new("letta/letta-server", null, "a name that was given up before 0.11"),
        new("memgpt/memgpt-server", null, "a name of MemGPT, given up before 0.11"),
    ];

    /// <summary>Whether Letta Code is pushed there too.</summary>
    public bool HasLettaCode => Path == Current;

    /// <summary>The repository of a reference; <see langword="null"/> if it is none of Letta's.</summary>
    /// <param name="image">The reference.</param>
    public static LettaRepository? Find(ImageReference image) => s_known.FirstOrDefault(k => k.Holds(image));

    private bool Holds(ImageReference image)
    {
        // A mirror has the registry that it mirrors in its path: mirror.example.net/ghcr.io/letta-ai/letta.
        var path = Host is null ? Path : $"{Host}/{Path}";
        return image.Repository.EndsWith(path, StringComparison.Ordinal)
            && (image.Repository.Length == path.Length || image.Repository[^(path.Length + 1)] == '/');
    }
}

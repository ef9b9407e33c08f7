using LettaPS.Core.Servers;

namespace LettaPS.Core.Health;

/// <summary>What the container engine shows of the server.</summary>
/// <param name="Engine">The engine; <see langword="null"/> where there is none.</param>
/// <param name="All">All its containers.</param>
/// <param name="Server">The server's container; <see langword="null"/> where the engine has none.</param>
/// <param name="Postgres">The container of its database; <see langword="null"/> where the engine has none.</param>
/// <param name="Why">Why there is no container of the server.</param>
internal sealed record EngineView(IContainerEngine? Engine, IReadOnlyList<ContainerFacts> All, ContainerFacts? Server, ContainerFacts? Postgres, string? Why)
{
    /// <summary>Nothing to be seen.</summary>
    public static EngineView None(string why) => new(null, [], null, null, why);
}

using System.Globalization;
using LettaPS.Core.Servers;

namespace LettaPS.Core.Databases.Hosts;

/// <summary>PostgreSQL's programs in the container that runs the server: always of the server's own version, and connected by its socket.</summary>
/// <param name="engine">The engine.</param>
/// <param name="container">The container.</param>
/// <param name="address">Port, role and password of the server in it.</param>
public sealed class ContainerPostgresTools(IContainerEngine engine, string container, DatabaseAddress address) : IPostgresTools
{
    /// <inheritdoc/>
    public Task<ProgramResult> RunAsync(IReadOnlyList<string> command, Stream? input, Stream? output, CancellationToken cancellationToken)
    {
        var environment = new Dictionary<string, string>
        {
            ["PGUSER"] = address.User,
            ["PGPORT"] = address.Port.ToString(CultureInfo.InvariantCulture),

            // Messages are read and shown; an image may speak any language.
            ["LC_MESSAGES"] = "C",
        };
        if (address.RevealPassword() is { } password)
        {
            environment["PGPASSWORD"] = password;
        }

        return engine.RunProgramAsync(container, new ContainerProgram(command) { Environment = environment }, input, output, cancellationToken);
    }
}

using System.Globalization;
using System.Text.RegularExpressions;
using LettaPS.Core.Connections;
using LettaPS.Core.Servers;

namespace LettaPS.Core.Databases.Hosts;

/// <summary>PostgreSQL's programs in the container that runs the server: always of the server's own version, and connected by its socket.</summary>
/// <param name="address">Port, role and password of the server in it.</param>
internal sealed partial class ContainerPostgresTools(IContainerEngine engine, string container, DatabaseAddress address) : IPostgresTools
{
    private int? _major;

    /// <inheritdoc/>
    public async Task<ProgramResult> RunAsync(IReadOnlyList<string> command, Stream? input, Stream? output, CancellationToken cancellationToken)
    {
        _major ??= await MajorAsync(cancellationToken).ConfigureAwait(false);
        var environment = ProgramEnvironment.OfSocket(address, _major.Value);
        return await engine.RunProgramAsync(container, new ContainerProgram(command) { Environment = environment }, input, output, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The version of the programs, which is the server's.</summary>
    private async Task<int> MajorAsync(CancellationToken cancellationToken)
    {
        var said = (await engine.RunProgramAsync(container, new ContainerProgram("pg_dump", "--version"), null, null, cancellationToken).ConfigureAwait(false)).Output;
        return VersionNumber().Match(said) is { Success: true } version ? int.Parse(version.ValueSpan, CultureInfo.InvariantCulture) : throw new LettaException(
            ErrorIds.ProgramNotFound, LettaErrorKind.NotFound, $"pg_dump of the container '{container}' does not report its version: '{said.Trim()}'.", $"Run the program by hand: {engine.Command} exec {container} pg_dump --version", container);
    }

    [GeneratedRegex(@"(?<=\) )\d+", RegexOptions.CultureInvariant)]
    private static partial Regex VersionNumber();
}

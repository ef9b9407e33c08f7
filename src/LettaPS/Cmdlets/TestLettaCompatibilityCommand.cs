using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Completion;
using LettaPS.Core.Compatibility;
using LettaPS.Core.Health;
using LettaPS.Core.Releases;

namespace LettaPS.Cmdlets;

/// <summary>
/// Says whether Letta Code, the Letta server and PostgreSQL work together, one object a pair, with the reasons. Versions that are not given are looked
/// for: <c>letta --version</c>, the server, its database. Changes nothing.
/// </summary>
[Cmdlet(VerbsDiagnostic.Test, "LettaCompatibility")]
[OutputType(typeof(LettaCompatibility))]
public sealed class TestLettaCompatibilityCommand : ExaminationCmdlet
{
    /// <summary>Version of Letta Code, such as 0.13.0.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? LettaCodeVersion { get; set; }

    /// <summary>Version of the Letta server, such as 0.16.2.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ReleaseCompleter))]
    public string? ServerVersion { get; set; }

    /// <summary>Version of PostgreSQL, such as 15 or 15.20.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? PostgresVersion { get; set; }

    /// <inheritdoc/>
    private protected override void Prepare()
    {
        Require(nameof(LettaCodeVersion), LettaCodeVersion, v => ReleaseCatalogue.TryVersion(v) is not null);
        Require(nameof(ServerVersion), ServerVersion, v => ReleaseCatalogue.TryVersion(v) is not null);
        Require(nameof(PostgresVersion), PostgresVersion, v => char.IsAsciiDigit(v[0]));
    }

    private static void Require(string name, string? version, Func<string, bool> isVersion)
    {
        if (version is not null && !isVersion(version))
        {
            throw new LettaException(ErrorIds.InvalidVersion, LettaErrorKind.InvalidInput, $"-{name}: '{version}' is not a version.", $"Give numbers with dots: -{name} 0.16.2", version);
        }
    }

    private protected override async Task ExamineAsync(HealthTarget target, CancellationToken cancellationToken)
    {
        var examination = new CompatibilityExamination(AdapterLoadContext.Factory, target, TimeProvider.System)
        {
            LettaCodeVersion = LettaCodeVersion,
            ServerVersion = ServerVersion,
            PostgresVersion = PostgresVersion,
        };
        foreach (var result in await examination.RunAsync(cancellationToken).ConfigureAwait(false))
        {
            await WriteObjectAsync(result).ConfigureAwait(false);
        }
    }
}

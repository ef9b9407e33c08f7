using LettaPS.Core.AgentFiles.Reading;
using LettaPS.Core.Restores;

namespace LettaPS.Core.LettaCode;

/// <summary>Converts agents of a plan into the local backend of Letta Code, one after the other. No server is needed.</summary>
internal sealed class LettaCodeExport : IDisposable
{
    private readonly LettaCodeRoot _root;
    private readonly RestorePlan _plan;
    private readonly LettaCodeOptions _options;
    private readonly IMemoryRepositories _repositories;
    private readonly TimeProvider _time;
    private readonly LettaCodeInstallation _installation;

    private LettaCodeExport(LettaCodeRoot root, RestorePlan plan, LettaCodeOptions options, IMemoryRepositories repositories, TimeProvider time, LettaCodeInstallation installation) =>
        (_root, _plan, _options, _repositories, _time, _installation) = (root, plan, options, repositories, time, installation);

    /// <summary>Where the client looks for agents.</summary>
    public static string DefaultPath => LettaCodeRoot.DefaultPath;

    /// <summary>Opens a destination.</summary>
    /// <param name="path">The root folder, which is created where it is not there.</param>
    /// <param name="plan">The agents.</param>
    /// <param name="options">How they are converted.</param>
    /// <param name="repositories">Writes git repositories.</param>
    /// <param name="processes">What uses the folder now.</param>
    /// <param name="time">The clock.</param>
    /// <param name="onStep">Called before each step of an installation.</param>
    /// <exception cref="LettaException">
    /// <c>LettaCodeInUse</c>: a client uses the folder; <c>LettaCodeSchemaNotSupported</c>, <c>InvalidLettaCodeAgent</c>: another version wrote it, or it is damaged;
    /// <c>GitNotFound</c>; <c>LettaCodeConversionInUse</c>; <c>LettaCodeWriteFailed</c>.
    /// </exception>
    public static async Task<LettaCodeExport> OpenAsync(
        string path, RestorePlan plan, LettaCodeOptions options, IMemoryRepositories repositories, IReadOnlyList<LettaCodeProcess> processes, TimeProvider time, Action<string>? onStep, CancellationToken cancellationToken)
    {
        if (processes is [var process, ..])
        {
            throw new LettaException(
                ErrorIds.LettaCodeInUse,
                LettaErrorKind.Conflict,
                $"{(process.IsServer ? "Letta Code's App Server" : "Letta Code")} uses '{path}' now (process {process.ProcessId}: '{process.CommandLine}').",
                $"Close it, then run the command again: Get-Process -Id {process.ProcessId}",
                process.ProcessId);
        }

        var root = new LettaCodeRoot(path);
        await repositories.CheckAsync(cancellationToken).ConfigureAwait(false);
        root.Check(cancellationToken);
        return new(root, plan, options, repositories, time, LettaCodeInstallation.Open(root, onStep));
    }

    /// <summary>Converts an agent.</summary>
    /// <param name="planned">The agent, of the plan.</param>
    /// <exception cref="LettaException">
    /// <c>LettaCodeAgentExists</c>: it is there, and is not to be replaced; <c>InvalidAgentFile</c>, <c>AgentFileChanged</c>; <c>GitFailed</c>;
    /// <c>LettaCodeVerificationFailed</c>; <c>LettaCodeWriteFailed</c>. The destination is as it was.
    /// </exception>
    public async Task<LettaCodeAgent> ConvertAsync(PlannedAgent planned, CancellationToken cancellationToken)
    {
        var id = LettaCodeFormat.AgentId(planned.SourceId);
        var there = _installation.Find(id);
        if (there is not null && !_options.Force)
        {
            throw new LettaException(
                ErrorIds.LettaCodeAgentExists, LettaErrorKind.Conflict, $"The agent '{planned.Name}' is at the destination already: '{there}'.", "Replace it with -Force, which loses what it has learnt in Letta Code, or choose another folder: ConvertTo-LettaCodeAgent -DestinationPath <folder>", planned.SourceId);
        }

        try
        {
            var folder = _installation.Prepare(id);
            using var document = await AgentFileReader.ReadAsync(planned.Path, folder, outline: false, cancellationToken).ConfigureAwait(false);
            if (document.Sha256 != planned.Sha256)
            {
                throw AgentFileReader.Changed(planned.Path);
            }

            var agent = document.Agents.First(a => a.FileId == planned.FileId);
            var shared = document.Blocks.Where(b => agent.BlockIds.Contains(b.FileId) && _plan.IsShared(RestorePlan.KeyOf(document, b.FileId))).Select(b => Json.JsonElementExtensions.StringOrNull(b.Value, "label")).OfType<string>().ToList();
            var conversion = new AgentConversion(document, agent, folder, _root, _repositories);
            var result = await conversion.WriteAsync(_options, shared, _time.GetUtcNow(), cancellationToken).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            _installation.Install(id, conversion.Keys);
            return result with { IsReplaced = there is not null };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw LettaCodeInstallation.Failed(_root.Path, e);
        }
        finally
        {
            _installation.Discard(id);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _installation.Dispose();
}

using System.Text.Json;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.AgentFiles.Reading;
using LettaPS.Core.Agents;
using LettaPS.Core.Backups;
using LettaPS.Core.IO;
using LettaPS.Core.Json;

namespace LettaPS.Core.Restores;

/// <summary>What is to be restored: every agent of the files, what they share, and the files that cannot be read.</summary>
internal sealed class RestorePlan : IDisposable
{
    private readonly List<AgentDocument> _outlines = [];
    private readonly List<string> _dumps = [];
    private readonly Dictionary<string, int> _uses = new(StringComparer.Ordinal);

    private RestorePlan()
    {
    }

    /// <summary>The agents.</summary>
    public List<PlannedAgent> Agents { get; } = [];

    /// <summary>Files that cannot be restored.</summary>
    public List<LettaException> Failures { get; } = [];

    /// <summary>What the user should know of the backups, one sentence each.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>Folder that the map of identifiers is kept in, beside the backup.</summary>
    public string Folder { get; private set; } = string.Empty;

    /// <summary>Reads the outlines of the files at some paths.</summary>
    /// <param name="paths">Sets, folders or files.</param>
    /// <param name="workFolder">Where long lists are kept.</param>
    public static async Task<RestorePlan> ReadAsync(IEnumerable<string> paths, string workFolder, CancellationToken cancellationToken)
    {
        var plan = new RestorePlan();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var path in paths)
        {
            await plan.AddAsync(path, seen, workFolder, cancellationToken).ConfigureAwait(false);
        }

        if (plan.Agents.Count == 0 && plan.Failures.Count == 0 && plan._dumps is [var dump, ..])
        {
            plan.Failures.Add(BackupSelection.OnlyDumps(dump));
        }

        plan.KeepNewest();
        return plan;
    }

    /// <summary>Whether several agents of the backup have the thing of a key.</summary>
    public bool IsShared(string key) => _uses.GetValueOrDefault(key) > 1;

    /// <summary>The key by which other agents refer to the same thing: its original identifier, else its place in the file.</summary>
    /// <param name="document">The file.</param>
    /// <param name="fileId">Identifier in the file.</param>
    internal static string KeyOf(AgentDocument document, string fileId) => document.Ids.GetValueOrDefault(fileId) ?? $"sha256:{document.Sha256}#{fileId}";

    /// <summary>Sets of several nights hold the same agents: the last of each is restored.</summary>
    private void KeepNewest()
    {
        var newest = Agents.GroupBy(a => a.SourceId, StringComparer.Ordinal).Select(g => g.Last()).ToHashSet();
        Agents.RemoveAll(a => !newest.Contains(a));
        foreach (var key in Agents.SelectMany(a => a.Keys))
        {
            _uses[key] = _uses.GetValueOrDefault(key) + 1;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _outlines.ForEach(o => o.Dispose());

    private async Task AddAsync(string path, HashSet<string> seen, string workFolder, CancellationToken cancellationToken)
    {
        List<LettaBackup> backups = [];
        try
        {
            await foreach (var backup in BackupReader.ReadAsync(path, cancellationToken).ConfigureAwait(false))
            {
                backups.Add(backup);
                if (backup.Failure is { } failure)
                {
                    Failures.Add(failure);
                }
            }
        }
        catch (Exception e) when (!ItemBoundary.EndsRun(e))
        {
            Failures.Add(ItemBoundary.Error(e, $"'{path}' cannot be read", path));
            return;
        }

        if (backups.TrueForAll(b => b.Kind == LettaBackupKind.Database))
        {
            _dumps.Add(path);
        }

        foreach (var backup in BackupSelection.ByAge(backups))
        {
            var folder = Directory.Exists(backup.Path) ? backup.Path : Path.GetDirectoryName(Path.GetFullPath(backup.Path))!;
            Folder = Folder.Length == 0 ? folder : Folder;
            var claims = Claims(folder);
            foreach (var file in backup.Files.Where(f => seen.Add(Path.GetFullPath(f.Path))))
            {
                await AddFileAsync(file.Path, claims.GetValueOrDefault(Path.GetFileName(file.Path)), workFolder, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>What the manifest next to the files says of each. With a damaged manifest, the files are judged by their own content.</summary>
    private Dictionary<string, BackupEntry> Claims(string folder)
    {
        var verdict = BackupVerdict.Of(folder);
        if (verdict is { State: LettaBackupState.Damaged, Manifest: null })
        {
            Warnings.Add($"The agents of '{folder}' are restored without its manifest. {string.Join(' ', verdict.Gaps)}");
        }

        foreach (var (block, agents) in verdict.Manifest?.SharedBlocks ?? new Dictionary<string, IReadOnlyList<string>>())
        {
            _uses[block] = agents.Count;
        }

        return verdict.Manifest?.Files.DistinctBy(f => f.Name, StringComparer.Ordinal).ToDictionary(f => f.Name, StringComparer.Ordinal) ?? [];
    }

    private async Task AddFileAsync(string path, BackupEntry? claim, string workFolder, CancellationToken cancellationToken)
    {
        try
        {
            var outline = await AgentFileReader.ReadAsync(path, workFolder, outline: true, cancellationToken).ConfigureAwait(false);
            _outlines.Add(outline);
            if (claim is not null && outline.Sha256 != claim.Sha256)
            {
                throw new LettaException(
                    ErrorIds.AgentFileDamaged,
                    LettaErrorKind.InvalidData,
                    $"The checksum (SHA-256) of '{path}' does not match. The file was changed or is damaged.",
                    $"Use another backup. To restore the file regardless, copy it out of the set first: Copy-Item -LiteralPath '{path}' -Destination ~",
                    path);
            }

            foreach (var agent in outline.Agents)
            {
                var keys = agent.BlockIds.Concat(agent.SourceIds).Select(id => KeyOf(outline, id)).Concat(outline.Archives.Select(a => a.StringOrNull("id")).OfType<string>()).Distinct().ToList();
                Agents.Add(new PlannedAgent
                {
                    Path = path,
                    FileId = agent.FileId,
                    SourceId = agent.SourceId,
                    Name = agent.Name,
                    Sha256 = outline.Sha256,
                    Database = outline.Database,
                    Outline = agent,
                    Keys = keys,
                    ExportedAt = outline.ExportedAt,
                    Unrestored = [.. UnrestoredContent.Of(outline, agent)],
                    LeftOut = outline.LeftOut.Union(claim?.LeftOut ?? []).ToHashSet(StringComparer.Ordinal),
                    Groups = [.. outline.Groups.Select(g => PlannedGroup.Of(outline, g)).OfType<PlannedGroup>().Where(g => g.Members.Contains(agent.SourceId))],
                });
            }
        }
        catch (Exception e) when (!ItemBoundary.EndsRun(e))
        {
            Failures.Add(ItemBoundary.Error(e, $"'{path}' cannot be read", path));
        }
    }
}

/// <summary>A group that is to be made again when its members are there.</summary>
/// <param name="SourceId">Identifier that it had; where the file does not tell, its place in the file.</param>
/// <param name="ManagerId">Original identifier of the agent that manages it, where one does.</param>
/// <param name="AgentIds">Original identifiers of its agents, without the manager.</param>
/// <param name="Value">The group as the file has it.</param>
internal sealed record PlannedGroup(string SourceId, string? ManagerId, IReadOnlyList<string> AgentIds, JsonElement Value)
{
    /// <summary>All agents that must be there.</summary>
    public IEnumerable<string> Members => ManagerId is null ? AgentIds : AgentIds.Append(ManagerId);

    /// <summary>Reads a group, from an AgentFile (with identifiers of the file and <c>manager_config</c>) or as a server shows it.</summary>
    /// <param name="document">The file.</param>
    internal static PlannedGroup? Of(AgentDocument document, JsonElement group)
    {
        string Original(string id) => document.Agents.FirstOrDefault(a => a.FileId == id)?.SourceId ?? id;

        var manager = group.StringOrNull("manager_agent_id") ?? group.ObjectOrNull("manager_config")?.StringOrNull("manager_agent_id");
        return group.StringOrNull("id") is { } id
            ? new PlannedGroup(
                EntityId.TryParse(id, "group", out _) ? id : $"sha256:{document.Sha256}#{id}",
                manager is null ? null : Original(manager),
                [.. group.Strings("agent_ids").Select(Original)],
                group)
            : null;
    }

    /// <summary>The settings of the manager, which a server shows one by one.</summary>
    internal Dictionary<string, JsonElement> Manager()
    {
        if (Value.ObjectOrNull("manager_config") is { } config)
        {
            return config.EnumerateObject().Where(p => p.Name != "manager_agent_id").ToDictionary(p => p.Name, p => p.Value);
        }

        string[] names = ["manager_type", "termination_token", "max_turns", "sleeptime_agent_frequency", "min_message_buffer_length", "max_message_buffer_length"];
        return names.Where(n => Value.TryGetProperty(n, out var v) && v.ValueKind != JsonValueKind.Null).ToDictionary(n => n, n => Value.GetProperty(n));
    }
}

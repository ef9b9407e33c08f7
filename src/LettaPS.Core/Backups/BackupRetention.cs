using System.Globalization;
using System.Text.RegularExpressions;
using LettaPS.Core.Connections;
using LettaPS.Core.Databases.Dumps;

namespace LettaPS.Core.Backups;

/// <summary>
/// Decides which backups of a folder are old. Backups compete only within their series: the sets of one server that were made of the same agents, or the dumps
/// of one database. The newest complete backup of a series is never old. Nothing of a series is old if its newest backup is not complete.
/// </summary>
internal sealed partial class BackupRetention
{
    private readonly List<Item> _items;

    private BackupRetention(List<Item> items) => _items = items;

    /// <summary>Reads the backups of a folder.</summary>
    /// <param name="folder">A folder of sets and dumps.</param>
    public static BackupRetention Of(string folder, CancellationToken cancellationToken)
    {
        var (items, servers) = (new List<Item>(), new List<Uri>());
        foreach (var set in BackupFolder.Sets(folder))
        {
            cancellationToken.ThrowIfCancellationRequested();
            items.Add(Read(set, s => OfSet(s, servers)));
        }

        items.AddRange(BackupFolder.Dumps(folder).Select(d => Read(d, OfDump)));
        return new BackupRetention(items);
    }

    /// <summary>Finds what is old.</summary>
    /// <param name="keepCount">How many complete backups of each series are kept at least.</param>
    /// <param name="keepFrom">Backups from this moment on are kept.</param>
    /// <param name="isNamed">Whether a backup may be removed at all. What an earlier run began to remove is removed in any case.</param>
    /// <returns>One decision for each series of which something would be old, or whose removal an earlier run did not finish.</returns>
    public IEnumerable<RetentionDecision> Decide(int keepCount, DateTimeOffset keepFrom, Func<string, bool> isNamed)
    {
        var leftovers = _items.Where(i => i.State == ItemState.HalfRemoved).Select(i => i.Path).ToList();
        if (leftovers.Count > 0)
        {
            yield return new RetentionDecision(leftovers, null, []);
        }

        foreach (var series in _items.Where(i => i.Series is not null && i.At is not null && i.State != ItemState.HalfRemoved).GroupBy(i => i.Series!, StringComparer.Ordinal))
        {
            var newestFirst = series.OrderByDescending(i => i.At).ThenByDescending(i => i.Path, StringComparer.Ordinal).ToList();
            var old = Old(newestFirst, keepCount, keepFrom).Where(i => isNamed(i.Path)).Select(i => i.Path).ToList();
            if (old.Count > 0)
            {
                yield return new RetentionDecision(old, newestFirst.First(i => i.IsComplete).Path, [.. Obstacles(newestFirst)]);
            }
        }
    }

    private static IEnumerable<Item> Old(List<Item> newestFirst, int keepCount, DateTimeOffset keepFrom)
    {
        var complete = 0;
        foreach (var item in newestFirst)
        {
            // What is damaged may be all that is left of an agent: a person decides about it.
            if (complete >= keepCount && item.At < keepFrom && item.State is (ItemState.Complete or ItemState.Incomplete))
            {
                yield return item;
            }

            complete += item.IsComplete ? 1 : 0;
        }
    }

    /// <summary>Why nothing of a series may go, one sentence each.</summary>
    private IEnumerable<string> Obstacles(List<Item> newestFirst)
    {
        var complete = newestFirst.Where(i => i.IsComplete).ToList();
        if (!newestFirst[0].IsComplete)
        {
            yield return $"The newest backup '{newestFirst[0].Path}' is not complete.";
        }

        // An interrupted set does not say what it would have held, and a set without its manifest not even of which server it is.
        foreach (var item in _items.Where(i => i.Series is null && i.State != ItemState.HalfRemoved && i.At > complete[0].At && (i.Server is null || newestFirst[0].Server is null || i.Server == newestFirst[0].Server)))
        {
            yield return $"The backup '{item.Path}' is newer and not complete.";
        }

        if (complete.Count > 1 && Shrinkage(complete) is { } shrinkage)
        {
            yield return shrinkage;
        }

        // Sets and dumps of one night belong together, though nothing in a dump names the server.
        if (newestFirst[0].Server is null && complete.Count > 1)
        {
            foreach (var sets in _items.Where(i => i.Server is not null && i.Series is not null && i.State != ItemState.HalfRemoved).GroupBy(i => i.Series, StringComparer.Ordinal))
            {
                var night = sets.OrderByDescending(i => i.At).ToList();
                if (night[0].At > complete[1].At)
                {
                    var whole = night.Where(i => i.IsComplete).ToList();
                    var reason = !night[0].IsComplete ? $"The set '{night[0].Path}' of the same night is not complete." : whole.Count > 1 ? Shrinkage(whole) : null;
                    if (reason is not null)
                    {
                        yield return reason;
                    }
                }
            }
        }
    }

    /// <summary>A server that was emptied must not push its last real backups out.</summary>
    private static string? Shrinkage(List<Item> complete) => complete[0].Agents * 2 < complete[1].Agents || complete[0].Messages * 2 < complete[1].Messages
        ? $"The newest set '{complete[0].Path}' has {complete[0].Agents} agents and {complete[0].Messages} messages, but the set before it has {complete[1].Agents} and {complete[1].Messages}."
        : null;

    private static Item Read(string path, Func<string, Item> read)
    {
        try
        {
            return read(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Only its name is known. It stays, and if it is the newest backup nothing else is removed either.
            return new Item(path, ItemState.Other) { At = TimeInName(path) };
        }
    }

    private static Item OfSet(string folder, List<Uri> servers)
    {
        if (BackupRemoval.IsBegun(folder))
        {
            return new Item(folder, ItemState.HalfRemoved);
        }

        var verdict = BackupVerdict.Of(folder);
        var at = verdict.StartedAt ?? TimeInName(folder);
        if (verdict.Manifest is not { } manifest)
        {
            return new Item(folder, ItemState.Other) { At = at, Server = verdict.Server is { } known ? Number(servers, known) : null };
        }

        var server = Number(servers, manifest.Server);
        var agents = manifest.Scope == BackupScope.Selected
            ? string.Join(',', manifest.Files.Select(f => f.AgentId).Concat(manifest.Failed.Select(f => f.AgentId)).Distinct().Order(StringComparer.Ordinal))
            : "all";
        return new Item(folder, verdict.State switch
        {
            LettaBackupState.Complete => ItemState.Complete,
            LettaBackupState.Incomplete => ItemState.Incomplete,
            _ => ItemState.Other,
        })
        {
            At = at,
            Server = server,
            Series = $"{server} {(manifest.Files.Any(f => f.LacksHistoryOrArchive) ? "partly" : "wholly")} {agents}",
            Agents = manifest.Files.Count,
            Messages = manifest.Files.Sum(f => (long)f.Messages),
        };
    }

    private static Item OfDump(string dump)
    {
        var at = TimeInName(dump);
        var prefix = DumpTime().Replace(Path.GetFileName(dump), string.Empty);
        if (DumpManifest.Find(dump) is { } manifest)
        {
            var state = new FileInfo(dump).Length == manifest.Length ? ItemState.Complete : ItemState.Other;
            return new Item(dump, state) { At = manifest.TakenAt, Series = $"dump {manifest.SystemIdentifier} {manifest.Database.Name} {prefix}" };
        }

        return new Item(dump, !File.Exists(dump) && at is not null ? ItemState.HalfRemoved : ItemState.Other) { At = at };
    }

    /// <summary>The number of a server: its addresses may be spelled differently.</summary>
    private static int Number(List<Uri> servers, Uri server)
    {
        var number = servers.FindIndex(s => ServerAddress.Key(s) == ServerAddress.Key(server));
        number = number < 0 ? servers.FindIndex(s => ServerAddress.IsSame(s, server)) : number;
        if (number < 0)
        {
            servers.Add(server);
        }

        return number < 0 ? servers.Count - 1 : number;
    }

    private static DateTimeOffset? TimeInName(string path) =>
        Time().Matches(Path.GetFileName(path)).FirstOrDefault() is { } match
        && DateTimeOffset.TryParseExact(match.Value, "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;

    [GeneratedRegex("[0-9]{8}T[0-9]{6}Z", RegexOptions.CultureInvariant)]
    private static partial Regex Time();

    [GeneratedRegex(@"-?[0-9]{8}T[0-9]{6}Z(-[0-9]+)?\.(dump|sql)\z", RegexOptions.CultureInvariant)]
    private static partial Regex DumpTime();

    private enum ItemState
    {
        Complete,
        Incomplete,

        /// <summary>Damaged or unfinished.</summary>
        Other,

        /// <summary>An earlier run was killed while it removed the backup.</summary>
        HalfRemoved,
    }

    private sealed record Item(string Path, ItemState State)
    {
        public DateTimeOffset? At { get; init; }

        /// <summary>Number of the server, of a set that names it.</summary>
        public int? Server { get; init; }

        public string? Series { get; init; }

        public int Agents { get; init; }

        public long Messages { get; init; }

        public bool IsComplete => State == ItemState.Complete;
    }
}

/// <summary>What is old in a series of backups.</summary>
/// <param name="Old">The old backups, the newest first.</param>
/// <param name="Newest">The newest complete backup of the series, which has to be as written; <see langword="null"/> if the old ones are half removed already.</param>
/// <param name="Obstacles">Why nothing may be removed, one sentence each.</param>
internal sealed record RetentionDecision(IReadOnlyList<string> Old, string? Newest, IReadOnlyList<string> Obstacles);

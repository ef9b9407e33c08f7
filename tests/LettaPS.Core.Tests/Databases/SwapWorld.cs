using LettaPS.Core.Databases;
using LettaPS.Core.Databases.Swap;

namespace LettaPS.Core.Tests.Databases;

/// <summary>What a real kill does: nothing of the process runs on.</summary>
public sealed class KilledException : Exception;

/// <summary>
/// Databases and a server in memory. Every change is one effect, and the process can be made to fail or be killed before any of them. After a kill every
/// further call is refused, as a process that is gone makes none.
/// </summary>
internal sealed class SwapWorld : IDatabaseHost, IDatabaseCluster
{
    public static readonly DateTimeOffset Now = new(2026, 11, 23, 1, 30, 0, TimeSpan.Zero);

    private static readonly DatabaseFacts s_shape = new() { Name = "letta", Owner = "letta", Encoding = "UTF8", Collate = "C", CType = "C" };

    private readonly Dictionary<string, (string Contents, string? Comment)> _databases = new() { ["letta"] = ("old", null), ["thoth"] = ("other", null) };
    private int _runs;
    private bool _dead;
    private bool _locked;

    public bool IsEmbedded { get; init; }

    public bool ServerRuns { get; set; } = true;

    public bool ServerBroken { get; set; }

    /// <summary>Sessions of others than the server.</summary>
    public string[] Others { get; init; } = [];

    /// <summary>How many changes were made or tried.</summary>
    public int Effects { get; private set; }

    /// <summary>The change before which the process is killed.</summary>
    public int? KillAt { get; set; }

    /// <summary>The change that fails.</summary>
    public int? FailAt { get; init; }

    public IEnumerable<string> Names => _databases.Keys.Except(["thoth"]);

    public string Contents(string database) => _databases[database].Contents;

    /// <summary>What a server that runs on a database does to it.</summary>
    public void Write(string database, string contents) => _databases[database] = (contents, CommentOf(database));

    public string? CommentOf(string database) => _databases[database].Comment;

    public void Comment(string database, string comment) => _databases[database] = (Contents(database), comment);

    public void Remove(string database) => _databases.Remove(database);

    /// <summary>Replaces the database as a process of its own would.</summary>
    public async Task<(string? Previous, List<SwapStep> Steps)> RunAsync(string source, bool removeOld, bool sparesOthers = true)
    {
        _dead = _locked = false;
        var steps = new List<SwapStep>();
        try
        {
            return (await ReplaceAsync(source, removeOld, sparesOthers, steps), steps);
        }
        catch (LettaException) when (_dead)
        {
            // A process that is gone tells nothing.
            throw new KilledException();
        }
    }

    public Task<DatabaseSite> OpenAsync(CancellationToken cancellationToken)
    {
        Alive();
        return Task.FromResult(new DatabaseSite(this, null!, null));
    }

    public Task<IReadOnlyList<string>> ListRunningAsync(CancellationToken cancellationToken)
    {
        Alive();
        return Task.FromResult<IReadOnlyList<string>>(ServerRuns ? ["server"] : []);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Effect(() => ServerRuns = false);

    public Task StartAsync(IEnumerable<string> containers, bool wait, CancellationToken cancellationToken) =>
        !containers.Any() ? Task.CompletedTask
        : ServerBroken ? throw new LettaException("StartFailed", LettaErrorKind.ServerFault, "The port is taken.", "Free it.")
        : Effect(() => ServerRuns = true);

    public Task<ClusterState> ReadAsync(CancellationToken cancellationToken)
    {
        Alive();
        return Task.FromResult(new ClusterState(170000, "1", [.. _databases.Select(d => new ClusterDatabase(d.Key, d.Value.Comment))], ["letta"], ["vector"]));
    }

    public Task<IAsyncDisposable> LockAsync(string database, CancellationToken cancellationToken)
    {
        Alive();
        Assert.False(_locked);
        _locked = true;
        return Task.FromResult<IAsyncDisposable>(new Unlock(this));
    }

    public Task<IDatabaseView> ViewAsync(string database, CancellationToken cancellationToken) => Task.FromResult<IDatabaseView>(new View(s_shape));

    /// <remarks>Two effects, as in PostgreSQL: a database cannot be made together with its comment.</remarks>
    public async Task CreateAsync(string name, DatabaseFacts like, string comment, CancellationToken cancellationToken)
    {
        Assert.True(_locked);
        await Effect(() => _databases.Add(name, ("empty", null)));
        await Effect(() => _databases[name] = ("empty", comment));
    }

    public Task CommentAsync(string name, string? comment, CancellationToken cancellationToken) => Effect(() => _databases[name] = (Contents(name), comment));

    public Task RenameAsync(string name, string newName, CancellationToken cancellationToken) => Effect(() =>
    {
        _databases.Add(newName, _databases[name]);
        _databases.Remove(name);
    });

    public Task SwapAsync(string name, string replacement, string? keepAs, string? keptComment, string comment, CancellationToken cancellationToken) => Effect(() =>
    {
        Assert.True(_locked);
        Assert.False(ServerRuns);
        Assert.DoesNotContain("half", Contents(replacement));
        if (keepAs is not null)
        {
            _databases.Add(keepAs, (Contents(name), keptComment));
        }

        _databases[name] = (Contents(replacement), comment);
        _databases.Remove(replacement);
    });

    public Task DropAsync(string name, CancellationToken cancellationToken) => _databases.ContainsKey(name) ? Effect(() => _databases.Remove(name)) : Task.CompletedTask;

    public Task LayOutAsync(string name, DatabaseFacts like, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task DropPublicAsync(string name, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task GiveAllAsync(string name, string owner, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task AnalyzeAsync(string name, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<string>> ListSessionsAsync(string name, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<string>>(ServerRuns ? ["server", .. Others] : Others);

    public ValueTask DisposeAsync() => default;

    private Task<string?> ReplaceAsync(string source, bool removeOld, bool sparesOthers, List<SwapStep> steps) => new DatabaseSwap(this, new HalfSecondPerRun(_runs++)).RunAsync(
            new SwapPlan("letta", source, removeOld) { SparesOthers = sparesOthers },
            (_, current) => current ?? s_shape,
            (_, name, _) =>
            {
                Effect("half of " + source, c => _databases[name] = (c, CommentOf(name)));
                Effect(source, c => _databases[name] = (c, CommentOf(name)));
                return Task.CompletedTask;
            },
            steps.Add,
            CancellationToken.None);

    private void Effect(string contents, Action<string> change) => Effect(() => change(contents)).GetAwaiter().GetResult();

    private Task Effect(Action change)
    {
        Alive();
        Effects++;
        if (Effects == KillAt)
        {
            _dead = true;
            throw new KilledException();
        }

        if (Effects == FailAt)
        {
            throw new LettaException("Broken", LettaErrorKind.ServerFault, "It broke.", "Mend it.");
        }

        change();
        return Task.CompletedTask;
    }

    private void Alive()
    {
        if (_dead)
        {
            throw new KilledException();
        }
    }

    /// <summary>Two runs in one second, then the next two: as somebody does who runs it again at once.</summary>
    private sealed class HalfSecondPerRun(int runs) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => Now.AddSeconds(runs / 2);
    }

    private sealed class Unlock(SwapWorld world) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            world._locked = false;
            return default;
        }
    }

    private sealed class View(DatabaseFacts facts) : IDatabaseView
    {
        public string Snapshot => "1";

        public DatabaseFacts Facts => facts;

        public Task<IReadOnlyList<DatabaseTable>> CountAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<DatabaseTable>>([]);

        public ValueTask DisposeAsync() => default;
    }
}

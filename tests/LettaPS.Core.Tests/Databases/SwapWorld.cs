using LettaPS.Core.Databases;
using LettaPS.Core.Databases.Swap;

namespace LettaPS.Core.Tests.Databases;

/// <summary>What a real kill does: nothing of the process runs on.</summary>
public sealed class KilledException : Exception;

/// <summary>
/// Databases and a server in memory, and any number of runs that work on them. Every change is one effect, and a run can be made to fail, to be killed, or
/// to give way to another run before any of them. What must hold at every moment is asserted at every effect.
/// </summary>
internal sealed class SwapWorld
{
    public static readonly DateTimeOffset Now = new(2026, 11, 23, 1, 30, 0, TimeSpan.Zero);

    public static readonly DatabaseFacts Shape = new() { Name = "letta", Owner = "letta", Encoding = "UTF8", Collate = "C", CType = "C" };

    private readonly Dictionary<string, Database> _databases = new() { ["letta"] = new("old") { WasLive = true }, ["thoth"] = new("other") { WasLive = true } };

    public bool IsEmbedded { get; init; }

    /// <summary>Whether the database exists, and so must exist from then on.</summary>
    public bool HasDatabase { get; set; } = true;

    public bool ServerRuns { get; set; } = true;

    public bool ServerBroken { get; set; }

    /// <summary>Sessions of others than the server.</summary>
    public string[] Others { get; set; } = [];

    /// <summary>How many changes were made or tried.</summary>
    public int Effects { get; set; }

    /// <summary>The change before which the process is killed.</summary>
    public int? KillAt { get; set; }

    /// <summary>The change that fails.</summary>
    public int? FailAt { get; init; }

    public IEnumerable<string> Names => _databases.Keys.Except(["thoth"]);

    /// <summary>The run that has the lock in PostgreSQL.</summary>
    public SwapRun? Locked { get; set; }

    /// <summary>The run that has the data directory.</summary>
    public SwapRun? Reserved { get; set; }

    /// <summary>The run whose temporary container runs PostgreSQL.</summary>
    public SwapRun? Helper { get; set; }

    public int Runs { get; set; }

    public Database? Find(string name) => _databases.GetValueOrDefault(name);

    public Database Get(string name) => Find(name) ?? throw new LettaException("DatabaseStatementFailed", LettaErrorKind.ServerFault, $"There is no database '{name}'.", "Look.");

    public string Contents(string database) => _databases[database].Contents;

    /// <summary>What a server that runs on a database does to it.</summary>
    public void Write(string database, string contents) => _databases[database].Contents = contents;

    public string? CommentOf(string database) => _databases[database].Comment;

    public void Comment(string database, string comment) => _databases[database].Comment = comment;

    /// <summary>What an interrupted DROP DATABASE leaves.</summary>
    public void Invalidate(string database) => _databases[database].IsInvalid = true;

    public void Add(string name, Database database)
    {
        if (!_databases.TryAdd(name, database))
        {
            throw new LettaException("DatabaseStatementFailed", LettaErrorKind.ServerFault, $"The database '{name}' exists.", "Look.");
        }
    }

    public void Remove(string name) => _databases.Remove(name);

    public IEnumerable<ClusterDatabase> List() => _databases.Select(d => new ClusterDatabase(d.Key, d.Value.Comment) { IsInvalid = d.Value.IsInvalid });

    /// <summary>What holds at every moment, whoever does what.</summary>
    public void AssertInvariants()
    {
        var live = Find("letta");
        HasDatabase |= live is not null;
        Assert.Equal(HasDatabase, live is not null);
        Assert.DoesNotContain("half", live?.Contents ?? string.Empty, StringComparison.Ordinal);
        Assert.True(live is not { IsInvalid: true });
        Assert.False(IsEmbedded && ServerRuns && Helper is not null, "Two PostgreSQL servers write to one data directory.");
        Assert.Contains("thoth", _databases);
    }

    /// <summary>Replaces the database as a process of its own would.</summary>
    public Task<(string? Previous, List<SwapStep> Steps)> RunAsync(string source, bool removeOld, bool sparesOthers = true) =>
        new SwapRun(this, source, removeOld, sparesOthers).RunAsync();

    /// <summary>A database.</summary>
    public sealed class Database(string contents)
    {
        public string Contents { get; set; } = contents;

        public string? Comment { get; set; }

        public bool IsInvalid { get; set; }

        /// <summary>Whether it had the name that the server uses.</summary>
        public bool WasLive { get; set; }

        /// <summary>Whether a run was told to remove it, and had put another one in its place.</summary>
        public bool MayGo { get; set; }
    }
}

/// <summary>One run: a process with its own connection, its own lock and its own options.</summary>
internal sealed class SwapRun(SwapWorld world, string source, bool removeOld, bool sparesOthers) : IDatabaseHost, IDatabaseCluster
{
    private readonly int _number = world.Runs++;
    private readonly List<SwapStep> _steps = [];
    private bool _dead;

    /// <summary>Called before the effect of this number, the first being 1.</summary>
    public Func<int, Task>? BeforeEffect { get; set; }

    /// <summary>Called at the step of this number, the first being 1.</summary>
    public Action<int>? AtStep { get; init; }

    /// <summary>How many effects this run had.</summary>
    public int Effects { get; private set; }

    /// <summary>What became of it; <see langword="null"/> for success.</summary>
    public Exception? Failure { get; private set; }

    public bool WasKilled => _dead;

    public bool IsEmbedded => world.IsEmbedded;

    public string EngineCommand => "podman";

    public async Task<(string? Previous, List<SwapStep> Steps)> RunAsync()
    {
        try
        {
            var result = await new DatabaseSwap(this, new ImpatientTime(_number)).RunAsync(
                new SwapPlan("letta", source, removeOld) { SparesOthers = sparesOthers, Run = $"run-{_number}" },
                (_, current) => current ?? SwapWorld.Shape,
                FillAsync,
                step =>
                {
                    _steps.Add(step);
                    Assert.True(_steps.Count < 100, "It does not end: " + string.Join(", ", _steps.TakeLast(6)));
                    AtStep?.Invoke(_steps.Count);
                    Alive();
                },
                CancellationToken.None);
            return (result.Previous, _steps);
        }
        catch (Exception e) when (_dead && e is not KilledException)
        {
            // A process that is gone tells nothing.
            throw new KilledException();
        }
    }

    /// <summary>Runs to its end, whatever that is, and keeps what became of it.</summary>
    public async Task TryRunAsync()
    {
        try
        {
            await RunAsync();
        }
        catch (Exception e) when (e is LettaException or KilledException)
        {
            Failure = e;
        }
    }

    /// <summary>What a kill does: the engine ends the containers of the process, PostgreSQL its session.</summary>
    public void Kill()
    {
        _dead = true;
        LoseLock();
        LoseReservation();
        world.Helper = world.Helper == this ? null : world.Helper;
        throw new KilledException();
    }

    public void LoseLock() => world.Locked = world.Locked == this ? null : world.Locked;

    public void LoseReservation() => world.Reserved = world.Reserved == this ? null : world.Reserved;

    public Task<IAsyncDisposable?> ReserveAsync(CancellationToken cancellationToken)
    {
        Alive();
        if (!IsEmbedded)
        {
            return Task.FromResult<IAsyncDisposable?>(null);
        }

        if (world.Reserved is not null)
        {
            throw DatabaseProblems.WorkRunning("letta");
        }

        world.Reserved = this;
        return Task.FromResult<IAsyncDisposable?>(new Release(LoseReservation));
    }

    public Task EnsureExclusiveAsync(CancellationToken cancellationToken)
    {
        Alive();
        return !IsEmbedded || world.Reserved == this ? Task.CompletedTask : throw DatabaseProblems.LockLost("letta");
    }

    public Task<DatabaseSite> OpenAsync(CancellationToken cancellationToken)
    {
        Alive();
        if (!IsEmbedded || world.ServerRuns)
        {
            return Task.FromResult(new DatabaseSite(this, null!, null));
        }

        // The name of the temporary container is taken.
        if (world.Helper is not null)
        {
            throw DatabaseProblems.WorkRunning("letta");
        }

        world.Helper = this;
        world.AssertInvariants();
        return Task.FromResult(new DatabaseSite(this, null!, new Release(() =>
        {
            world.Helper = world.Helper == this ? null : world.Helper;
            LoseLock();
        })));
    }

    public Task<IReadOnlyList<string>> ListRunningAsync(CancellationToken cancellationToken)
    {
        Alive();
        return Task.FromResult<IReadOnlyList<string>>(world.ServerRuns ? ["server"] : []);
    }

    public Task StopAsync(IEnumerable<string> containers, CancellationToken cancellationToken) => !containers.Any() ? Task.CompletedTask : EffectAsync(() =>
    {
        world.ServerRuns = false;

        // Its PostgreSQL ends with it, and so does every session there.
        world.Locked = IsEmbedded ? null : world.Locked;
    });

    public async Task<IReadOnlyList<string>> StartAsync(IEnumerable<string> containers, bool wait, CancellationToken cancellationToken)
    {
        if (containers.Any())
        {
            await (world.ServerBroken ? throw new LettaException("StartFailed", LettaErrorKind.ServerFault, "The port is taken.", "Free it.") : EffectAsync(() => world.ServerRuns = true));
        }

        return [];
    }

    public Task<ClusterState> ReadAsync(CancellationToken cancellationToken)
    {
        Alive();
        return Task.FromResult(new ClusterState(170000, "1", [.. world.List()], ["letta"], ["vector"]));
    }

    public Task<IDatabaseLock> LockAsync(string database, CancellationToken cancellationToken)
    {
        Alive();
        if (world.Locked is not null)
        {
            throw DatabaseProblems.WorkRunning(database);
        }

        world.Locked = this;
        return Task.FromResult<IDatabaseLock>(new Lock(this));
    }

    public Task<IDatabaseView> ViewAsync(string database, CancellationToken cancellationToken)
    {
        Alive();
        return Task.FromResult<IDatabaseView>(new View(SwapWorld.Shape));
    }

    /// <remarks>Two effects, as in PostgreSQL: a database cannot be made together with its comment.</remarks>
    public async Task CreateAsync(string name, DatabaseFacts like, string comment, CancellationToken cancellationToken)
    {
        await EffectAsync(() => world.Add(name, new SwapWorld.Database("empty")));
        await CommentAsync(name, null, comment, cancellationToken);
    }

    public Task FinishAsync(string name, DatabaseFacts like, CancellationToken cancellationToken) => EffectAsync(() => world.Get(name));

    public Task CommentAsync(string name, string? expected, string? comment, CancellationToken cancellationToken) => EffectAsync(() =>
    {
        var database = world.Get(name);
        database.Comment = database.Comment == expected ? comment : throw DatabaseProblems.LockLost(name);
    });

    public Task RenameAsync(string name, string newName, CancellationToken cancellationToken) => EffectAsync(() =>
    {
        world.Add(newName, world.Get(name));
        world.Remove(name);
    });

    public Task SwapAsync(string name, string replacement, string? keepAs, string? keptComment, string expected, string comment, CancellationToken cancellationToken) => EffectAsync(() =>
    {
        var next = world.Get(replacement);
        if (next.Comment != expected)
        {
            throw DatabaseProblems.LockLost(name);
        }

        Assert.DoesNotContain("half", next.Contents, StringComparison.Ordinal);
        Assert.False(next.IsInvalid);
        Assert.False(sparesOthers && world.Others.Length > 0, "Somebody who was to be spared is thrown out.");
        if (keepAs is not null)
        {
            var old = world.Get(name);
            old.Comment = keptComment;
            old.MayGo = removeOld;
            world.Add(keepAs, old);
            world.Remove(name);
        }

        world.Remove(replacement);
        (next.Comment, next.WasLive) = (comment, true);
        world.Add(name, next);
    });

    public Task DropAsync(string name, CancellationToken cancellationToken) => world.Find(name) is null ? Task.CompletedTask : EffectAsync(() =>
    {
        var gone = world.Find(name);
        Assert.True(gone is null or { WasLive: false } or { MayGo: true }, $"'{name}' with '{gone?.Contents}' was to be kept.");
        world.Remove(name);
    });

    public Task LayOutAsync(string name, DatabaseFacts like, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task DropPublicAsync(string name, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task GiveAllAsync(string name, string owner, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task AnalyzeAsync(string name, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task DropUnusedAsync(string name, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<long?> MeasureAsync(string name, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<string>> ListSessionsAsync(string name, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<string>>(world.ServerRuns ? ["server", .. world.Others] : world.Others);

    public ValueTask DisposeAsync() => default;

    private async Task FillAsync(DatabaseSite site, string name, CancellationToken cancellationToken)
    {
        // A session belongs to a database, whatever has its name by then.
        SwapWorld.Database? connected = null;
        await EffectAsync(() => (connected = world.Get(name)).Contents = "half of " + source);
        await EffectAsync(() => (world.Find(name) == connected ? connected! : throw new LettaException("DatabaseConnectionLost", LettaErrorKind.Connection, "It is gone.", "Look.")).Contents = source);
    }

    private async Task EffectAsync(Action change)
    {
        Alive();
        world.Effects++;
        Effects++;
        if (world.Effects == world.KillAt)
        {
            Kill();
        }

        if (world.Effects == world.FailAt)
        {
            throw new LettaException("Broken", LettaErrorKind.ServerFault, "It broke.", "Mend it.");
        }

        if (BeforeEffect is not null)
        {
            await BeforeEffect(Effects);
            Alive();
        }

        change();
        world.AssertInvariants();
    }

    private void Alive()
    {
        if (_dead)
        {
            throw new KilledException();
        }
    }

    /// <summary>
    /// Two runs in one second, then the next two: as somebody does who runs it again at once. What is waited for comes at once.
    /// </summary>
    private sealed class ImpatientTime(int runs) : TimeProvider
    {
        private TimeSpan _waited;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => SwapWorld.Now.AddSeconds(runs / 2);

        public override long GetTimestamp() => _waited.Ticks;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _waited += dueTime;
            callback(state);
            return new Timer();
        }

        private sealed class Timer : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => default;
        }
    }

    private sealed class Lock(SwapRun run) : IDatabaseLock
    {
        public Task<bool> IsHeldAsync(CancellationToken cancellationToken)
        {
            run.Alive();
            return Task.FromResult(run.IsLocked);
        }

        public ValueTask DisposeAsync()
        {
            run.LoseLock();
            return default;
        }
    }

    private bool IsLocked => world.Locked == this;

    private sealed class Release(Action release) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            release();
            return default;
        }
    }

    private sealed class View(DatabaseFacts facts) : IDatabaseView
    {
        public string Snapshot => "1";

        public DatabaseFacts Facts => facts;

        public Task<long?> CountAgentsAsync(CancellationToken cancellationToken) => Task.FromResult<long?>(0);

        public Task<IReadOnlyList<DatabaseTable>> CountAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<DatabaseTable>>([]);

        public ValueTask DisposeAsync() => default;
    }
}

using System.Globalization;
using System.Text;

namespace LettaPS.Core.Databases.Swap;

/// <summary>
/// Decides what comes next when a database is replaced, from what is there: a run that was killed is gone on with by the next one.
/// At every moment either the old database or the new one has the name.
/// </summary>
/// <param name="database">Name of the database.</param>
/// <param name="source">What the new one is filled from: the SHA-256 of a dump, or <c>empty</c>.</param>
/// <param name="removeOld">Whether the old one is removed when the new one has proved good.</param>
internal sealed class SwapPlan(string database, string source, bool removeOld)
{
    /// <summary>Bytes of the longest name; PostgreSQL cuts off what is longer, and what was made would not be found again.</summary>
    private const int LongestName = 63;

    private const string WorkSuffix = "_lettaps_new";
    private const string UnmarkedSuffix = "_lettaps_tmp";

    /// <summary>Name of the database.</summary>
    public string Database => database;

    /// <summary>What the new one is filled from.</summary>
    public string Source => source;

    /// <summary>Whether the old one is removed when the new one has proved good.</summary>
    public bool RemoveOld => removeOld;

    /// <summary>Whether a session of others than the servers that were stopped is a reason to give up, and not to throw it out.</summary>
    public bool SparesOthers { get; init; }

    /// <summary>Name of the new database until it is in place.</summary>
    public string WorkName { get; } = Cut(database, WorkSuffix);

    /// <summary>
    /// Name of the new database until it bears its marker. A database cannot be made together with its comment, and the one that it takes the place of
    /// may be the only thing that knows which servers a run that was killed had stopped.
    /// </summary>
    public string UnmarkedName { get; } = Cut(database, UnmarkedSuffix);

    /// <summary>What the old database is called once it is replaced, such as <c>letta_before_20261123_013000</c>.</summary>
    /// <param name="now">The time.</param>
    public string NameToKeep(DateTimeOffset now) => Cut(database, now.ToUniversalTime().ToString("'_before_'yyyyMMdd'_'HHmmss", CultureInfo.InvariantCulture));

    /// <summary>What comes next.</summary>
    /// <param name="state">The databases as they are now.</param>
    /// <param name="servers">What the servers that use the database are doing.</param>
    /// <param name="swapped">
    /// Whether this run has swapped the names. What an earlier run put in place may have been used since, and is replaced like any other.
    /// </param>
    public SwapStep Next(ClusterState state, ServersState servers, bool swapped)
    {
        ArgumentNullException.ThrowIfNull(state);
        if (state.Find(UnmarkedName) is { } unmarked)
        {
            return SwapMarker.Parse(unmarked.Comment) is null ? SwapStep.Discard : SwapStep.Publish;
        }

        var work = state.Find(WorkName);
        if (SwapMarker.Parse(work?.Comment) is { Stage: SwapStage.Made or SwapStage.Filled } marker && marker.Source == source)
        {
            return servers is ServersState.Running ? SwapStep.StopServers
                : marker.Stage is SwapStage.Made ? SwapStep.Fill
                : SwapStep.Swap;
        }

        // What else bears the name of the new database is half filled or of another job, and is taken away when a new one is made.
        return swapped && SwapMarker.Parse(state.Find(database)?.Comment) is { Stage: SwapStage.InPlace } inPlace
            ? AfterSwap(state, inPlace, servers)
            : SwapStep.Make;
    }

    private static SwapStep AfterSwap(ClusterState state, SwapMarker marker, ServersState servers) =>
        servers is not ServersState.Ready ? SwapStep.StartServers
        : marker.ToRemove.Any(name => state.Find(name) is not null) ? SwapStep.RemoveOld
        : SwapStep.Finish;

    private static string Cut(string name, string suffix)
    {
        while (Encoding.UTF8.GetByteCount(name) + suffix.Length > LongestName)
        {
            name = name[..^1];
        }

        return name + suffix;
    }
}

/// <summary>A step of the replacement of a database.</summary>
internal enum SwapStep
{
    /// <summary>Remove a database that an earlier run did not live to mark.</summary>
    Discard,

    /// <summary>Make the new database beside the old one, and mark it.</summary>
    Make,

    /// <summary>Give it its name, instead of what an earlier run left unfinished.</summary>
    Publish,

    /// <summary>Stop the servers.</summary>
    StopServers,

    /// <summary>Fill the new database and compare it with its source.</summary>
    Fill,

    /// <summary>Swap the names.</summary>
    Swap,

    /// <summary>Start the servers and wait until they answer.</summary>
    StartServers,

    /// <summary>Remove the old database.</summary>
    RemoveOld,

    /// <summary>Take the note of this job away: it is done.</summary>
    Finish,
}

/// <summary>What the servers that use a database are doing.</summary>
internal enum ServersState
{
    /// <summary>At least one runs on the old database.</summary>
    Running,

    /// <summary>None runs.</summary>
    Stopped,

    /// <summary>Those that are to run answer.</summary>
    Ready,
}

using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace LettaPS.Core.Databases.Swap;

/// <summary>
/// Decides what comes next when a database is replaced, from what is there: a run that was killed is gone on with by the next one.
/// At every moment either the old database or the new one has the name.
/// </summary>
/// <param name="database">Name of the database.</param>
/// <param name="source">What the new one is filled from: the SHA-256 of a dump, or <c>empty</c>.</param>
/// <param name="removeOld">Whether the old one is removed when the new one has proved good.</param>
/// <remarks>
/// <code>
/// A database that this run has swapped in comes before all else; the other rows count from the top.
/// temporary name        work name                 after the swap                 next step
/// no marker                                                                      Discard
/// another run's marker  there                                                    Discard
/// another run's marker  not there                                                Publish
/// marker of this run                                                             Publish
///                       another run's, same source, Made or Filled               Claim
///                       this run's, servers run                                  StopServers
///                       this run's, Made                                         Fill
///                       this run's, Filled                                       Swap
///                                                 swapped by this run            StartServers, RemoveOld, Finish
/// anything else                                                                  Make
/// </code>
/// </remarks>
internal sealed class SwapPlan(string database, string source, bool removeOld)
{
    /// <summary>Bytes of the longest name; PostgreSQL cuts off what is longer, and what was made would not be found again.</summary>
    private const int LongestName = 63;

    private const string WorkSuffix = "_lettaps_new";
    private const string UnmarkedSuffix = "_lettaps_tmp";
    private const string KeptSuffix = "_before_";
    private const string TimeFormat = "yyyyMMdd'_'HHmmss";

    /// <summary>Characters of the format that are not in what it gives.</summary>
    private const int Quotes = 2;

    /// <summary>Name of the database.</summary>
    public string Database => database;

    /// <summary>What the new one is filled from.</summary>
    public string Source => source;

    /// <summary>Whether the old one is removed when the new one has proved good.</summary>
    public bool RemoveOld => removeOld;

    /// <summary>Identifies this run in the markers that it writes.</summary>
    public string Run { get; init; } = Guid.NewGuid().ToString("N")[..12];

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
    public string NameToKeep(DateTimeOffset now) => NameToKeep(database, now);

    /// <summary>When a database was replaced and kept.</summary>
    /// <param name="database">The name that it had.</param>
    /// <param name="name">Its name now.</param>
    /// <returns>The time (UTC); <see langword="null"/> if it is not one that a replacement of that database kept.</returns>
    public static DateTimeOffset? KeptAt(string database, string name) =>
        name.Length > TimeFormat.Length - Quotes
        && DateTimeOffset.TryParseExact(name[^(TimeFormat.Length - Quotes)..], TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
        && NameToKeep(database, at) == name ? at : null;

    private static string NameToKeep(string database, DateTimeOffset at) =>
        Cut(database, KeptSuffix + at.ToUniversalTime().ToString(TimeFormat, CultureInfo.InvariantCulture));

    /// <summary>What comes next.</summary>
    /// <param name="state">The databases as they are now.</param>
    /// <param name="servers">What the servers that use the database are doing.</param>
    /// <param name="swapped">
    /// Whether this run has swapped the names. What an earlier run put in place may have been used since, and is replaced like any other.
    /// </param>
    public SwapStep Next(ClusterState state, ServersState servers, bool swapped)
    {
        ArgumentNullException.ThrowIfNull(state);
        // Whatever another run left meanwhile is for the next one.
        if (swapped && SwapMarker.Parse(state.Find(database)?.Comment) is { Stage: SwapStage.InPlace } inPlace)
        {
            return AfterSwap(state, inPlace, servers);
        }

        if (state.Find(UnmarkedName) is { } unmarked)
        {
            // One that a run was killed over between the two names may be the only thing that knows which servers were stopped.
            return !unmarked.IsInvalid && SwapMarker.Parse(unmarked.Comment) is { } made && (made.Run == Run || state.Find(WorkName) is not { IsInvalid: false })
                ? SwapStep.Publish
                : SwapStep.Discard;
        }

        if (state.Find(WorkName) is { IsInvalid: false } work
            && SwapMarker.Parse(work.Comment) is { Stage: SwapStage.Made or SwapStage.Filled } marker
            && marker.Source == source)
        {
            return marker.Run != Run ? SwapStep.Claim
                : servers is ServersState.Running ? SwapStep.StopServers
                : marker.Stage is SwapStage.Made ? SwapStep.Fill
                : SwapStep.Swap;
        }

        // What else bears the name of the new database is half filled, half removed or of another job, and is taken away when a new one is made.
        return SwapStep.Make;
    }

    private SwapStep AfterSwap(ClusterState state, SwapMarker marker, ServersState servers) =>
        servers is not ServersState.Ready ? SwapStep.StartServers
        : removeOld && state.Find(marker.KeepAs) is not null ? SwapStep.RemoveOld
        : SwapStep.Finish;

    /// <remarks>A name that does not fit gives way to a hash of it: two long names may differ only in what is cut off.</remarks>
    private static string Cut(string name, string suffix)
    {
        if (Encoding.UTF8.GetByteCount(name) + suffix.Length <= LongestName)
        {
            return name + suffix;
        }

        var end = '_' + Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..8].ToLowerInvariant() + suffix;
        while (Encoding.UTF8.GetByteCount(name) + end.Length > LongestName)
        {
            name = name[..^(char.IsSurrogate(name[^1]) ? 2 : 1)];
        }

        return name + end;
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

    /// <summary>Take over the new database that an interrupted run of the same job left.</summary>
    Claim,

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

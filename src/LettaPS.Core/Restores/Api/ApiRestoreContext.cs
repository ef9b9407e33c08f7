using LettaPS.Core.Releases;
using LettaPS.Core.Sources;

namespace LettaPS.Core.Restores.Api;

/// <summary>What the steps of a run have in common. Nothing in it but the journal changes during the run.</summary>
/// <param name="Server">The server; it stays open.</param>
/// <param name="Target">Its release.</param>
/// <param name="Options">How to restore.</param>
/// <param name="WorkFolder">The folder for files until they are imported.</param>
/// <param name="Journal">The record of the run in the ID map.</param>
internal sealed record ApiRestoreContext(ILettaServer Server, ReleaseCapabilities Target, RestoreOptions Options, string WorkFolder, RestoreJournal Journal)
{
    /// <summary>Address of the server.</summary>
    public Uri Address => Server.Connection.BaseUri;
}

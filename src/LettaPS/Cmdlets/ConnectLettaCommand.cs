using System.Management.Automation;
using System.Security;
using LettaPS.Cmdlets.Base;
using LettaPS.Completion;
using LettaPS.Core.Connections;
using LettaPS.Core.Secrets;
using LettaPS.Core.Text;
using LettaPS.Parameters;

namespace LettaPS.Cmdlets;

/// <summary>
/// Checks a Letta server and makes it the default of this runspace: its version, then one read with the password. A server whose database does not fit
/// its release is kept, with a warning, since it takes a connection to mend it.
/// </summary>
[Cmdlet(VerbsCommunications.Connect, "Letta", DefaultParameterSetName = ByAddress)]
[OutputType(typeof(LettaConnection))]
public sealed class ConnectLettaCommand : ServerCheckCmdlet
{
    private const string ByAddress = "BaseUri";
    private const string ByInputObject = "InputObject";

    /// <summary>
    /// Address of the server, with or without <c>/v1</c>, or the name of a saved connection. Without it <c>LETTA_BASE_URL</c>, else <c>http://localhost:8283</c>.
    /// </summary>
    [Parameter(Position = 0, ParameterSetName = ByAddress, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Uri", "BaseUrl")]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    [ServerAddress]
    public Uri? BaseUri { get; set; }

    /// <summary>Name of a connection that <c>Save-LettaConnection</c> keeps. An object from the pipeline that has an address is connected to by that.</summary>
    [Parameter(ParameterSetName = ByAddress, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    public string? Name { get; set; }

    /// <summary>Saved connections, as <c>Get-LettaConnection -ListSaved</c> gives them.</summary>
    [Parameter(Mandatory = true, ParameterSetName = ByInputObject, ValueFromPipeline = true)]
    [ValidateNotNull]
    public LettaSavedConnection? InputObject { get; set; }

    /// <summary>
    /// The server's password (<c>LETTA_SERVER_PASSWORD</c> of its container). Without it the one that the saved connection names, else, for an address,
    /// <c>LETTA_API_KEY</c>, if <c>LETTA_BASE_URL</c> names this server.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("Password")]
    [Secret]
    public SecureString? ApiKey { get; set; }

    /// <summary>The environment variable that holds the server's password.</summary>
    [Parameter(ParameterSetName = ByAddress, ValueFromPipelineByPropertyName = true)]
    public string? KeyVariable { get; set; }

    /// <summary>Longest wait for the beginning of an answer and between two parts of it, as a duration or in seconds; 100 seconds where not given.</summary>
    [Parameter]
    [Seconds]
    [ValidateNotNull]
    [Alias("Timeout")]
    public TimeSpan? TimeoutSec { get; set; }

    /// <summary>Accept any TLS certificate.</summary>
    [Parameter]
    public SwitchParameter SkipCertificateCheck { get; set; }

    /// <summary>
    /// Address of the server's database, for the cmdlets that work on it: <c>postgresql://user:password@host:5432/database</c>. It is not connected to here.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? DatabaseUri { get; set; }

    /// <summary>Give the connection.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        if (BaseUri is not null && Name is not null)
        {
            ThrowTerminatingError(new LettaException(
                ErrorIds.ParameterConflict, LettaErrorKind.InvalidInput, "-Name and -BaseUri exclude each other.", "Give one of them: Connect-Letta <name or address>", Name).ToErrorRecord());
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        (LettaConnection Connection, int? AgentCount)? result = null;
        try
        {
            var connection = DatabaseUri is null ? Describe() : Describe().WithDatabase(DatabaseAddress.Parse(DatabaseUri));
            RunToEnd(async cancellationToken =>
            {
                try
                {
                    result = await CheckAsync(connection, cancellationToken).ConfigureAwait(false);
                }
                catch (LettaException e) when (MyInvocation.ExpectingInput)
                {
                    await WriteErrorAsync(e, Target).ConfigureAwait(false);
                }
            });
        }
        catch (LettaException e)
        {
            Refuse(e);
        }

        if (result is not var (connected, agents))
        {
            return;
        }

        RunspaceState.Current.Connection = connected;

        if (PassThru)
        {
            WriteObject(connected);
            return;
        }

        // Shown, but never part of the output: what the address leads to is the first thing that a user wants to know.
        var count = agents switch { null => string.Empty, 1 => ", 1 agent", _ => $", {agents} agents" };
        WriteHost($"Connected to {connected.BaseUri} (Letta {UntrustedText.Shorten(connected.ReportedVersion)}{count}).");
    }

    /// <summary>What errors are about, as it was given.</summary>
    private object? Target => InputObject is not null ? InputObject : BaseUri is null ? Name : SecretText.MaskAddress(BaseUri.OriginalString);

    // Of many servers, one that cannot be connected to does not keep the others from being worked on.
    private void Refuse(LettaException e)
    {
        if (!MyInvocation.ExpectingInput)
        {
            ThrowTerminatingError(e.ToErrorRecord());
        }

        WriteError(e.ToErrorRecord(Target));
    }

    private LettaConnection Describe()
    {
        if (InputObject is not null)
        {
            return Saved(InputObject);
        }

        // No validation attribute: it could not say what it means that a server of Get-LettaServer has no address.
        if (BaseUri is null && MyInvocation.BoundParameters.ContainsKey(nameof(BaseUri)))
        {
            throw new LettaException(
                ErrorIds.PublishedPortNotFound,
                LettaErrorKind.NotFound,
                "The server has no address, because its container publishes no port.",
                "Publish the port in the compose file (ports: \"127.0.0.1:8283:8283\"), then recreate the container: docker compose up --detach");
        }

        // An empty column of a table is read as an address of no characters.
        var address = BaseUri is { OriginalString.Length: > 0 } ? BaseUri : null;
        if (address is null)
        {
            return string.IsNullOrEmpty(Name) ? Given(EnvironmentConnection.BaseUri) : Saved(ConnectionStore.OfUser.Get(Name));
        }

        return FindSaved(address.OriginalString) is { } saved ? Saved(saved) : Given(address);
    }

    /// <summary>The connection that was saved under what may be its name or the name of a host.</summary>
    private static LettaSavedConnection? FindSaved(string text) => text.Contains("://", StringComparison.Ordinal)
        ? null
        : ConnectionStore.OfUser.List().FirstOrDefault(c => string.Equals(c.Name, text, StringComparison.OrdinalIgnoreCase));

    // The password of LETTA_API_KEY belongs to LETTA_BASE_URL: a server that was saved without one is never sent it.
    private LettaConnection Saved(LettaSavedConnection saved) => new(
        saved.BaseUri,
        ApiKey ?? (string.IsNullOrEmpty(KeyVariable) ? ApiKeyResolver.Find(this, saved) : ApiKeyResolver.FromVariable(KeyVariable)),
        TimeoutSec ?? saved.Timeout,
        SkipCertificateCheck || saved.SkipCertificateCheck);

    private LettaConnection Given(Uri address) => new(
        address,
        ApiKey ?? (string.IsNullOrEmpty(KeyVariable) ? EnvironmentConnection.ApiKeyFor(address) : ApiKeyResolver.FromVariable(KeyVariable)),
        TimeoutSec,
        SkipCertificateCheck);
}

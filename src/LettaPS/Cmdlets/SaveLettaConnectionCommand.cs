using System.Management.Automation;
using LettaPS.Cmdlets.Base;
using LettaPS.Completion;
using LettaPS.Core.Connections;
using LettaPS.Parameters;

namespace LettaPS.Cmdlets;

/// <summary>
/// Keeps a server under a name, for <c>Connect-Letta -Name</c>, after checking it as <c>Connect-Letta</c> does. The password is never kept, only the name of
/// the environment variable or of the vault's entry where it is.
/// </summary>
[Cmdlet(VerbsData.Save, "LettaConnection", DefaultParameterSetName = ByConnection, SupportsShouldProcess = true)]
[OutputType(typeof(LettaSavedConnection))]
public sealed class SaveLettaConnectionCommand : ServerCheckCmdlet
{
    private const string ByConnection = "Connection";
    private const string ByAddress = "BaseUri";

    /// <summary>The name; a connection of that name is replaced.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    [ValidatePattern(@"^[^\p{Cc}*?\[\]]+$")]
    public string Name { get; set; } = null!;

    /// <summary>The server, as <c>Connect-Letta -PassThru</c> gives it. Without it the one of this runspace, else the one that the environment names.</summary>
    [Parameter(ValueFromPipeline = true, ParameterSetName = ByConnection)]
    [ValidateNotNull]
    public LettaConnection? Connection { get; set; }

    /// <summary>Address of the server, with or without <c>/v1</c>.</summary>
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = ByAddress)]
    [Alias("Uri", "BaseUrl")]
    [ServerAddress]
    [ValidateNotNull]
    public Uri? BaseUri { get; set; }

    /// <summary>The environment variable that holds the password.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? KeyVariable { get; set; }

    /// <summary>The vault of SecretManagement that holds the password.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? KeyVault { get; set; }

    /// <summary>Name of the password in the vault.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? KeySecret { get; set; }

    /// <summary>Longest wait for the beginning of an answer and between two parts of it, as a duration or in seconds.</summary>
    [Parameter(ParameterSetName = ByAddress)]
    [Seconds]
    [ValidateNotNull]
    [Alias("Timeout")]
    public TimeSpan? TimeoutSec { get; set; }

    /// <summary>Accept any TLS certificate.</summary>
    [Parameter(ParameterSetName = ByAddress)]
    public SwitchParameter SkipCertificateCheck { get; set; }

    /// <summary>Do not check the server, nor whether the password is where it is said to be.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Give the saved connection.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        if ((KeyVault is null) != (KeySecret is null) || (KeyVariable is not null && KeyVault is not null))
        {
            ThrowTerminatingError(new LettaException(
                ErrorIds.KeyPlaceAmbiguous, LettaErrorKind.InvalidInput, "The source of the password is ambiguous.", "Give -KeyVariable, or -KeyVault together with -KeySecret: Save-LettaConnection <name> -KeyVariable LETTA_API_KEY").ToErrorRecord());
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        try
        {
            Save(Given());
        }
        catch (LettaException e)
        {
            ThrowTerminatingError(e.ToErrorRecord());
        }
    }

    private void Save(LettaConnection given)
    {
        var connection = new LettaSavedConnection(Name, given.BaseUri)
        {
            KeyVariable = KeyVariable,
            KeyVault = KeyVault,
            KeySecret = KeySecret,
            Timeout = given.Timeout == LettaConnection.DefaultTimeout ? null : given.Timeout,
            SkipCertificateCheck = given.SkipCertificateCheck,
        };
        if (!Force)
        {
            // As it will be asked by name, so that a wrong port or a misspelt variable is found now and not by night.
            var asked = connection.HasKeyPlace ? new LettaConnection(given.BaseUri, ApiKeyResolver.Find(this, connection), given.Timeout, given.SkipCertificateCheck) : given;
            RunToEnd(cancellationToken => CheckAsync(asked, cancellationToken));
        }

        if (given.HasApiKey && !connection.HasKeyPlace)
        {
            WriteWarning($"The password is not saved. Give it each time (Connect-Letta -Name '{Name}' -ApiKey ...), or save again with -KeyVariable, or with -KeyVault and -KeySecret.");
        }

        if (!ShouldProcess(connection.ToString(), "Save connection"))
        {
            return;
        }

        ConnectionStore.OfUser.Save(connection);
        if (PassThru)
        {
            WriteObject(connection);
        }
    }

    private LettaConnection Given() => BaseUri is not null
        ? new LettaConnection(BaseUri, timeout: TimeoutSec, skipCertificateCheck: SkipCertificateCheck)
        : Connection ?? RunspaceState.Current.Connection ?? EnvironmentConnection.Create();
}

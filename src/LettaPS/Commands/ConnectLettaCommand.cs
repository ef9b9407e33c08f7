using System.Management.Automation;
using System.Security;
using LettaPS.Async;
using LettaPS.Core;
using LettaPS.Core.Connections;
using LettaPS.Hosting;

namespace LettaPS.Commands;

/// <summary>
/// Checks a Letta server and makes it the default of this runspace: its version, then one read with the password. A server whose database does not fit
/// its release is kept, with a warning, since it takes a connection to mend it.
/// </summary>
[Cmdlet(VerbsCommunications.Connect, "Letta")]
[OutputType(typeof(LettaConnection))]
public sealed class ConnectLettaCommand : AsyncCmdlet
{
    /// <summary>Address of the server, with or without <c>/v1</c>. Without it <c>LETTA_BASE_URL</c>, else <c>http://localhost:8283</c>.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("Uri", "BaseUrl")]
    public Uri? BaseUri { get; set; }

    /// <summary>The server's password (<c>LETTA_SERVER_PASSWORD</c> of its container). Without it <c>LETTA_API_KEY</c>, if set.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("Password")]
    public SecureString? ApiKey { get; set; }

    /// <summary>Longest wait for the beginning of an answer and between two parts of it, as a duration or in seconds; 100 seconds where not given.</summary>
    [Parameter]
    [Seconds]
    [ValidateNotNull]
    public TimeSpan? Timeout { get; set; }

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
    protected override void ProcessRecord()
    {
        // No validation attribute: it could not say what it means that a server of Get-LettaServer has no address.
        if (BaseUri is null && MyInvocation.BoundParameters.ContainsKey(nameof(BaseUri)))
        {
            ThrowTerminatingError(new LettaException(
                "NoPublishedPort",
                LettaErrorKind.NotFound,
                "The server has no address: its BaseUri is empty, since its container publishes no port.",
                "Publish it in the compose file (ports: \"127.0.0.1:8283:8283\") and start the service anew, or give the address at which it is reached with -BaseUri.").ToErrorRecord());
        }

        LettaConnection? connected = null;
        RunToEnd(async cancel =>
        {
            var connection = new LettaConnection(BaseUri ?? EnvironmentConnection.BaseUri, ApiKey ?? EnvironmentConnection.ApiKey, Timeout, SkipCertificateCheck);
            if (DatabaseUri is not null)
            {
                connection = connection.WithDatabase(DatabaseAddress.Parse(DatabaseUri));
            }

            var warnings = new List<string>();
            using var server = AdapterContext.Door.OpenServer(connection, warn: warnings.Add);
            connected = await server.CheckAsync(cancel).ConfigureAwait(false);
            foreach (var warning in warnings)
            {
                await WriteWarningAsync(warning).ConfigureAwait(false);
            }
        });

        RunspaceState.Current.Connection = connected;
        WriteVerbose($"Connected to {connected}.");
        if (PassThru)
        {
            WriteObject(connected);
        }
    }
}

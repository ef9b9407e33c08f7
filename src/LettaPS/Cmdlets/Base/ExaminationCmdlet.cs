using System.Management.Automation;
using System.Security;
using LettaPS.Core.Health;
using LettaPS.Core.IO;
using LettaPS.Parameters;

namespace LettaPS.Cmdlets.Base;

/// <summary>Base of the cmdlets that examine servers with all that belongs to them: container, API, database. They change nothing.</summary>
public abstract class ExaminationCmdlet : ConnectionCmdlet
{
    /// <summary>Address of a server, which need not be up: <c>http://localhost:8283</c>. It is not kept for other cmdlets.</summary>
    [Parameter(Position = 0)]
    [ServerAddress]
    [ValidateNotNull]
    public Uri? BaseUri { get; set; }

    /// <summary>Password of the server at <see cref="BaseUri"/>, or of those in containers. Without it <c>LETTA_API_KEY</c>, if <c>LETTA_BASE_URL</c> names this server.</summary>
    [Parameter]
    [Secret]
    public SecureString? ApiKey { get; set; }

    /// <summary>Accept any TLS certificate of the server at <see cref="BaseUri"/>; what is wrong with it is told all the same.</summary>
    [Parameter]
    public SwitchParameter SkipCertificateCheck { get; set; }

    /// <summary>Servers in containers, as <c>Get-LettaServer</c> gives them; also stopped ones.</summary>
    [Parameter(ValueFromPipeline = true)]
    [ValidateNotNullOrEmpty]
    public LettaServerInfo[]? Server { get; set; }

    /// <summary>
    /// Address of the database: <c>postgresql://user:password@host:5432/database</c>. Without it the connection's database, else <c>LETTA_PG_URI</c>, else
    /// that of the server's container, else for a server on this machine Letta's own default, if it is there.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? DatabaseUri { get; set; }

    /// <summary>Longest wait for each answer of the server, in seconds or as a duration; 10 seconds where it is not given.</summary>
    [Parameter]
    [Seconds]
    [Alias("Timeout")]
    public TimeSpan TimeoutSec { get; set; } = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var target in FindTargets())
        {
            var progress = NewProgress("Examining Letta");
            progress.SetStatus(target.Connection is { } connection ? $"asking {connection.BaseUri} and all that belongs to it" : "asking its container and all that belongs to it");
            RunToEnd(progress, async cancellationToken =>
            {
                try
                {
                    await ExamineAsync(target, cancellationToken).ConfigureAwait(false);
                }
                catch (Exception e) when (!ItemBoundary.EndsRun(e))
                {
                    object? server = target.Connection?.BaseUri ?? (object?)target.Container;
                    await WriteErrorAsync(ItemBoundary.Error(e, $"The server '{server}' cannot be examined", server), server).ConfigureAwait(false);
                }
            });
        }
    }

    /// <summary>Looks at the parameters before anything is asked, on the pipeline thread.</summary>
    /// <exception cref="LettaException">One of them is of no use.</exception>
    private protected virtual void Prepare()
    {
    }

    /// <summary>Examines a server.</summary>
    /// <param name="target">The server.</param>
    private protected abstract Task ExamineAsync(HealthTarget target, CancellationToken cancellationToken);

    private IReadOnlyList<HealthTarget> FindTargets()
    {
        try
        {
            Prepare();
            var database = DatabaseUri is null ? null : DatabaseAddress.Parse(DatabaseUri);
            var targets = Server is not null ? Server.Select(s => Target(s.BaseUri) with { Container = s.Id })
                : BaseUri is not null ? [Target(BaseUri)]
                : Connections.Select(c => new HealthTarget(c.WithTimeout(TimeoutSec), Environment.GetEnvironmentVariable));
            return [.. targets.Select(t => t with { Database = database })];
        }
        catch (LettaException e)
        {
            ThrowTerminatingError(e.ToErrorRecord());
            throw;
        }
    }

    private HealthTarget Target(Uri? address) =>
        new(address is null ? null : new LettaConnection(address, ApiKey ?? EnvironmentConnection.ApiKeyFor(address), TimeoutSec, SkipCertificateCheck), Environment.GetEnvironmentVariable);
}

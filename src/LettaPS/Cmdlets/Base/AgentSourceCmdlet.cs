using System.Management.Automation;
using LettaPS.Core.Sources;
using LettaPS.Parameters;

namespace LettaPS.Cmdlets.Base;

/// <summary>Base of the cmdlets that reach agents through a server's API or in its database.</summary>
public abstract class AgentSourceCmdlet : DatabaseCmdlet
{
    /// <summary>How many agents of the server are looked for in a database, before it is believed to be the server's.</summary>
    private const int Compared = 10;

    // A server that hangs is one of the reasons to read the database.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Where the agents are: behind the <c>Api</c>, in the <c>Database</c>, or <c>Auto</c> (the default), which takes the database if <c>-DatabaseUri</c>,
    /// <c>LETTA_PG_URI</c> or the server's container names one, it can be reached, and it has the agents that the server lists; else the API.
    /// </summary>
    [Parameter]
    public LettaAgentSource Source { get; set; }

    /// <summary>The servers in containers that the cmdlet was given, if it takes any.</summary>
    private protected virtual LettaServerInfo[]? Containers => null;

    /// <inheritdoc/>
    private protected override IReadOnlyList<LettaConnection> Connections => Containers is null ? base.Connections : [.. Containers.Select(Connect)];

    /// <inheritdoc/>
    private protected override bool ServerIsNamed => Containers is not null || base.ServerIsNamed;

    /// <summary>The servers to read; a database that was given stands for itself where nobody said which server it belongs to.</summary>
    private protected IReadOnlyList<LettaConnection> Servers
    {
        get
        {
            if (Source == LettaAgentSource.Api || ServerIsNamed)
            {
                return Connections;
            }

            try
            {
                var alone = DatabaseUri is not null ? DatabaseAddress.Parse(DatabaseUri)
                    : Source == LettaAgentSource.Database ? DatabaseAddress.FromEnvironment(Environment.GetEnvironmentVariable)
                    : null;
                return alone is null ? Connections : [LettaConnection.OfDatabase(alone)];
            }
            catch (LettaException e)
            {
                ThrowTerminatingError(e.ToErrorRecord());
                throw;
            }
        }
    }

    private LettaConnection Connect(LettaServerInfo server)
    {
        if (server.BaseUri is { } address)
        {
            return new LettaConnection(address, EnvironmentConnection.ApiKeyFor(address));
        }

        ThrowTerminatingError(new LettaException(
            ErrorIds.PublishedPortNotFound,
            LettaErrorKind.Refused,
            $"The server '{server.Name}' has no address: its container publishes no port.",
            "Publish the port in the compose file (ports: \"127.0.0.1:8283:8283\") and create the container again: docker compose up --detach",
            server.Name).ToErrorRecord());
        throw new InvalidOperationException();
    }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        if (Source == LettaAgentSource.Api && DatabaseUri is not null)
        {
            ThrowTerminatingError(new LettaException(
                ErrorIds.ParameterConflict, LettaErrorKind.InvalidInput, "-Source Api uses no database, and -DatabaseUri names one.", "Leave out one of the two parameters.").ToErrorRecord());
        }
    }

    /// <summary>Opens what agents are read from.</summary>
    /// <param name="connection">The server.</param>
    /// <param name="received">Told of bytes of the API as they arrive.</param>
    /// <param name="warn">Told what the user should know, from any thread.</param>
    private protected async Task<IAgentSource> OpenSourceAsync(LettaConnection connection, Action<long>? received, Action<string>? warn, CancellationToken cancellationToken)
    {
        if (Source == LettaAgentSource.Database)
        {
            return await OpenDatabaseAsync(connection, await FindDatabaseAsync(connection, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        }

        return Source == LettaAgentSource.Auto && await OpenForAutoAsync(connection, cancellationToken).ConfigureAwait(false) is { } found
            ? found.Source
            : AdapterLoadContext.Factory.OpenServer(connection, received, warn, WriteRetryAsync);
    }

    /// <summary>What is said where the API is used although something names a database.</summary>
    /// <param name="reason">Why, as a sentence.</param>
    private protected virtual string ApiWarning(string reason) =>
        $"The agents are read through the API: {reason} What the API does not show will be missing; -Source Database insists on the database.";

    /// <summary>Opens the database that something names as the server's, unless something speaks against it, which is said then.</summary>
    /// <param name="connection">The server.</param>
    /// <returns><see langword="null"/> where the API is to be used.</returns>
    private protected async Task<(ServerDatabase Database, IAgentSource Source)?> OpenForAutoAsync(LettaConnection connection, CancellationToken cancellationToken)
    {
        if (await FindForAutoAsync(connection, cancellationToken).ConfigureAwait(false) is not { } found)
        {
            return null;
        }

        var source = await OpenDatabaseAsync(connection, found).ConfigureAwait(false);
        try
        {
            if (await WhyNotAsync(connection, source, cancellationToken).ConfigureAwait(false) is not { } reason)
            {
                return (found, source);
            }

            await WarnOfApiAsync(reason).ConfigureAwait(false);
        }
        catch
        {
            source.Dispose();
            throw;
        }

        source.Dispose();
        return null;
    }

    /// <summary>Says that the API is used although something names a database.</summary>
    /// <param name="reason">Why, as a sentence.</param>
    private protected ValueTask WarnOfApiAsync(string reason) => WriteWarningAsync(ApiWarning(reason));

    /// <summary>The database that something names. Nothing that goes wrong in looking for it keeps from the API, unless the user named it himself.</summary>
    private async Task<ServerDatabase?> FindForAutoAsync(LettaConnection connection, CancellationToken cancellationToken)
    {
        // An engine far away may not answer at all, and need not have anything to do with the server.
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(s_patience);
        try
        {
            return await FindNamedDatabaseAsync(connection, patience.Token).ConfigureAwait(false);
        }
        catch (LettaException e) when (DatabaseUri is null)
        {
            await WarnOfApiAsync(e.Message).ConfigureAwait(false);
            return null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            await WriteVerboseAsync("The container engine does not answer; it was not asked for the database.").ConfigureAwait(false);
            return null;
        }
    }

    private async Task<IAgentSource> OpenDatabaseAsync(LettaConnection connection, ServerDatabase database)
    {
        await WriteVerboseAsync($"Database: {database.Address}").ConfigureAwait(false);
        var server = connection.HasApi ? connection.WithDatabase(database.Address, database.EncryptionKey) : connection;
        return AdapterLoadContext.Factory.OpenAgentDatabase(new AgentDatabase(database.Address, server) { EncryptionKey = database.EncryptionKey });
    }

    /// <summary>Why a database is not to be read instead of the API, as a sentence; <see langword="null"/> where nothing speaks against it.</summary>
    private async Task<string?> WhyNotAsync(LettaConnection connection, IAgentSource database, CancellationToken cancellationToken)
    {
        // The server is asked first: what it lists must then be in a database that is read later.
        var listed = connection.HasApi ? await AskServerAsync(connection, server => FirstAsync(server, Compared, cancellationToken), cancellationToken).ConfigureAwait(false) : null;
        try
        {
            if (listed is null && connection.HasApi && !IsNamedFor(connection))
            {
                return $"{connection.BaseUri} does not answer, and nothing proves that the database '{database.Connection.Database}' is its own.";
            }

            if (listed is null or [])
            {
                var stored = await FirstAsync(database, 1, cancellationToken).ConfigureAwait(false);
                return listed is [] && stored is [var any] ? $"{connection.BaseUri} lists no agent, but the database has {any.Name}." : null;
            }

            foreach (var agent in listed)
            {
                var stored = await database.GetAsync(agent.Id, cancellationToken).ConfigureAwait(false);
                if (stored.UpdatedAt < agent.UpdatedAt)
                {
                    return $"the database is a copy of an earlier time, since {agent.Name} was changed after it.";
                }
            }

            return null;
        }
        catch (LettaException e) when (e.ErrorId == ErrorIds.AgentNotFound)
        {
            return $"the database is another server's. {e.Message}";
        }
        catch (LettaException e) when (connection.HasApi)
        {
            return e.Message;
        }
    }

    /// <summary>
    /// Whether the user or the server's container says that a database is that server's. LETTA_PG_URI says it of no server in particular, and a database that was
    /// given for several servers cannot be that of each.
    /// </summary>
    private bool IsNamedFor(LettaConnection connection) => DatabaseUri is not null ? Connection is not { Length: > 1 }
        : connection.Database is not null || DatabaseAddress.FromEnvironment(Environment.GetEnvironmentVariable) is null;

    /// <summary>Asks a server to compare it with a database.</summary>
    /// <typeparam name="T">What it gives.</typeparam>
    /// <param name="connection">The server.</param>
    /// <param name="ask">The question.</param>
    /// <returns>The answer, or <see langword="null"/> where the server gives none.</returns>
    private protected async Task<T?> AskServerAsync<T>(LettaConnection connection, Func<ILettaServer, Task<T>> ask, CancellationToken cancellationToken)
        where T : class
    {
        var patient = connection.Timeout > s_patience ? connection.WithTimeout(s_patience) : connection;
        try
        {
            // A probe does not try again: a server that is down is to be expected here.
            using (var probe = AdapterLoadContext.Factory.OpenProbe(patient))
            {
                await probe.GetAsync("health/", cancellationToken).ConfigureAwait(false);
            }

            using var server = AdapterLoadContext.Factory.OpenServer(patient, retrying: WriteRetryAsync);
            return await ask(server).ConfigureAwait(false);
        }
        catch (LettaException e)
        {
            await WriteVerboseAsync($"The API cannot be compared with the database. {e.Message}").ConfigureAwait(false);
            return null;
        }
    }

    private static async Task<List<LettaAgent>> FirstAsync(IAgentSource source, int count, CancellationToken cancellationToken)
    {
        var agents = new List<LettaAgent>();
        await foreach (var agent in source.ListAsync(AgentQuery.Usable, cancellationToken).ConfigureAwait(false))
        {
            agents.Add(agent);
            if (agents.Count == count)
            {
                break;
            }
        }

        return agents;
    }
}

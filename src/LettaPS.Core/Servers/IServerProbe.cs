namespace LettaPS.Core.Servers;

/// <summary>Looks at what is at a server's address step by step. Each step stands alone, nothing is tried twice, and only GET is ever sent.</summary>
internal interface IServerProbe : IDisposable
{
    /// <summary>Looks up the host.</summary>
    /// <returns>Its IP addresses.</returns>
    /// <exception cref="LettaException"><c>HostNotFound</c>.</exception>
    Task<IReadOnlyList<string>> ResolveAsync(CancellationToken cancellationToken);

    /// <summary>Connects to the port and closes the connection again.</summary>
    /// <exception cref="LettaException"><c>ServerUnreachable</c>, <c>ServerTimeout</c>.</exception>
    Task ConnectAsync(CancellationToken cancellationToken);

    /// <summary>Agrees on TLS and looks at the certificate, whatever it is.</summary>
    /// <exception cref="LettaException"><c>TlsFailed</c>, <c>ServerTimeout</c>.</exception>
    Task<TlsFacts> HandshakeAsync(CancellationToken cancellationToken);

    /// <summary>Asks for a path.</summary>
    /// <param name="path">Path and query below <c>/v1</c>.</param>
    /// <returns>The answer, whatever its status.</returns>
    /// <exception cref="LettaException">There is none; the identifier tells why.</exception>
    Task<ServerAnswer> GetAsync(string path, CancellationToken cancellationToken);
}

/// <summary>What TLS showed.</summary>
/// <param name="Subject">Whom the certificate names.</param>
/// <param name="NotAfter">When it ends (UTC).</param>
/// <param name="Problem">Why a client does not accept it; <see langword="null"/> where it does.</param>
internal sealed record TlsFacts(string Subject, DateTimeOffset NotAfter, string? Problem);

/// <summary>An answer over HTTP.</summary>
/// <param name="IsJson">Whether it says that it is JSON.</param>
/// <param name="Body">The first 64 KiB of it.</param>
/// <param name="Software">What the header <c>Server</c> says, or <see langword="null"/>.</param>
/// <param name="Via">What the header <c>Via</c> says, or <see langword="null"/>.</param>
/// <param name="Duration">How long it took.</param>
internal sealed record ServerAnswer(int Status, bool IsJson, string Body, string? Software, string? Via, TimeSpan Duration)
{
    /// <summary>Whether it is a success.</summary>
    public bool IsSuccess => Status is >= 200 and < 300;
}

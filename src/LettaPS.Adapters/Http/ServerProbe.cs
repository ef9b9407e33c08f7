using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using LettaPS.Core.Servers;

namespace LettaPS.Adapters.Http;

/// <summary>Looks at what is at a server's address step by step.</summary>
internal sealed class ServerProbe(LettaConnection connection) : IServerProbe
{
    private readonly HttpTransport _http = new(connection);

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> ResolveAsync(CancellationToken cancellationToken) => StepAsync<IReadOnlyList<string>>(
        async limit => [.. (await Dns.GetHostAddressesAsync(connection.BaseUri.DnsSafeHost, limit).ConfigureAwait(false)).Select(a => a.ToString())], cancellationToken);

    /// <inheritdoc/>
    public Task ConnectAsync(CancellationToken cancellationToken) => StepAsync(
        async limit =>
        {
            using var socket = await OpenAsync(limit).ConfigureAwait(false);
            return socket.Connected;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<TlsFacts> HandshakeAsync(CancellationToken cancellationToken) => StepAsync(
        async limit =>
        {
            using var socket = await OpenAsync(limit).ConfigureAwait(false);
            string? problem = null;
            var stream = new SslStream(new NetworkStream(socket));
            await using (stream.ConfigureAwait(false))
            {
                var options = new SslClientAuthenticationOptions
                {
                    TargetHost = connection.BaseUri.DnsSafeHost,
#pragma warning disable CA5359 // Nothing is sent over this connection; what is wrong with the certificate is what is asked for.
                    RemoteCertificateValidationCallback = (_, _, chain, errors) =>
                    {
                        problem = errors == SslPolicyErrors.None ? null : Describe(errors, chain);
                        return true;
                    },
#pragma warning restore CA5359
                };
                await stream.AuthenticateAsClientAsync(options, limit).ConfigureAwait(false);
                using var certificate = new System.Security.Cryptography.X509Certificates.X509Certificate2(stream.RemoteCertificate!);
                return new TlsFacts(certificate.Subject, certificate.NotAfter.ToUniversalTime(), problem);
            }
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<ServerAnswer> GetAsync(string path, CancellationToken cancellationToken) => _http.AskAsync(path, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static string Describe(SslPolicyErrors errors, System.Security.Cryptography.X509Certificates.X509Chain? chain) =>
        errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) ? "it is for another name"
        : chain?.ChainStatus.FirstOrDefault().StatusInformation is { Length: > 0 } status ? status.Trim().TrimEnd('.')
        : "it cannot be checked";

    private async Task<Socket> OpenAsync(CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(connection.BaseUri.DnsSafeHost, connection.BaseUri.Port, cancellationToken).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<T> StepAsync<T>(Func<CancellationToken, Task<T>> step, CancellationToken cancellationToken)
    {
        using var limit = new IdleTimeout(connection.Timeout, cancellationToken);
        try
        {
            return await step(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw HttpErrors.NoConnection(connection, e);
        }
        catch (SocketException e)
        {
            throw e.SocketErrorCode switch
            {
                SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData => HttpErrors.UnknownHost(connection, e),
                SocketError.ConnectionRefused => HttpErrors.Refused(connection, e),
                _ => HttpErrors.Unreachable(connection, e),
            };
        }
        catch (Exception e) when (e is AuthenticationException or IOException)
        {
            throw HttpErrors.Tls(connection, e);
        }
    }
}

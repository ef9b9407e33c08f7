using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Security.Authentication;
using LettaPS.Core.Servers;

namespace LettaPS.Adapters.Http;

/// <summary>Looks at what is at a server's address step by step.</summary>
internal sealed class ServerProbe(LettaConnection connection) : IServerProbe
{
    private readonly HttpTransport _http = new(connection);

    /// <summary>What a connection goes to first: the server, or the proxy that all requests to it take.</summary>
    private Uri NextHop => !connection.BaseUri.IsLoopback && !HttpClient.DefaultProxy.IsBypassed(connection.BaseUri) && HttpClient.DefaultProxy.GetProxy(connection.BaseUri) is { } proxy ? proxy : connection.BaseUri;

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> ResolveAsync(CancellationToken cancellationToken) => StepAsync<IReadOnlyList<string>>(
        async limit => [.. (await Dns.GetHostAddressesAsync(NextHop.DnsSafeHost, limit).ConfigureAwait(false)).Select(a => a.ToString())], cancellationToken);

    /// <inheritdoc/>
    public Task ConnectAsync(CancellationToken cancellationToken) => StepAsync(
        async limit =>
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(NextHop.DnsSafeHost, NextHop.Port, limit).ConfigureAwait(false);
            return socket.Connected;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<TlsFacts> HandshakeAsync(CancellationToken cancellationToken) => StepAsync(
        async limit =>
        {
            TlsFacts? facts = null;
            using var handler = HttpTransport.NewHandler(connection);
#pragma warning disable CA5359 // Nothing is sent over this connection; what is wrong with the certificate is what is asked for.
            handler.SslOptions.RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
            {
                using var copy = new System.Security.Cryptography.X509Certificates.X509Certificate2(certificate!);
                facts = new TlsFacts(copy.Subject, copy.NotAfter.ToUniversalTime(), errors == SslPolicyErrors.None ? null : Describe(errors, chain));
                return true;
            };
#pragma warning restore CA5359

            // The way through a proxy is a connection too, before the handshake.
            handler.PlaintextStreamFilter = (context, _) => facts is null ? ValueTask.FromResult(context.PlaintextStream) : throw new HandshakeDoneException();
            using var client = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
            try
            {
                using var response = await client.GetAsync(connection.BaseUri, limit).ConfigureAwait(false);
            }
            catch (HttpRequestException e) when (e.InnerException is HandshakeDoneException && facts is not null)
            {
                return facts;
            }
            catch (HttpRequestException e) when (e.InnerException is SocketException or AuthenticationException or IOException)
            {
                ExceptionDispatchInfo.Throw(e.InnerException);
            }
            catch (HttpRequestException e)
            {
                throw HttpErrors.Unreachable(connection, e);
            }

            throw HttpErrors.NoConnection(connection, new IOException("The handshake did not take place."));
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

    /// <summary>Ends a connection after its handshake, before anything is sent.</summary>
    private sealed class HandshakeDoneException : Exception;
}

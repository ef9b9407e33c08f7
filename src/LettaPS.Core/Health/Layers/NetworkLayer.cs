using LettaPS.Core.Servers;

namespace LettaPS.Core.Health.Layers;

/// <summary>The way to the server's port.</summary>
internal sealed class NetworkLayer : HealthLayer
{
    private static readonly TimeSpan s_soon = TimeSpan.FromDays(14);

    /// <inheritdoc/>
    public override LettaHealthLayer Layer => LettaHealthLayer.Network;

    /// <inheritdoc/>
    public override IReadOnlyList<LettaHealthLayer> RestsOn => [LettaHealthLayer.Container];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Names => ["Dns", "Port", "Tls", "Proxy"];

    /// <inheritdoc/>
    public override async Task<IReadOnlyList<Finding>> ExamineAsync(HealthContext context, CancellationToken cancellationToken)
    {
        if (context.Target.Connection is null)
        {
            var unpublished = Finding.Fail("Port", "The port of the server's API is not published.", "Publish it: ports: [\"127.0.0.1:8283:8283\"] in the compose file.") with { Blocks = true };
            return [unpublished, .. Names.Where(n => n != unpublished.Name).Select(n => Finding.Skip(n, "Not examined: the check Network/Port failed."))];
        }

        var findings = new List<Finding>();
        foreach (var (name, step) in new (string, Func<Task<Finding>>)[]
        {
            ("Dns", () => ResolveAsync(context, cancellationToken)),
            ("Port", () => ConnectAsync(context, cancellationToken)),
            ("Tls", () => HandshakeAsync(context, cancellationToken)),
            ("Proxy", () => FindProxyAsync(context)),
        })
        {
            if (findings.FirstOrDefault(f => f.Blocks) is { } broken)
            {
                findings.Add(Finding.Skip(name, $"Not examined: the check Network/{broken.Name} failed."));
                continue;
            }

            var started = context.Time.GetTimestamp();
            Finding finding;
            try
            {
                finding = await step().ConfigureAwait(false);
            }
            catch (LettaException e)
            {
                finding = Finding.Block(name, e);
            }

            findings.Add(finding with { Duration = context.Time.GetElapsedTime(started) });
        }

        return findings;
    }

    private static async Task<Finding> ResolveAsync(HealthContext context, CancellationToken cancellationToken)
    {
        var addresses = await context.Probe.ResolveAsync(cancellationToken).ConfigureAwait(false);
        return Finding.Pass("Dns", $"{context.Target.Connection!.BaseUri.Host} is {string.Join(", ", addresses)}.");
    }

    private static async Task<Finding> ConnectAsync(HealthContext context, CancellationToken cancellationToken)
    {
        await context.Probe.ConnectAsync(cancellationToken).ConfigureAwait(false);
        return Finding.Pass("Port", $"Port {context.Target.Connection!.BaseUri.Port} takes connections.");
    }

    private static async Task<Finding> HandshakeAsync(HealthContext context, CancellationToken cancellationToken)
    {
        var connection = context.Target.Connection!;
        if (connection.BaseUri.Scheme != Uri.UriSchemeHttps)
        {
            return connection is { HasApiKey: true, BaseUri.IsLoopback: false }
                ? Finding.Warn("Tls", "The password goes over the network in clear.", "Put a proxy with TLS before the server, or reach it through a tunnel.")
                : Finding.Skip("Tls", "The address is plain http.");
        }

        var tls = await context.Probe.HandshakeAsync(cancellationToken).ConfigureAwait(false);
        var left = tls.NotAfter - context.Time.GetUtcNow();
        return tls switch
        {
            { Problem: { } problem } when connection.SkipCertificateCheck =>
                Finding.Warn("Tls", $"The certificate is accepted only because it is not checked: {problem}.", "Trust it, or the authority that issued it, on this machine.", tls.Subject),
            { Problem: { } problem } => Finding.Fail(
                "Tls", $"The certificate is not accepted: {problem}.", "If it is your own, trust it, or give -SkipCertificateCheck to Connect-Letta.", tls.Subject) with
            { Blocks = true },
            _ when left < s_soon => Finding.Warn("Tls", $"The certificate ends on {tls.NotAfter:yyyy-MM-dd}.", "Renew it.", tls.Subject),
            _ => Finding.Pass("Tls", $"The certificate is good until {tls.NotAfter:yyyy-MM-dd}.", tls.Subject),
        };
    }

    /// <summary>What is between here and Letta, by what it writes into an answer. Letta's own server is uvicorn.</summary>
    private static async Task<Finding> FindProxyAsync(HealthContext context)
    {
        ServerAnswer answer;
        try
        {
            answer = await context.Health.ConfigureAwait(false);
        }
        catch (LettaException)
        {
            return Finding.Skip("Proxy", "Nothing is answered that would show one: see the check Api/Health.");
        }

        var software = answer.Via ?? answer.Software;
        var isProxy = software is not null && !software.Contains("uvicorn", StringComparison.OrdinalIgnoreCase);
        if (answer.Status is 502 or 503 or 504 && !answer.IsJson)
        {
            return Finding.Fail(
                "Proxy", $"A proxy{(isProxy ? $" ({software})" : null)} answers HTTP {answer.Status}: it does not reach Letta.", "Check where the proxy forwards to, and whether Letta runs there; its own port is 8283.") with
            { Blocks = true };
        }

        return isProxy
            ? Finding.Pass("Proxy", $"{software} is between here and Letta.", "It has to pass on all of /v1, and to wait for answers as long as a model may take.")
            : Finding.Pass("Proxy", "No proxy shows itself.");
    }
}

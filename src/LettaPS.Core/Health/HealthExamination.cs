using System.Diagnostics;
using System.Runtime.CompilerServices;
using LettaPS.Core.Health.Layers;
using LettaPS.Core.IO;
using LettaPS.Core.Text;

namespace LettaPS.Core.Health;

/// <summary>Examines a server layer by layer, side by side where they do not rest on each other. Changes nothing.</summary>
internal sealed class HealthExamination
{
    /// <summary>Name of the one check that stands for a layer that was skipped as a whole.</summary>
    private const string WholeLayer = "All";

    private readonly IReadOnlyList<HealthLayer> _layers;
    private readonly Func<CancellationToken, HealthContext> _open;

    /// <summary>Prepares to examine a server.</summary>
    /// <param name="adapters">Opens the outside world.</param>
    /// <param name="target">The server.</param>
    /// <param name="options">How.</param>
    /// <param name="time">Gives the time.</param>
    public HealthExamination(IAdapterFactory adapters, HealthTarget target, HealthOptions options, TimeProvider time)
        : this(Choose(options), cancellationToken => new HealthContext(adapters, target, options, time, cancellationToken))
    {
    }

    /// <summary>Prepares to examine given layers.</summary>
    internal HealthExamination(IReadOnlyList<HealthLayer> layers, Func<CancellationToken, HealthContext> open) => (_layers, _open) = (layers, open);

    /// <summary>Examines it.</summary>
    /// <returns>The checks in the order of the layers, each layer as soon as it and those before it are done.</returns>
    public async IAsyncEnumerable<LettaHealthCheck> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var context = _open(stop.Token);
        await using (context.ConfigureAwait(false))
        {
            var running = new Dictionary<LettaHealthLayer, Task<IReadOnlyList<Finding>>>();
            foreach (var layer in _layers)
            {
                running[layer.Layer] = ExamineAsync(layer, running, context, stop.Token);
            }

            try
            {
                foreach (var layer in _layers)
                {
                    foreach (var finding in Summarize(await running[layer.Layer].ConfigureAwait(false)))
                    {
                        yield return new LettaHealthCheck
                        {
                            Server = context.Target.Connection?.BaseUri,
                            Layer = layer.Layer,
                            Name = finding.Name,
                            Status = finding.Status,
                            Message = UntrustedText.ForConsole(finding.Message),
                            Detail = finding.Detail is null ? null : UntrustedText.ForConsole(finding.Detail),
                            Recommendation = finding.Recommendation is null ? null : UntrustedText.ForConsole(finding.Recommendation),
                            Duration = finding.Duration,
                        };
                    }
                }
            }
            finally
            {
                // Whoever takes no more than the first checks leaves nothing running behind.
                await stop.CancelAsync().ConfigureAwait(false);
                await ((Task)Task.WhenAll(running.Values)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private static async Task<IReadOnlyList<Finding>> ExamineAsync(
        HealthLayer layer, Dictionary<LettaHealthLayer, Task<IReadOnlyList<Finding>>> running, HealthContext context, CancellationToken cancellationToken)
    {
        // A container that has become another product is the one cause of whatever else would be found.
        LettaHealthLayer[] product = layer.Layer is LettaHealthLayer.Container or LettaHealthLayer.Backups ? [] : [LettaHealthLayer.Container];
        foreach (var below in product.Union(layer.RestsOn).Where(running.ContainsKey).ToList())
        {
            var findings = await running[below].ConfigureAwait(false);
            if (findings.FirstOrDefault(f => layer.RestsOn.Contains(below) ? f.Blocks : f.BlocksEverything) is { } broken)
            {
                // Passed on, so that what rests on this one is told of the first failure and not of its consequence.
                var why = broken.Status == LettaHealthStatus.Skipped ? broken.Message : $"Not examined: the check {below}/{broken.Name} failed.";
                return [.. layer.Names.Select(n => Finding.Skip(n, why) with { Blocks = true })];
            }
        }

        var watch = Stopwatch.StartNew();
        try
        {
            var found = await layer.ExamineAsync(context, cancellationToken).ConfigureAwait(false);
            return [.. found.Select(f => f.Duration > TimeSpan.Zero ? f : f with { Duration = watch.Elapsed })];
        }
        catch (Exception e) when (!ItemBoundary.EndsRun(e))
        {
            return [Finding.Block(layer.Names[0], ItemBoundary.Error(e, $"The layer {layer.Layer} cannot be examined", layer.Layer)) with { Duration = watch.Elapsed }, .. layer.Names.Skip(1).Select(n => Finding.Skip(n, $"Not examined: the check {layer.Layer}/{layer.Names[0]} failed."))];
        }
    }

    /// <summary>A layer whose checks were all skipped for one reason is one check, so that a single cause does not fill the table.</summary>
    private static IReadOnlyList<Finding> Summarize(IReadOnlyList<Finding> findings) =>
        findings.Count > 1 && findings.All(f => f.Status == LettaHealthStatus.Skipped && f.Message == findings[0].Message)
            ? [Finding.Skip(WholeLayer, findings[0].Message)]
            : findings;

    private static IReadOnlyList<HealthLayer> Choose(HealthOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Depth == HealthDepth.Quick
            ? [new ContainerLayer(), new NetworkLayer(), new ApiLayer(), new TablesLayer(), .. options.BackupPath is null ? Array.Empty<HealthLayer>() : [new BackupsLayer()]]
            :
            [
                new ContainerLayer(), new NetworkLayer(), new ApiLayer(), new TablesLayer(), new DatabaseLayer(), new SchemaLayer(), new AgentsLayer(),
                new ModelsLayer(), new SecretsLayer(), new BackupsLayer(),
            ];
    }
}

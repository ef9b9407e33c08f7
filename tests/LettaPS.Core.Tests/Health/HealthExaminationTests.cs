using LettaPS.Core.Health;

namespace LettaPS.Core.Tests.Health;

public class HealthExaminationTests
{
    private static readonly HealthTarget s_target = new(null, _ => null) { Database = DatabaseAddress.Default };

    [Fact]
    public async Task What_rests_on_a_blocked_layer_is_skipped_and_told_of_the_first_failure()
    {
        var checks = await RunAsync(
            Layer(LettaHealthLayer.Container, [], Finding.Fail("a", "broken", null) with { Blocks = true }),
            Untouched(LettaHealthLayer.Network, LettaHealthLayer.Container),
            Untouched(LettaHealthLayer.Api, LettaHealthLayer.Network),
            Layer(LettaHealthLayer.Backups, [], Finding.Pass("a", "good")));

        Assert.Equal(
            ["Container/a Failed: broken", "Network/a Skipped: Not examined: the check Container/a failed.", "Api/a Skipped: Not examined: the check Container/a failed.", "Backups/a Passed: good"],
            checks.Select(c => c.ToString()));
    }

    [Fact]
    public async Task A_layer_that_is_skipped_as_a_whole_is_one_check()
    {
        var checks = await RunAsync(
            Layer(LettaHealthLayer.Container, [], Finding.Skip("a", "No engine."), Finding.Skip("b", "No engine.")),
            Layer(LettaHealthLayer.Network, [], Finding.Fail("a", "broken", "Mend it.") with { Blocks = true }, Finding.Skip("b", "Not examined: the check Network/a failed.")),
            Layer(LettaHealthLayer.Agents, [], Finding.Skip("a", "One reason."), Finding.Skip("b", "Another reason.")));

        Assert.Equal(
            [
                "Container/All Skipped: No engine.", "Network/a Failed: broken", "Network/b Skipped: Not examined: the check Network/a failed.",
                "Agents/a Skipped: One reason.", "Agents/b Skipped: Another reason.",
            ],
            checks.Select(c => c.ToString()));
    }

    [Fact]
    public async Task A_failure_that_does_not_block_skips_nothing()
    {
        var checks = await RunAsync(
            Layer(LettaHealthLayer.Container, [], Finding.Fail("a", "bad", null)),
            Layer(LettaHealthLayer.Network, [LettaHealthLayer.Container], Finding.Pass("a", "good")));

        Assert.Equal([LettaHealthStatus.Failed, LettaHealthStatus.Passed], checks.Select(c => c.Status));
    }

    [Fact]
    public async Task What_is_thrown_fails_the_first_check_with_its_advice()
    {
        var checks = await RunAsync(
            new FakeLayer(LettaHealthLayer.Database, [], _ => throw new LettaException("X", LettaErrorKind.Connection, "It is down.", "Start it.")),
            Untouched(LettaHealthLayer.Schema, LettaHealthLayer.Database));

        Assert.Equal(("It is down.", "Start it.", LettaHealthStatus.Skipped), (checks[0].Message, checks[0].Recommendation, checks[1].Status));
    }

    [Fact]
    public async Task Text_of_a_log_or_a_server_has_no_control_characters_in_a_check()
    {
        const string Foreign = "red \u001b[31m\u009b2J \u202e backwards";
        var check = Assert.Single(await RunAsync(Layer(LettaHealthLayer.Container, [], Finding.Fail("a", Foreign, Foreign, Foreign))));

        Assert.All([check.Message, check.Detail, check.Recommendation], t => Assert.Equal("red \ufffd[31m\ufffd2J \ufffd backwards", t));
    }

    [Fact]
    public async Task What_a_layer_did_not_expect_fails_that_layer_and_the_others_are_examined()
    {
        var checks = await RunAsync(
            new FakeLayer(LettaHealthLayer.Database, [], _ => throw new FormatException("An odd answer.")),
            Layer(LettaHealthLayer.Backups, [], Finding.Pass("a", "good")));

        Assert.Equal(
            [(LettaHealthStatus.Failed, "The layer Database cannot be examined: An odd answer."), (LettaHealthStatus.Passed, "good")],
            checks.Select(c => (c.Status, c.Message)));
    }

    [Fact]
    public async Task Layers_that_do_not_rest_on_each_other_run_side_by_side_and_come_out_in_order()
    {
        var second = new TaskCompletionSource();
        var checks = await RunAsync(
            new FakeLayer(LettaHealthLayer.Database, [], async _ =>
            {
                await second.Task;
                return [Finding.Pass("a", "first")];
            }),
            new FakeLayer(LettaHealthLayer.Backups, [], _ =>
            {
                second.SetResult();
                return Task.FromResult<IReadOnlyList<Finding>>([Finding.Pass("a", "second")]);
            }));

        Assert.Equal(["first", "second"], checks.Select(c => c.Message));
    }

    [Fact]
    public async Task Whoever_takes_only_the_first_check_leaves_nothing_running()
    {
        var ended = false;
        var examination = Examination(
            Layer(LettaHealthLayer.Container, [], Finding.Pass("a", "first")),
            new FakeLayer(LettaHealthLayer.Database, [], async cancellationToken =>
            {
                try
                {
                    await Task.Delay(Timeout.Infinite, cancellationToken);
                    return [];
                }
                finally
                {
                    ended = true;
                }
            }));

        await foreach (var check in examination.RunAsync(TestContext.Current.CancellationToken))
        {
            Assert.Equal("first", check.Message);
            break;
        }

        Assert.True(ended);
    }

    private static async Task<List<LettaHealthCheck>> RunAsync(params HealthLayer[] layers)
    {
        var checks = new List<LettaHealthCheck>();
        await foreach (var check in Examination(layers).RunAsync(TestContext.Current.CancellationToken))
        {
            checks.Add(check);
        }

        return checks;
    }

    private static HealthExamination Examination(params HealthLayer[] layers) =>
        new(layers, cancellationToken => new HealthContext(null!, s_target, new HealthOptions(HealthDepth.Deep), TimeProvider.System, cancellationToken));

    private static FakeLayer Layer(LettaHealthLayer layer, LettaHealthLayer[] restsOn, params Finding[] found) => new(layer, restsOn, _ => Task.FromResult<IReadOnlyList<Finding>>(found));

    private static FakeLayer Untouched(LettaHealthLayer layer, LettaHealthLayer restsOn) => new(layer, [restsOn], _ => throw new InvalidOperationException("It must not be examined."));

    private sealed class FakeLayer(LettaHealthLayer layer, IReadOnlyList<LettaHealthLayer> restsOn, Func<CancellationToken, Task<IReadOnlyList<Finding>>> examine) : HealthLayer
    {
        public override LettaHealthLayer Layer => layer;

        public override IReadOnlyList<LettaHealthLayer> RestsOn => restsOn;

        public override IReadOnlyList<string> Names => ["a"];

        public override Task<IReadOnlyList<Finding>> ExamineAsync(HealthContext context, CancellationToken cancellationToken) => examine(cancellationToken);
    }
}

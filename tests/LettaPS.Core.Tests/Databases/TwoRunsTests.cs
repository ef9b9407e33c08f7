namespace LettaPS.Core.Tests.Databases;

/// <summary>
/// Two runs with every pair of options on one database. The first one gives way to the second before every effect and at every step: it goes on afterwards,
/// is killed, or loses what it holds. The second one runs to its end, is killed at every effect, or gives way again and goes on last. Somebody else is
/// connected to the database, or nobody is.
/// </summary>
public sealed class TwoRunsTests(ITestOutputHelper output)
{
    private const int Longest = 40;

    private static readonly bool[] s_either = [false, true];

    /// <summary>Every combination of what a run can be told.</summary>
    private static readonly Options[] s_options =
    [
        .. from source in new[] { "dump-1", "empty" }
        from removeOld in s_either
        from sparesOthers in s_either
        select new Options(source, removeOld, sparesOthers),
    ];

    /// <summary>Those of them with which the second run, too, is interrupted at every effect.</summary>
    private static readonly Options[] s_deep = [.. s_options.Where(o => o.SparesOthers == (o.RemoveOld == (o.Source == "empty")))];

    public enum First
    {
        GoesOn,
        IsKilled,
        LosesLock,
        LosesReservation,
    }

    public enum Second
    {
        Ends,
        IsKilled,
        GivesWay,
        GivesWayAndLosesLock,
    }

    public static TheoryData<bool, bool, First> Worlds => new(
        from embedded in s_either
        from ran in s_either
        from first in Enum.GetValues<First>()

            // Without a data directory to reserve there is only the lock to lose.
        where embedded || first != First.LosesReservation
        select (embedded, ran, first));

    [Theory]
    [MemberData(nameof(Worlds))]
    public async Task Two_runs_never_lose_a_database_whatever_befalls_them(bool embedded, bool ran, First first)
    {
        var count = 0;
        foreach (var others in s_either)
        {
            foreach (var (one, other) in s_options.SelectMany(one => s_options.Select(other => (one, other))))
            {
                var seconds = !others && s_deep.Contains(one) && s_deep.Contains(other) ? Enum.GetValues<Second>() : [Second.Ends];
                foreach (var atStep in s_either)
                {
                    // What verification finds out at a step, nothing finds out between that and the effect that follows.
                    if (first == First.LosesReservation && !atStep)
                    {
                        continue;
                    }

                    for (var at = 1; at < Longest; at++)
                    {
                        var reached = false;
                        foreach (var second in seconds)
                        {
                            for (var until = 1; until < Longest; until++)
                            {
                                var scenario = new Scenario(embedded, ran, others, one, other, first, at, atStep, second, until);
                                var (firstReached, secondReached) = await scenario.PlayAsync();
                                count++;
                                reached |= firstReached;
                                if (second == Second.Ends || !firstReached || !secondReached)
                                {
                                    break;
                                }
                            }
                        }

                        if (!reached)
                        {
                            break;
                        }
                    }
                }
            }
        }

        output.WriteLine($"{count} interleavings.");
        Assert.True(count > 1000);
    }

    public sealed record Options(string Source, bool RemoveOld, bool SparesOthers);

    private sealed record Scenario(bool Embedded, bool Ran, bool Others, Options One, Options Other, First First, int At, bool AtStep, Second Second, int Until)
    {
        /// <returns>Whether the first run and the second run came to where they were to give way.</returns>
        public async Task<(bool First, bool Second)> PlayAsync()
        {
            var world = new SwapWorld { IsEmbedded = Embedded, ServerRuns = Ran, Others = Others ? ["psql"] : [] };
            var (firstReached, secondReached) = (false, false);
            var resumed = new TaskCompletionSource();
            SwapRun? second = null;
            var ended = Task.CompletedTask;
            SwapRun? first = null;

            void GiveWay(int number)
            {
                if (number != At || firstReached)
                {
                    return;
                }

                firstReached = true;
                if (First is First.LosesLock or First.LosesReservation)
                {
                    first!.LoseLock();
                }

                if (First == First.LosesReservation)
                {
                    // Its container was removed by force, and PostgreSQL in the other one with it.
                    first!.LoseReservation();
                    world.Helper = world.Helper == first ? null : world.Helper;
                }

                second = new SwapRun(world, Other.Source, Other.RemoveOld, Other.SparesOthers);
                second.BeforeEffect = n =>
                {
                    if (n != Until || Second == Second.Ends)
                    {
                        return Task.CompletedTask;
                    }

                    secondReached = true;
                    if (Second == Second.IsKilled)
                    {
                        second.Kill();
                    }

                    if (Second == Second.GivesWayAndLosesLock)
                    {
                        second.LoseLock();
                    }

                    return resumed.Task;
                };

                if (First == First.IsKilled)
                {
                    try
                    {
                        first!.Kill();
                    }
                    finally
                    {
                        ended = second.TryRunAsync();
                    }
                }

                ended = second.TryRunAsync();
            }

            first = new SwapRun(world, One.Source, One.RemoveOld, One.SparesOthers)
            {
                AtStep = number => GiveWay(AtStep ? number : 0),
                BeforeEffect = number =>
                {
                    GiveWay(AtStep ? 0 : number);
                    return Task.CompletedTask;
                },
            };
            try
            {
                await first.TryRunAsync();
                resumed.TrySetResult();
                await ended;
                AssertRefusedChangedNothing(first);
                AssertRefusedChangedNothing(second);

                if (first.WasKilled || second?.WasKilled == true)
                {
                    // What a killed run stopped is known to whoever finishes its work.
                    await world.RunAsync(Other.Source, Other.RemoveOld, sparesOthers: false);
                    Assert.DoesNotContain(world.Names, n => n.Contains("lettaps", StringComparison.Ordinal));
                }

                var told = string.Concat(first.Failure?.Message, second?.Failure?.Message);
                Assert.True(world.ServerRuns == Ran || told.Contains("podman start server", StringComparison.Ordinal), $"The server is left {(Ran ? "stopped" : "running")}: {told}");
                Assert.Null(world.Locked);
                Assert.Null(world.Reserved);
                Assert.Null(world.Helper);
                world.AssertInvariants();
                return (firstReached, secondReached);
            }
            catch (Exception e) when (e is Xunit.Sdk.XunitException or LettaException or KilledException)
            {
                throw new InvalidOperationException($"{this}: {e.Message}\nfirst: {first.Failure}\nsecond: {second?.Failure}", e);
            }
        }

        private static void AssertRefusedChangedNothing(SwapRun? run)
        {
            if (run?.Failure is LettaException { ErrorId: "DatabaseWorkInUse" })
            {
                Assert.Equal(0, run.Effects);
            }
        }
    }
}

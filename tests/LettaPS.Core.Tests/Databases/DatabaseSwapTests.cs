using CsCheck;
using LettaPS.Core.Databases.Swap;

namespace LettaPS.Core.Tests.Databases;

public class DatabaseSwapTests
{
    private static readonly string[] s_whole = ["old", "dump-1"];

    [Fact]
    public async Task A_replacement_takes_its_steps_in_order()
    {
        var world = new SwapWorld();

        var (previous, steps) = await world.RunAsync("dump-1", removeOld: false);

        Assert.Equal(
            [SwapStep.Make, SwapStep.Publish, SwapStep.StopServers, SwapStep.Fill, SwapStep.Swap, SwapStep.StartServers, SwapStep.Finish], steps);
        Assert.Equal("dump-1", world.Contents("letta"));
        Assert.Equal("old", world.Contents(previous!));
        Assert.Equal("letta_before_20261123_013000", previous);
        Assert.True(world.ServerRuns);
    }

    [Fact]
    public async Task The_old_database_goes_only_after_the_server_answers_on_the_new_one()
    {
        var world = new SwapWorld();

        var (previous, steps) = await world.RunAsync("dump-1", removeOld: true);

        Assert.Equal([SwapStep.StartServers, SwapStep.RemoveOld, SwapStep.Finish], steps.TakeLast(3));
        Assert.Null(previous);
        Assert.Equal(["letta"], world.Names);
    }

    [Fact]
    public async Task Others_than_the_servers_are_not_thrown_out_unless_it_is_wanted()
    {
        var world = new SwapWorld { Others = ["psql from 10.0.0.7 as ann"] };

        var e = await Assert.ThrowsAsync<LettaException>(() => world.RunAsync("dump-1", removeOld: false));

        Assert.Equal("DatabaseInUse", e.ErrorId);
        Assert.Contains("psql from 10.0.0.7 as ann", e.Message, StringComparison.Ordinal);
        Assert.Equal(("old", true), (world.Contents("letta"), world.ServerRuns));
        Assert.Equal(["letta"], world.Names);

        await world.RunAsync("dump-1", removeOld: false, sparesOthers: false);

        Assert.Equal("dump-1", world.Contents("letta"));
    }

    [Fact]
    public async Task A_database_that_is_not_there_is_made()
    {
        var world = new SwapWorld { HasDatabase = false };
        world.Remove("letta");

        var (previous, _) = await world.RunAsync("dump-1", removeOld: false);

        Assert.Null(previous);
        Assert.Equal("dump-1", world.Contents("letta"));
    }

    [Fact]
    public async Task A_server_that_did_not_run_is_not_started()
    {
        var world = new SwapWorld { ServerRuns = false };

        await world.RunAsync("dump-1", removeOld: false);

        Assert.False(world.ServerRuns);
    }

    [Fact]
    public async Task A_comment_of_the_user_is_on_the_database_afterwards()
    {
        var world = new SwapWorld();
        world.Comment("letta", "my agents");

        await world.RunAsync("dump-1", removeOld: false);

        Assert.Equal("my agents", world.CommentOf("letta"));
    }

    [Fact]
    public void Whatever_fails_leaves_a_database_and_a_running_server() => Gen.Int[1, 40].Sample(at =>
    {
        var world = new SwapWorld { FailAt = at };
        var failed = false;
        try
        {
            world.RunAsync("dump-1", removeOld: false).GetAwaiter().GetResult();
        }
        catch (LettaException)
        {
            failed = true;
        }

        Assert.Contains(world.Contents("letta"), s_whole);
        Assert.True(world.ServerRuns);
        Assert.Equal(at <= world.Effects, failed);
        Assert.DoesNotContain(world.Names, n => n.Contains("lettaps", StringComparison.Ordinal));
    });

    /// <summary>The second run is killed between removing the unfinished database and giving its own that name, the third before it marks what it makes.</summary>
    [Fact]
    public async Task Servers_that_were_stopped_run_again_although_three_runs_in_a_row_were_killed()
    {
        var world = new SwapWorld();
        foreach (var at in new[] { 6, 4, 3 })
        {
            world.KillAt = world.Effects + at;
            await Assert.ThrowsAsync<KilledException>(() => world.RunAsync("dump-1", removeOld: false));
        }

        world.KillAt = null;
        await world.RunAsync("dump-1", removeOld: false);

        Assert.True(world.ServerRuns);
    }

    [Fact]
    public void Killed_anywhere_any_number_of_times_it_finishes_when_run_again() =>
        Gen.Int[1, 12].List[0, 6].Select(Gen.Bool, Gen.Bool, Gen.Bool).Sample((kills, removeOld, ran, embedded) =>
        {
            var world = new SwapWorld { ServerRuns = ran, IsEmbedded = embedded };
            foreach (var at in kills)
            {
                world.KillAt = world.Effects + at;
                try
                {
                    world.RunAsync("dump-1", removeOld).GetAwaiter().GetResult();
                }
                catch (KilledException)
                {
                }

                world.KillAt = null;
                Assert.Contains(world.Contents("letta"), s_whole);
            }

            world.RunAsync("dump-1", removeOld).GetAwaiter().GetResult();

            Assert.Equal("dump-1", world.Contents("letta"));
            Assert.Equal(ran, world.ServerRuns);
            Assert.Null(world.CommentOf("letta"));
            Assert.DoesNotContain(world.Names, n => n.Contains("lettaps", StringComparison.Ordinal));

            // What a run put aside that was killed then is kept, whatever its options were.
            Assert.True(removeOld || world.Names.Any(n => world.Contents(n) == "old"));
        });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_an_earlier_run_put_in_place_is_replaced_by_the_next_one_and_kept(bool removeOld)
    {
        var world = new SwapWorld { ServerBroken = true };
        await Assert.ThrowsAsync<LettaException>(() => world.RunAsync("dump-1", removeOld: false));
        Assert.Equal("dump-1", world.Contents("letta"));
        world.ServerBroken = false;
        world.ServerRuns = true;
        world.Write("letta", "used since");

        var (previous, steps) = await world.RunAsync("dump-1", removeOld);

        Assert.Contains(SwapStep.Fill, steps);
        Assert.Equal("dump-1", world.Contents("letta"));
        Assert.Equal(removeOld ? null : "used since", previous is null ? null : world.Contents(previous));
        Assert.Contains(world.Names, n => world.Contents(n) == "old");
    }

    [Fact]
    public async Task A_run_that_was_killed_with_the_new_database_in_place_is_done_again_and_what_came_since_is_kept()
    {
        var world = new SwapWorld { KillAt = 11 };
        await Assert.ThrowsAsync<KilledException>(() => world.RunAsync("dump-1", removeOld: false));
        Assert.Equal("dump-1", world.Contents("letta"));
        Assert.False(world.ServerRuns);
        world.KillAt = null;
        world.Write("letta", "used since");

        var (previous, steps) = await world.RunAsync("dump-1", removeOld: false);

        Assert.Contains(SwapStep.Fill, steps);
        Assert.Equal(("dump-1", "used since", null), (world.Contents("letta"), world.Contents(previous!), world.CommentOf(previous!)));
        Assert.True(world.ServerRuns);
        Assert.Contains(world.Names, n => world.Contents(n) == "old");
    }

    [Fact]
    public async Task What_a_killed_run_left_of_another_dump_is_thrown_away()
    {
        var world = new SwapWorld { KillAt = 7 };
        await Assert.ThrowsAsync<KilledException>(() => world.RunAsync("dump-1", removeOld: false));
        world.KillAt = null;

        var (_, steps) = await world.RunAsync("dump-2", removeOld: false);

        Assert.Equal([SwapStep.Make, SwapStep.Publish, SwapStep.Fill], steps.Take(3));
        Assert.Equal("dump-2", world.Contents("letta"));
        Assert.True(world.ServerRuns);
    }

    [Fact]
    public async Task A_server_that_cannot_be_started_again_is_named_with_the_command()
    {
        var world = new SwapWorld { FailAt = 7, ServerBroken = true };

        var e = await Assert.ThrowsAsync<LettaException>(() => world.RunAsync("dump-1", removeOld: false));

        Assert.Contains("podman start server", e.Message);
        Assert.Equal("Broken", e.ErrorId);
    }

    [Theory]
    [InlineData("letta", "letta_lettaps_new", "letta_before_20261123_013000")]
    [InlineData(
        "a_name_that_is_exactly_as_long_as_postgresql_lets_a_name_be_123",
        "a_name_that_is_exactly_as_long_as_postgres_20e3c5fc_lettaps_new",
        "a_name_that_is_exactly_as_long__20e3c5fc_before_20261123_013000")]
    public void Names_are_never_longer_than_PostgreSQL_takes(string database, string work, string kept)
    {
        var plan = new SwapPlan(database, "x", false);

        Assert.Equal(work, plan.WorkName);
        Assert.Equal(kept, plan.NameToKeep(SwapWorld.Now));
    }

    [Fact]
    public void Long_names_that_differ_at_their_end_share_no_database()
    {
        var (one, other) = (new SwapPlan(new string('a', 62) + "1", "x", false), new SwapPlan(new string('a', 62) + "2", "x", false));

        Assert.NotEqual(one.WorkName, other.WorkName);
        Assert.NotEqual(one.UnmarkedName, other.UnmarkedName);
        Assert.NotEqual(one.NameToKeep(SwapWorld.Now), other.NameToKeep(SwapWorld.Now));
    }

    [Fact]
    public async Task A_database_whose_removal_was_interrupted_is_never_put_in_place()
    {
        var world = new SwapWorld { KillAt = 9 };
        await Assert.ThrowsAsync<KilledException>(() => world.RunAsync("dump-1", removeOld: false));
        world.KillAt = null;
        var work = world.Names.Single(n => n.Contains("lettaps", StringComparison.Ordinal));
        world.Invalidate(work);

        var (_, steps) = await world.RunAsync("dump-1", removeOld: false);

        Assert.Contains(SwapStep.Make, steps);
        Assert.Contains(SwapStep.Fill, steps);
        Assert.Equal("dump-1", world.Contents("letta"));
    }

    [Fact]
    public async Task What_is_kept_is_decided_by_the_run_that_does_it()
    {
        // Reset -Force, killed when the new database has its name; then Reset -Force -KeepOld.
        var world = new SwapWorld { KillAt = 4 };
        await Assert.ThrowsAsync<KilledException>(() => world.RunAsync("empty", removeOld: true));
        world.KillAt = null;

        var (previous, steps) = await world.RunAsync("empty", removeOld: false);

        Assert.Contains(SwapStep.Claim, steps);
        Assert.Equal("old", world.Contents(previous!));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("my agents")]
    [InlineData("LettaPS is what I use")]
    public void A_comment_of_somebody_else_is_no_marker(string? comment) => Assert.Null(SwapMarker.Parse(comment));
}

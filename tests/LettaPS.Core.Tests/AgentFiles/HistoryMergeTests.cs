using CsCheck;
using LettaPS.Core.AgentFiles;

namespace LettaPS.Core.Tests.AgentFiles;

public class HistoryMergeTests
{
    /// <summary>A stored conversation with seconds that repeat, as tool calls make them.</summary>
    private static readonly Gen<List<MessageEntry>> s_history =
        Gen.Select(Gen.Enum<MessageRole>(), Gen.Int[0, 1], Gen.Int[0, 3]).List[0, 60].Select(parts =>
        {
            long second = 1000;
            return parts.Select((p, i) => Entry(i, new MessageKey(p.Item1, second += p.Item2, p.Item3), rebuilt: true)).ToList();
        });

    [Fact]
    public void Every_message_of_the_history_is_there_once_and_in_order_whatever_the_export_holds() =>
        Gen.Select(s_history, Gen.Int[0, 10_000]).Sample(t =>
        {
            var (history, seed) = t;
            var random = new Random(seed);
            var exported = history.Where(_ => random.Next(3) > 0).Select(e => e with { Id = Guid.Empty, Rebuilt = false, Position = 1_000_000 + e.Position }).ToList();

            var merged = HistoryMerge.Merge(history, exported, [], []);

            Assert.Equal(history.Select(e => e.Id), merged.Select(e => e.Id));
            Assert.All(merged.Zip(history), p => Assert.True(p.First.Key.Matches(p.Second.Key)));
            Assert.Equal(merged.Count(e => !e.Rebuilt), merged.Where(e => !e.Rebuilt).Select(e => e.Position).Distinct().Count());
        });

    [Fact]
    public void Messages_in_context_take_the_rows_that_the_export_says_are_theirs()
    {
        // Three messages that look alike; only their places in the context tell them apart.
        var key = new MessageKey(MessageRole.User, 1000, 7);
        var history = Enumerable.Range(0, 3).Select(i => Entry(i, key, rebuilt: true)).ToList();
        var exported = new[] { Row(0, key), Row(1, key) };

        var merged = HistoryMerge.Merge(history, exported, [history[2].Id, history[1].Id], [0, 1]);

        Assert.Equal([history[0].Position, 1_000_001, 1_000_000], merged.Select(e => e.Position));
    }

    [Fact]
    public void A_message_in_context_that_the_API_does_not_list_is_put_behind_the_one_before_it()
    {
        var history = Enumerable.Range(0, 3).Select(i => Entry(i, new MessageKey(MessageRole.User, 1000 + i, i), rebuilt: true)).ToList();
        var unlisted = new Guid(99, 0, 0, new byte[8]);
        var exported = new[] { Row(0, history[1].Key), Row(1, new MessageKey(MessageRole.Assistant, 1001, 5)), Row(2, history[2].Key) };

        var merged = HistoryMerge.Merge(history, exported, [history[1].Id, unlisted, history[2].Id], [0, 1, 2]);

        Assert.Equal([history[0].Id, history[1].Id, unlisted, history[2].Id], merged.Select(e => e.Id));
    }

    [Fact]
    public void An_export_of_another_moment_gives_no_message_another_ones_row()
    {
        var history = Enumerable.Range(0, 4).Select(i => Entry(i, new MessageKey(MessageRole.User, 1000 + i, i + 1), rebuilt: true)).ToList();
        var exported = history.Skip(1).Select((e, i) => Row(i, e.Key)).ToList();

        var merged = HistoryMerge.Merge(history, exported, [history[0].Id, history[1].Id], [0, 1, 2]);

        Assert.All(merged.Zip(history), p => Assert.Equal(p.Second.Key, p.First.Key));
    }

    [Fact]
    public void A_turn_between_the_two_requests_moves_no_row_to_another_message()
    {
        // As many in context before and after: the first was dropped and a new one came. By position, each would get its neighbour's row.
        var history = Enumerable.Range(0, 5).Select(i => Entry(i, new MessageKey(MessageRole.User, 1000 + i, i + 1), rebuilt: true)).ToList();
        var exported = Enumerable.Range(0, 4).Select(i => Row(i, history[i].Key)).ToList();

        var merged = HistoryMerge.Merge(history, exported, [.. history.Skip(1).Select(e => e.Id)], [0, 1, 2, 3]);

        Assert.Equal(history.Select(e => e.Key), merged.Select(e => e.Key));
        Assert.Equal([1_000_000, 1_000_001, 1_000_002, 1_000_003, 4], merged.Select(e => e.Position));
    }

    [Fact]
    public void A_strangers_rows_are_given_to_no_message_even_at_its_place()
    {
        var history = Enumerable.Range(0, 3).Select(i => Entry(i, new MessageKey(MessageRole.User, 1000 + i, i + 1), rebuilt: true)).ToList();
        var unlisted = new Guid(99, 0, 0, new byte[8]);
        var strangers = Enumerable.Range(0, 4).Select(i => Row(i, new MessageKey(MessageRole.User, 1000 + i, 77 + i))).ToList();

        var merged = HistoryMerge.Merge(history, strangers, [.. history.Select(e => e.Id), unlisted], [0, 1, 2, 3]);

        Assert.Equal(history, merged);
    }

    private static MessageEntry Entry(int i, MessageKey key, bool rebuilt) => new(new Guid(i + 1, 0, 0, new byte[8]), i, 1, key, rebuilt);

    private static MessageEntry Row(int i, MessageKey key) => new(Guid.Empty, 1_000_000 + i, 1, key, Rebuilt: false);
}

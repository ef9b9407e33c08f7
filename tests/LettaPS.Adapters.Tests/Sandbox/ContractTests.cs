namespace LettaPS.Adapters.Tests.Sandbox;

/// <summary>The sandbox answers as the real servers did.</summary>
public class ContractTests(ITestOutputHelper output)
{
    public static TheoryData<string> Chapters => [.. Chapter.All.Select(c => c.ToString())];

    [Theory]
    [MemberData(nameof(Chapters))]
    public async Task Recorded_requests_are_answered_as_the_real_server_answered_them(string name)
    {
        var chapter = Chapter.All.Single(c => c.ToString() == name);
        await using var server = await chapter.Server();
        using var player = new Player(server, chapter.Release);
        List<string> differences = [];

        foreach (var exchange in chapter.Exchanges.Where(e => OutOfScope.Reason(chapter.Release, e) is null))
        {
            var found = await player.PlayAsync(exchange, chapter.Reads, TestContext.Current.CancellationToken);
            if (found.Count > 0)
            {
                differences.Add($"{exchange}\n    {string.Join("\n    ", found)}");
            }
        }

        Assert.True(differences.Count == 0, $"{differences.Count} differ:\n{string.Join('\n', differences)}");
    }

    [Theory]
    [InlineData("0.11.3", 357)]
    [InlineData("0.16.2", 742)]
    [InlineData("0.16.8", 418)]
    public void Nothing_leaves_the_contract_without_a_reason(string release, int inScope)
    {
        var played = Chapter.All.Where(c => c.Release == release).SelectMany(c => c.Exchanges.Select(e => e.Number)).ToList();
        var left = Exchange.Of(release).Where(e => OutOfScope.Reason(release, e) is not null).ToList();
        foreach (var reason in left.GroupBy(e => OutOfScope.Reason(release, e)))
        {
            output.WriteLine($"{reason.Count()} of {release} are not played: {reason.Key}");
            output.WriteLine("    " + string.Join("\n    ", reason));
        }

        Assert.Equal(played, played.Distinct());
        Assert.All(Exchange.Of(release).Except(left), e => Assert.Contains(e.Number, played));
        Assert.Equal(inScope, Exchange.Of(release).Count - left.Count);
    }
}

namespace LettaPS.Module.Tests;

public sealed class SearchLettaBackupTests
{
    [Fact]
    public async Task A_text_is_found_once_in_the_newest_of_several_sets()
    {
        await using var server = await Connected.ToAsync();
        var block = (string)server.Run("(Get-LettaAgent Memo).Blocks | ForEach-Object { $_ }").Succeed()[0].BaseObject;
        server.Run("$root = $args[0]; $null = Get-LettaAgent Memo | Export-LettaAgent -Path $root -ErrorAction Stop; Start-Sleep -Milliseconds 1100; $null = Get-LettaAgent Memo | Export-LettaAgent -Path $root -ErrorAction Stop", server.Folder.Path).Succeed();

        var found = server.Run("Search-LettaBackup $args[0] '.' -Kind Block", server.Folder.Path).Succeed();

        Assert.NotEmpty(found);
        Assert.Equal(found.Count, found.Select(f => (f.Get<string>("Title"), f.Get<string>("Excerpt"))).Distinct().Count());
        Assert.Contains(found, f => f.Get<string>("Title") == block);
        Assert.Single(found.Select(f => Path.GetDirectoryName(f.Get<string>("Path"))).Distinct());
        Assert.All(found, f => Assert.Equal("Memo", f.Get<string>("AgentName")));
    }

    [Fact]
    public async Task Messages_and_passages_are_found_with_their_time_and_an_excerpt()
    {
        await using var server = await Connected.ToAsync();
        server.Run("$null = Export-LettaAgent -Path $args[0]", server.Folder.Path).Succeed();

        var messages = server.Run("Search-LettaBackup $args[0] 'the' -SimpleMatch -Kind Message -Name M*", server.Folder.Path).Succeed();

        Assert.NotEmpty(messages);
        Assert.All(messages, m => Assert.NotNull(m.Properties["CreatedAt"].Value));
        Assert.All(messages, m => Assert.Contains("the", m.Get<string>("Excerpt"), StringComparison.OrdinalIgnoreCase));
        Assert.All(messages, m => Assert.StartsWith("M", m.Get<string>("AgentName"), StringComparison.Ordinal));
        Assert.NotEmpty(server.Run("Search-LettaBackup $args[0] '.' -Kind Passage", server.Folder.Path).Succeed());
        Assert.Empty(server.Run("Search-LettaBackup $args[0] 'no such text anywhere'", server.Folder.Path).Succeed());
    }

    [Fact]
    public void A_pattern_that_is_none_is_refused_with_the_way_to_search_for_the_text()
    {
        using var shell = new LettaPS.Hosting.Shell();

        var error = Assert.Single(shell.Run("Search-LettaBackup . '(it''s'").Errors);

        Assert.Equal("InvalidPattern,LettaPS.Cmdlets.SearchLettaBackupCommand", error.FullyQualifiedErrorId);
        Assert.EndsWith("Search-LettaBackup <path> '(it''s' -SimpleMatch", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
    }
}

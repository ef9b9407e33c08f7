namespace LettaPS.Module.Tests;

public sealed class ConvertToLettaMarkdownTests
{
    [Fact]
    public async Task A_backup_of_the_fleet_becomes_a_folder_to_read_with_an_index_of_every_agent()
    {
        await using var server = await Connected.ToAsync();
        server.Run("$null = Export-LettaAgent -Path $args[0]", server.Folder["backup"]).Succeed();

        var agents = server.Run("ConvertTo-LettaMarkdown $args[0] $args[1]", server.Folder["backup"], server.Folder["read"]).Succeed();

        Assert.Equal(16, agents.Count);

        // The index, and the list of the files that the cmdlet may replace.
        Assert.Equal(16 + 2, Directory.GetFileSystemEntries(server.Folder["read"]).Length);
        Assert.All(agents, a => Assert.True(File.Exists(Path.Combine(a.Get<string>("Path"), "README.md"))));
        var index = await File.ReadAllTextAsync(Path.Combine(server.Folder["read"], "README.md"), TestContext.Current.CancellationToken);
        Assert.Contains("[AI/ML Expert](<AI-ML%20Expert/README.md>)", index, StringComparison.Ordinal);
        Assert.Equal(
            server.Run("Get-LettaBackup $args[0] | ForEach-Object MessageCount", server.Folder["backup"]).Succeed().Single().BaseObject,
            agents.Sum(a => a.Get<int>("MessageCount")));
        Assert.Equal(3, agents.Count(a => Path.GetFileName(a.Get<string>("Path")).StartsWith("Lead Engineer", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_damaged_file_is_one_error_and_the_others_are_written()
    {
        await using var server = await Connected.ToAsync();
        server.Run("$null = Get-LettaAgent Memo, Incognito | Export-LettaAgent -Path $args[0]", server.Folder["backup"]).Succeed();
        var files = Directory.GetFiles(server.Folder["backup"], "*.af", SearchOption.AllDirectories);
        await File.WriteAllTextAsync(files[0], "{\"agents\": [", TestContext.Current.CancellationToken);

        var result = server.Run("ConvertTo-LettaMarkdown $args[0] $args[1]", server.Folder["backup"], server.Folder["read"]);

        Assert.Single(result.Output);
        Assert.StartsWith("InvalidAgentFile,", Assert.Single(result.Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_a_folder_of_sets_the_newest_file_of_each_agent_is_taken()
    {
        await using var server = await Connected.ToAsync();
        server.Run("$null = Get-LettaAgent Memo, Incognito | Export-LettaAgent -Path $args[0]", server.Folder["backup/zz-renamed"]).Succeed();
        server.Run("$null = Get-LettaAgent Memo | Export-LettaAgent -Path $args[0]", server.Folder["later"]).Succeed();
        var (old, later) = (Directory.GetDirectories(server.Folder["backup/zz-renamed"]).Single(), Directory.GetDirectories(server.Folder["later"]).Single());
        Directory.Move(old, server.Folder["backup/zz-old"]);
        Directory.Move(later, server.Folder["backup/aa-new"]);
        Directory.Delete(server.Folder["backup/zz-renamed"]);

        var agents = server.Run("ConvertTo-LettaMarkdown $args[0] $args[1]", server.Folder["backup"], server.Folder["read"]).Succeed();

        Assert.Equal(
            ["Incognito zz-old", "Memo aa-new"],
            agents.Select(a => $"{a.Get<string>("AgentName")} {Path.GetFileName(Path.GetDirectoryName(a.Get<string>("SourcePath")))}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task WhatIf_writes_nothing_and_what_is_there_is_not_replaced()
    {
        await using var server = await Connected.ToAsync();
        server.Run("$null = Get-LettaAgent Memo | Export-LettaAgent -Path $args[0]", server.Folder["backup"]).Succeed();

        Assert.Empty(server.Run("ConvertTo-LettaMarkdown $args[0] $args[1] -WhatIf", server.Folder["backup"], server.Folder["read"]).Succeed());
        Assert.False(Directory.Exists(server.Folder["read"]));
        server.Run("$null = ConvertTo-LettaMarkdown $args[0] $args[1]", server.Folder["backup"], server.Folder["read"]).Succeed();
        var again = server.Run("ConvertTo-LettaMarkdown $args[0] $args[1]", server.Folder["backup"], server.Folder["read"]);

        Assert.StartsWith("MarkdownFolderExists,", Assert.Single(again.Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
        server.Run("$null = ConvertTo-LettaMarkdown $args[0] $args[1] -Force", server.Folder["backup"], server.Folder["read"]).Succeed();
    }

    [Fact]
    public async Task A_place_that_cannot_be_written_is_told_with_what_to_do()
    {
        await using var server = await Connected.ToAsync();
        server.Run("$null = Get-LettaAgent Memo | Export-LettaAgent -Path $args[0]", server.Folder["backup"]).Succeed();
        await File.WriteAllTextAsync(server.Folder["file"], "in the way", TestContext.Current.CancellationToken);

        var error = Assert.Single(server.Run("ConvertTo-LettaMarkdown $args[0] $args[1]", server.Folder["backup"], Path.Combine(server.Folder["file"], "read")).Errors);

        Assert.StartsWith("MarkdownWriteFailed,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.NotEmpty(error.ErrorDetails.RecommendedAction);
    }

    [Fact]
    public async Task A_drive_that_does_not_exist_is_named()
    {
        await using var server = await Connected.ToAsync();

        var error = Assert.Single(server.Run("Test-LettaBackup nowhere:/backup").Errors);

        Assert.StartsWith("DriveNotFound,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("'nowhere'", error.Exception.Message, StringComparison.Ordinal);
    }
}

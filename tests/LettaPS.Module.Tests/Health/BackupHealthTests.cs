namespace LettaPS.Module.Tests.Health;

public class BackupHealthTests
{
    [Fact]
    public async Task No_backup_fails_and_no_path_is_skipped()
    {
        await using var letta = await Connected.ToAsync();

        Assert.Equal("Failed", Examine(letta).Status("Backups/Age"));
        Assert.Equal("Skipped", Checks.Of(letta.Run("Test-LettaHealth")).Status("Backups/Age"));
    }

    [Fact]
    public async Task A_fresh_backup_passes_and_an_old_one_is_warned_of()
    {
        await using var letta = await Connected.ToAsync();
        letta.Run("Export-LettaAgent -Path $args[0]", letta.Folder.Path).Succeed();

        Assert.Equal(("Passed", "Passed"), (Examine(letta).Status("Backups/Age"), Examine(letta).Status("Backups/Verified")));
        Assert.Equal("Warning", Examine(letta, "-MaximumBackupAge 0").Status("Backups/Age"));
    }

    [Fact]
    public async Task A_changed_byte_fails_only_where_files_are_read()
    {
        await using var letta = await Connected.ToAsync();
        letta.Run("Export-LettaAgent -Path $args[0]", letta.Folder.Path).Succeed();
        var file = Path.Combine(letta.Set, letta.Files.First(f => f.EndsWith(".af", StringComparison.Ordinal)));
        var bytes = File.ReadAllBytes(file);
        bytes[^10] ^= 1;
        File.WriteAllBytes(file, bytes);

        var checks = Examine(letta);

        Assert.Equal("Failed", checks.Status("Backups/Verified"));
        Assert.Contains(Path.GetFileName(file), checks.Detail("Backups/Verified"));
        Assert.Equal("Skipped", Checks.Of(letta.Run("Test-LettaHealth -BackupPath $args[0]", letta.Folder.Path)).Status("Backups/Verified"));
    }

    [Fact]
    public async Task An_unfinished_set_does_not_count()
    {
        await using var letta = await Connected.ToAsync();
        letta.Run("Export-LettaAgent -Path $args[0]", letta.Folder.Path).Succeed();
        File.Delete(Path.Combine(letta.Set, "manifest.json"));

        Assert.Equal("Failed", Examine(letta).Status("Backups/Age"));
    }

    private static Checks Examine(Connected letta, string more = "") => Checks.Of(letta.Run($"Test-LettaHealth -Deep -BackupPath $args[0] {more}", letta.Folder.Path));
}

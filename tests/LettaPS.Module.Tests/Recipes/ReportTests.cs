using System.Management.Automation;
using LettaPS.Sandbox;

namespace LettaPS.Module.Tests.Recipes;

public sealed class ReportTests
{
    private const string Hostile = "<script>alert(1)</script>\"&";

    [Fact]
    public async Task A_fleet_of_two_servers_is_on_one_page_and_in_one_table()
    {
        await using var one = await Connected.ToAsync();
        await using var two = await SandboxServer.StartAsync(new SandboxOptions { Release = "0.16.2" });
        var (page, table) = (one.Folder["report.html"], one.Folder["agents.csv"]);
        one.Run("$null = Export-LettaAgent -Path $args[0]", one.Folder["backup"]).Succeed();

        one.Shell.RunRecipe(
            "Report-Letta", "$args[0] -CsvPath $args[1] -BackupPath $args[2] -Connection (Get-LettaConnection), (Connect-Letta $args[3] -PassThru)", page, table, one.Folder["backup"], two.BaseUri).Succeed();

        var html = await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken);
        Assert.Contains($"{one.Server.BaseUri} (Letta 0.16.8)", html, StringComparison.Ordinal);
        Assert.Contains($"{two.BaseUri} (Letta 0.16.2)", html, StringComparison.Ordinal);
        var lines = await File.ReadAllLinesAsync(table, TestContext.Current.CancellationToken);
        Assert.Equal(1 + 16 + 16, lines.Length);
        Assert.Equal("\"Server\",\"Name\",\"Id\",\"Model\",\"CreatedAt\",\"InContextMessageCount\",\"Tags\",\"LastBackup\"", lines[0]);
        Assert.Equal(16, lines.Count(l => l.EndsWith(",\"never\"", StringComparison.Ordinal)));
        Assert.Equal(2, lines.Count(l => l.Contains("\"AI/ML Expert\"", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_hostile_name_is_text_on_the_page_and_in_the_table()
    {
        await using var server = await Connected.ToAsync();
        await RenameAsync(server, "Memo", Hostile);
        await RenameAsync(server, "Incognito", "=HYPERLINK(\"http://evil\")");
        var (page, table) = (server.Folder["report.html"], server.Folder["agents.csv"]);

        server.Shell.RunRecipe("Report-Letta", "$args[0] -CsvPath $args[1]", page, table).Succeed();

        var html = await File.ReadAllTextAsync(page, TestContext.Current.CancellationToken);
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("<td>&lt;script&gt;alert(1)&lt;/script&gt;&quot;&amp;</td>", html, StringComparison.Ordinal);
        var csv = await File.ReadAllTextAsync(table, TestContext.Current.CancellationToken);
        Assert.Contains(",\"<script>alert(1)</script>\"\"&\",", csv, StringComparison.Ordinal);
        Assert.Contains(",\"'=HYPERLINK(\"\"http://evil\"\")\",", csv, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_down_is_reported_and_the_others_too()
    {
        await using var up = await Connected.ToAsync();
        var down = await SandboxServer.StartAsync();
        up.Run("$script:down = Connect-Letta $args[0] -PassThru; Connect-Letta $args[1]", down.BaseUri, up.Server.BaseUri).Succeed();
        await down.DisposeAsync();

        up.Shell.RunRecipe("Report-Letta", "$args[0] -Connection $script:down, (Get-LettaConnection)", up.Folder["report.html"]).Succeed();

        var html = await File.ReadAllTextAsync(up.Folder["report.html"], TestContext.Current.CancellationToken);
        Assert.Contains("The agents cannot be listed", html, StringComparison.Ordinal);
        Assert.Contains("AI/ML Expert", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Addresses_names_and_rows_of_a_table_are_reported_also_the_one_that_does_not_answer()
    {
        await using var up = await Connected.ToAsync();
        await using var secured = await SandboxServer.StartAsync(new SandboxOptions { Password = "opensesame" });
        await using var open = await SandboxServer.StartAsync(new SandboxOptions { Release = "0.16.2" });
        up.Run("Disconnect-Letta").Succeed();
        up.Run("$env:REPORT_KEY = 'opensesame'").Succeed();
        var script = $"$args[0] -Connection {open.BaseUri.Authority}, ([pscustomobject]@{{ BaseUri = '{secured.BaseUri}'; KeyVariable = 'REPORT_KEY' }}), 'http://127.0.0.1:1', ([pscustomobject]@{{ BaseUri = 'http://127.0.0.1:2'; KeyVariable = '' }})";

        up.Shell.RunRecipe("Report-Letta", script, up.Folder["report.html"]).Succeed();

        var html = await File.ReadAllTextAsync(up.Folder["report.html"], TestContext.Current.CancellationToken);
        Assert.Equal(2, html.Split("<td>AI/ML Expert</td>").Length - 1);
        Assert.Contains("<h2 class=\"Failed\">http://127.0.0.1:1</h2>", html, StringComparison.Ordinal);
        Assert.Contains("<h2 class=\"Failed\">http://127.0.0.1:2</h2>", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<th>Server</th>", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_backups_are_part_of_the_health_and_a_missing_folder_is_told_before_anything_is_asked()
    {
        await using var server = await Connected.ToAsync();
        Directory.CreateDirectory(server.Folder["backup"]);

        server.Shell.RunRecipe("Report-Letta", "$args[0] -BackupPath $args[1]", server.Folder["report.html"], server.Folder["backup"]).Succeed();
        var asked = server.Server.Requests.Entries.Count;
        var failed = Assert.ThrowsAny<RuntimeException>(() => server.Shell.RunRecipe("Report-Letta", "$args[0]", server.Folder["gone/report.html"]));

        Assert.Contains("<td>Backups</td>", await File.ReadAllTextAsync(server.Folder["report.html"], TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Contains("does not exist. Create it: New-Item", failed.Message, StringComparison.Ordinal);
        Assert.Equal(asked, server.Server.Requests.Entries.Count);
    }

    [Fact]
    public async Task WhatIf_writes_nothing()
    {
        await using var server = await Connected.ToAsync();

        server.Shell.RunRecipe("Report-Letta", "$args[0] -WhatIf", server.Folder["report.html"]).Succeed();

        Assert.Empty(Directory.GetFiles(server.Folder.Path));
    }

    private static async Task RenameAsync(Connected server, string from, string to)
    {
        var agent = Assert.Single(server.Run("(Get-LettaAgent $args[0]).Id", from).Succeed()).ToString();
        using var http = new HttpClient { BaseAddress = server.Server.BaseUri };
        using var body = new StringContent(System.Text.Json.JsonSerializer.Serialize(new { name = to }), System.Text.Encoding.UTF8, "application/json");
        var answer = await http.PatchAsync(new Uri($"/v1/agents/{agent}", UriKind.Relative), body, TestContext.Current.CancellationToken);
        answer.EnsureSuccessStatusCode();
    }
}

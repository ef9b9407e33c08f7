using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Module.Tests;

/// <summary>What a restore that ends in the middle leaves: nothing where it can clean up, and nothing after the next run where it was killed.</summary>
public class RestoreLeftoversTests
{
    private static readonly string s_killChild = typeof(RestoreLeftoversTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "KillChild").Value!;

    public static TheoryData<string, string, int> Points => new()
    {
        { "GET", "/v1/agents/*", 0 },
        { "PATCH", "/v1/agents/*/archives/attach/*", 0 },
        { "POST", "/v1/agents/*/archival-memory", 3 },
        { "POST", "/v1/agents/*/archival-memory", 15 },
        { "PATCH", "/v1/agents/*", 0 },
    };

    [Theory]
    [MemberData(nameof(Points))]
    public async Task A_run_that_was_killed_anywhere_is_finished_by_the_next_and_nothing_is_left_over(string method, string path, int skip)
    {
        await using var whole = await RestoredPair.MakeAsync("document_librarian','AI/ML Expert','Incognito");
        await using var letta = await RestoredPair.MakeAsync("document_librarian','AI/ML Expert','Incognito", restore: false);
        var fault = letta.Target.Server.Faults.Add(new Fault(new HangEffect()) { Method = method, Path = path, Skip = skip });
        using (var child = Process.Start("dotnet", [s_killChild, "agents", letta.Target.Server.BaseUri.AbsoluteUri, letta.Source.Set]))
        {
            var hangs = letta.Target.Server.Requests.WhenAsync(r => r.Of(method, path).Count() > skip, TestContext.Current.CancellationToken);
            var ended = child.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(await Task.WhenAny(hangs, ended) == hangs, "The child ended before it could be killed.");
            child.Kill();
            await ended;
        }

        letta.Target.Server.Faults.Remove(fault);

        var results = letta.Target.Run("Restore-LettaAgent $args[0]", letta.Source.Set).Succeed();

        Assert.Equal(3, results.Count);
        Assert.Equal(Content(whole.Target.Server.State), Content(letta.Target.Server.State));
    }

    [Fact]
    public async Task A_restore_that_fails_removes_the_identities_that_it_made()
    {
        await using var letta = await RestoredPair.MakeAsync("*", restore: false);
        Assert.NotEmpty(letta.Source.Server.State.Identities);
        letta.Target.Server.Faults.Add(new Fault(new StatusEffect(400, """{"detail":"No."}""")) { Path = "/v1/agents/import" });

        var outcome = letta.Target.Run("Restore-LettaAgent $args[0]", letta.Source.Set);

        Assert.All(outcome.Output, r => Assert.Equal("Failed", r.Get<object>("Status").ToString()));
        Assert.Empty(letta.Target.Server.State.Identities);
    }

    [Theory]
    [InlineData("0.11.3")]
    [InlineData("0.16.8")]
    public async Task An_identity_that_the_server_made_although_it_answered_500_is_found(string release)
    {
        await using var letta = await RestoredPair.MakeAsync("*", restore: false, from: release, to: release);
        letta.Target.Server.Faults.Add(new Fault(new StatusEffect(500) { Done = true }) { Method = "POST", Path = "/v1/identities/" });

        var results = letta.Target.Run("Restore-LettaAgent $args[0]", letta.Source.Set).Succeed();

        Assert.DoesNotContain(results.SelectMany(r => r.Get<IReadOnlyList<string>>("Missing")), g => g.Contains("identities", StringComparison.Ordinal));
        Assert.Equal(Senders(letta.Source.Server.State), Senders(letta.Target.Server.State));

        static IEnumerable<string> Senders(SandboxState state) => state.Agents
            .Select(a => $"{a.Name} {string.Join(' ', state.Identities.Of(a.IdentityIds).Select(i => i.IdentifierKey).Order())}").Order();
    }

    [Fact]
    public async Task A_source_that_the_server_made_although_it_answered_500_is_found()
    {
        await using var letta = await RestoredPair.MakeAsync("*", restore: false, from: "0.11.3", to: "0.11.3");
        letta.Target.Server.Faults.Add(new Fault(new StatusEffect(500) { Done = true }) { Method = "POST", Path = "/v1/sources/" });

        var results = letta.Target.Run("Restore-LettaAgent $args[0]", letta.Source.Set).Succeed();

        Assert.DoesNotContain(results.SelectMany(r => r.Get<IReadOnlyList<string>>("Missing")), g => g.Contains("Fault of the sandbox", StringComparison.Ordinal));
        Assert.NotEmpty(letta.Target.Server.State.Sources);
        Assert.All(letta.Target.Server.State.Sources, s => Assert.Contains(letta.Target.Server.State.Agents, a => a.SourceIds.Contains(s.Id)));
    }

    [Theory]
    [InlineData(500)]
    [InlineData(null)]
    public async Task A_restore_that_fails_removes_identities_that_were_made_though_the_answer_was_lost(int? status)
    {
        await using var letta = await RestoredPair.MakeAsync("*", restore: false);
        letta.Target.Server.Faults.Add(new Fault(status is { } s ? new StatusEffect(s) { Done = true } : new ResetEffect(0)) { Method = "POST", Path = "/v1/identities/" });
        letta.Target.Server.Faults.Add(new Fault(new StatusEffect(400, """{"detail":"No."}""")) { Path = "/v1/agents/import" });

        var outcome = letta.Target.Run("Restore-LettaAgent $args[0]", letta.Source.Set);

        Assert.All(outcome.Output, r => Assert.Equal("Failed", r.Get<object>("Status").ToString()));
        Assert.Contains(letta.Target.Server.Requests.Entries, e => e is { Method: "POST", Path: "/v1/identities/" });
        Assert.Empty(letta.Target.Server.State.Identities);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(null)]
    public async Task A_restore_that_fails_removes_an_archive_that_was_made_though_the_answer_was_lost(int? status)
    {
        await using var letta = await RestoredPair.MakeAsync("document_librarian", restore: false);
        letta.Target.Server.Faults.Add(new Fault(status is { } s ? new StatusEffect(s) { Done = true } : new ResetEffect(0)) { Method = "POST", Path = "/v1/archives/" });

        var outcome = letta.Target.Run("Restore-LettaAgent $args[0]", letta.Source.Set);

        Assert.Equal("Failed", Assert.Single(outcome.Output).Get<object>("Status").ToString());
        Assert.Single(letta.Target.Server.Requests.Entries, e => e is { Method: "POST", Path: "/v1/archives/" });
        Assert.Empty(letta.Target.Server.State.Archives);
    }

    [Fact]
    public async Task An_identity_that_another_agent_of_the_run_has_stays_when_a_restore_fails()
    {
        await using var letta = await RestoredPair.MakeAsync("*", restore: false);
        letta.Target.Server.Faults.Add(new Fault(new StatusEffect(400, """{"detail":"No."}""")) { Path = "/v1/agents/import", Times = 1 });

        letta.Target.Run("Restore-LettaAgent $args[0] -ThrottleLimit 1", letta.Source.Set);

        var state = letta.Target.Server.State;
        Assert.Equal(15, state.Agents.Count);
        Assert.Equal(state.Agents.SelectMany(a => a.IdentityIds).Distinct().Order(), state.Identities.Select(i => i.Id).Order());
    }

    [Fact]
    public async Task While_another_run_restores_the_backup_nothing_is_done()
    {
        await using var letta = await RestoredPair.MakeAsync("Incognito", restore: false);
        var before = letta.Target.Server.State.ContentHash();
        using var other = new FileStream(letta.Map + ".lock", FileMode.Create, FileAccess.ReadWrite, FileShare.None);

        var error = Assert.Single(letta.Target.Run("Restore-LettaAgent $args[0]", letta.Source.Set).Errors);

        Assert.Equal("IdMapInUse,LettaPS.Cmdlets.RestoreLettaAgentCommand", error.FullyQualifiedErrorId);
        Assert.Equal(before, letta.Target.Server.State.ContentHash());
        Assert.False(File.Exists(letta.Map));
    }

    /// <summary>A folder in the map's place, and a folder that not even root may write to.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData("/proc/id-map.json")]
    public async Task Where_the_map_cannot_be_written_nothing_is_made_on_the_server(string? path)
    {
        await using var letta = await RestoredPair.MakeAsync("Incognito", restore: false);
        var before = letta.Target.Server.State.ContentHash();
        path ??= Directory.CreateDirectory(letta.Target.Folder["id-map.json"]).FullName;

        var error = Assert.Single(letta.Target.Run("Restore-LettaAgent $args[0] -IdMapPath $args[1]", letta.Source.Set, path).Errors);

        Assert.Equal("IdMapWriteFailed,LettaPS.Cmdlets.RestoreLettaAgentCommand", error.FullyQualifiedErrorId);
        Assert.Equal(before, letta.Target.Server.State.ContentHash());
    }

    private static string Content(SandboxState state) => JsonSerializer.Serialize(new
    {
        Agents = state.Agents.Select(a => new { a.Name, Blocks = a.BlockIds.Count, Messages = a.Messages.Count, Archives = a.ArchiveIds.Count, Unfinished = a.Metadata?.ToString().Contains("unfinished", StringComparison.Ordinal) }).OrderBy(a => a.Name),
        Blocks = state.Blocks.Select(b => $"{b.Label} {b.Value}").Order(),
        Sources = state.Sources.Select(s => s.Name).Order(),
        Files = state.Files.Select(f => f.FileName).Order(),
        Tools = state.Tools.Select(t => t.Name).Order(),
        Archives = state.Archives.Select(a => a.Name).Order(),
        Passages = state.Passages.Select(p => p.Text).Order(),
        Identities = state.Identities.Select(i => i.IdentifierKey).Order(),
    });
}

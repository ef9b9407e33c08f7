using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using LettaPS.Hosting;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests;

/// <summary><c>-Confirm:$false</c> and <c>-Force</c> mean the same on every cmdlet, and a host that cannot prompt is told what to add.</summary>
public sealed class ConfirmationTests
{
    private const string Restore = "Restore-LettaDatabase $args[1] -DatabaseUri $args[0] -RemoveOld";
    private const string Reset = "Reset-LettaDatabase $args[1] -DatabaseUri $args[0]";
    private const string RemoveKept = "Remove-LettaKeptDatabase * -DatabaseUri $args[0]";
    private const string RemoveBackup = "Remove-LettaBackup (Split-Path $args[1]) -KeepCount 1";

    /// <summary>Every cmdlet that asks unless it is told not to. Restore-LettaAgent, which asks in one case, is tested with its replacements.</summary>
    private static readonly string[] s_asking = [Restore, Reset, RemoveKept, RemoveBackup];

    public static TheoryData<string> Asking => new(s_asking);

    public static TheoryData<string> Forced => new(Restore, Reset, "Backup-LettaDatabase $args[1] -DatabaseUri $args[0]");

    [Fact]
    public void Every_cmdlet_that_asks_unless_told_not_to_is_tested_here()
    {
        using var shell = new Shell();

        var found = shell.Run("Get-Command -Module LettaPS | Where-Object { [Management.Automation.CommandMetadata]::new($_).ConfirmImpact -eq 'High' } | ForEach-Object Name").Succeed();

        Assert.Equal(s_asking.Select(a => a.Split(' ')[0]).Order(), found.Select(f => f.ToString()).Order());
    }

    [Fact]
    public void Every_cmdlet_asks_in_one_place()
    {
        using var shell = new Shell();
        var bases = shell.Run("""
            Get-Command -Module LettaPS | Where-Object { $_.Parameters.ContainsKey('WhatIf') } | ForEach-Object {
                for ($type = $_.ImplementingType; $type -and $type.Name -ne 'AsyncCmdlet'; $type = $type.BaseType) { }
                if (-not $type) { $_.Name }
            }
            """).Succeed();

        Assert.Empty(bases);
        Assert.Equal(["AsyncCmdlet"], CallersOf("ShouldProcess", "ShouldContinue"));
    }

    [Theory]
    [MemberData(nameof(Asking))]
    public async Task Where_nobody_can_be_asked_nothing_is_done_and_the_error_names_what_to_add(string command)
    {
        await using var world = await World.MakeAsync();
        var before = await world.StateAsync();
        var state = InitialSessionState.CreateDefault2();
        state.ImportPSModule([Shell.ModuleManifest]);
        using var runspace = RunspaceFactory.CreateRunspace(state);
        runspace.Open();
        using var powershell = PowerShell.Create(runspace);
        powershell.AddScript(command).AddArgument(world.Uri).AddArgument(world.Dump);

        Assert.Empty(powershell.Invoke());

        var error = Assert.Single(powershell.Streams.Error);
        Assert.StartsWith("ConfirmationRequired,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.EndsWith("add -Confirm:$false", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.Equal(before, await world.StateAsync());
    }

    [Theory]
    [MemberData(nameof(Asking))]
    public async Task A_question_is_asked_and_a_no_is_heeded(string command)
    {
        await using var world = await World.MakeAsync();
        var before = await world.StateAsync();
        world.Shell.Console.Answers.Enqueue(World.No);

        Assert.Empty(world.Run(command).Succeed());

        Assert.Single(world.Shell.Console.Prompts);
        Assert.Equal(before, await world.StateAsync());
    }

    [Theory]
    [MemberData(nameof(Asking))]
    public async Task Confirm_false_answers_every_question(string command)
    {
        await using var world = await World.MakeAsync();
        var before = await world.StateAsync();

        Assert.Single(world.Run(command + " -Confirm:$false").Succeed());

        Assert.Empty(world.Shell.Console.Prompts);
        Assert.NotEqual(before, await world.StateAsync());
    }

    [Theory]
    [MemberData(nameof(Forced))]
    public async Task Force_asks_nothing_unless_Confirm_is_given_too(string command)
    {
        await using var world = await World.MakeAsync();
        var before = await world.StateAsync();
        world.Shell.Console.Answers.Enqueue(World.No);
        Assert.Empty(world.Run(command + " -Force -Confirm").Succeed());
        Assert.Empty(world.Run(command + " -Force -WhatIf").Succeed());
        Assert.Equal(before, await world.StateAsync());
        Assert.Single(world.Shell.Console.Prompts);

        Assert.Single(world.Run($"$ConfirmPreference = 'Low'; {command} -Force").Succeed());

        Assert.Single(world.Shell.Console.Prompts);
        Assert.NotEqual(before, await world.StateAsync());
    }

    /// <summary>Types of the module whose code calls a method of PowerShell's own cmdlet class.</summary>
    private static List<string> CallersOf(params string[] methods)
    {
        using var file = File.OpenRead(Path.Combine(Path.GetDirectoryName(Shell.ModuleManifest)!, "LettaPS.dll"));
        using var pe = new PEReader(file);
        var metadata = pe.GetMetadataReader();
        var called = metadata.MemberReferences.Where(h => IsCmdlets(metadata.GetMemberReference(h))).Select(h => BitConverter.GetBytes(MetadataTokens.GetToken(h))).ToList();
        Assert.NotEmpty(called);
        return metadata.MethodDefinitions.Select(metadata.GetMethodDefinition)
            .Where(m => m.RelativeVirtualAddress != 0 && called.Exists(token => pe.GetMethodBody(m.RelativeVirtualAddress).GetILBytes()!.AsSpan().IndexOf(token) > 0))
            .Select(m => Outermost(metadata.GetTypeDefinition(m.GetDeclaringType())))
            .Distinct()
            .ToList();

        bool IsCmdlets(MemberReference member) =>
            methods.Contains(metadata.GetString(member.Name))
            && member.Parent.Kind == HandleKind.TypeReference
            && metadata.GetString(metadata.GetTypeReference((TypeReferenceHandle)member.Parent).Name) == nameof(Cmdlet);

        string Outermost(TypeDefinition type) => type.IsNested ? Outermost(metadata.GetTypeDefinition(type.GetDeclaringType())) : metadata.GetString(type.Name);
    }

    /// <summary>A database with a row, two dumps of it, and one that an earlier replacement kept.</summary>
    private sealed class World : IAsyncDisposable
    {
        /// <summary>Which of the choices Yes, Yes to All, No, No to All, Suspend is no.</summary>
        public const int No = 2;

        private readonly PostgresDatabase _database;
        private readonly TempFolder _folder = new();

        private World(PostgresDatabase database) => _database = database;

        public Shell Shell { get; } = new();

        public string Uri => _database.Uri("postgres");

        public string Dump => _folder["letta-20260102T000000Z.dump"];

        public static async Task<World> MakeAsync()
        {
            var world = new World(await (await PostgresServer.GetAsync(15)).CreateDatabaseAsync());
            await world._database.ExecuteAsync("CREATE TABLE marks (word text); INSERT INTO marks VALUES ('old')");
            world.Run("$null = Backup-LettaDatabase (Join-Path (Split-Path $args[1]) letta-20260101T000000Z.dump) -DatabaseUri $args[0]; $null = Backup-LettaDatabase $args[1] -DatabaseUri $args[0]").Succeed();
            await world._database.Server.ExecuteAsync("postgres", $"CREATE DATABASE {world._database.Name}_before_20260101_020304");
            await world._database.ExecuteAsync("INSERT INTO marks VALUES ('new')");
            return world;
        }

        public ShellResult Run(string command) => Shell.Run(command, Uri, Dump);

        /// <summary>The databases, what is in the one, and the files.</summary>
        public async Task<string> StateAsync()
        {
            var databases = await Names();
            var table = await _database.ListAsync("SELECT relname::text FROM pg_class WHERE relname = 'marks'");
            var rows = table.Count == 0 ? [] : await _database.ListAsync("SELECT word FROM marks");
            return string.Join('\n', [.. databases, "rows:", .. rows, "files:", .. Directory.EnumerateFiles(_folder.Path).Order().Select(f => $"{f} {File.GetLastWriteTimeUtc(f):O}")]);
        }

        public async ValueTask DisposeAsync()
        {
            Shell.Dispose();
            _folder.Dispose();
            foreach (var name in (await Names()).Where(n => n != _database.Name))
            {
                await _database.Server.ExecuteAsync("postgres", $"DROP DATABASE {name} WITH (FORCE)");
            }

            await _database.DisposeAsync();
        }

        private Task<IReadOnlyList<string>> Names() => _database.ListAsync($"SELECT datname::text FROM pg_database WHERE starts_with(datname, '{_database.Name}') ORDER BY 1");
    }
}

using System.Text.RegularExpressions;
using LettaPS.Core.Tests.Kit;
using Mono.Cecil;

namespace LettaPS.Core.Tests;

/// <summary>The table of rooms in docs/developing/architecture.md is true, and nothing in it leads back.</summary>
public sealed partial class ArchitectureTests
{
    private const string Core = "LettaPS.Core.";

    private static readonly List<string> s_rooms =
        [.. Room().Matches(File.ReadAllText(Path.Combine(Repository.Path, "docs", "developing", "architecture.md")).Split("## Rooms of the core")[1].Split("\n## ")[0]).Select(m => m.Groups[1].Value.Replace('/', '.'))];

    private static readonly IReadOnlyList<(TypeDefinition From, TypeDefinition To)> s_uses = TypeUses.Of(typeof(LettaAgent).Assembly.Location);

    [Fact]
    public void A_room_uses_only_rooms_above_it()
    {
        var down = s_uses
            .Where(u => RoomOf(u.From.Namespace) is { } from && RoomOf(u.To.Namespace) is { } to && s_rooms.IndexOf(to) > s_rooms.IndexOf(from))
            .Select(u => $"{u.From.FullName} uses {u.To.FullName}")
            .Distinct()
            .Order(StringComparer.Ordinal);

        Assert.True(!down.Any(), string.Join('\n', down));
    }

    [Fact]
    public void Every_room_of_the_core_is_in_the_table_and_every_row_is_a_room()
    {
        var namespaces = typeof(LettaAgent).Assembly.GetTypes().Select(t => t.Namespace ?? string.Empty).Where(n => n.StartsWith(Core, StringComparison.Ordinal)).Distinct().ToList();

        Assert.DoesNotContain(namespaces, n => RoomOf(n) is null);
        Assert.Equal(s_rooms, s_rooms.Where(r => namespaces.Any(n => RoomOf(n) == r)));
    }

    [Fact]
    public void Only_the_vocabulary_is_public() =>
        Assert.DoesNotContain(typeof(LettaAgent).Assembly.GetExportedTypes(), t => t.Namespace != "LettaPS");

    /// <summary>The room of a namespace: the most specific row. Null for what is no room: the shared vocabulary and the root.</summary>
    private static string? RoomOf(string name) => s_rooms
        .Where(r => name == Core + r || name.StartsWith(Core + r + ".", StringComparison.Ordinal))
        .MaxBy(r => r.Length);

    [GeneratedRegex(@"^\| `([\w/]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Room();
}

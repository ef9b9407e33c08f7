using System.Globalization;
using System.Management.Automation;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using LettaPS.Hosting;
using LettaPS.TestKit;

namespace LettaPS.Module.Tests;

public partial class ViewTests
{
    private const int Console = 120;
    private const int Small = 80;
    private const int LeastLastColumn = 12;

    private static readonly XDocument s_views = XDocument.Load(Path.Combine(Path.GetDirectoryName(Shell.ModuleManifest)!, "LettaPS.Format.ps1xml"));

    [Fact]
    public void Every_output_type_of_every_cmdlet_has_a_table_and_a_list()
    {
        using var shell = new Shell();
        var types = shell.Run("Get-Command -Module LettaPS").Succeed()
            .SelectMany(c => ((CmdletInfo)c.BaseObject).OutputType)
            .Select(t => t.Name).Where(n => n.StartsWith("LettaPS.", StringComparison.Ordinal)).Distinct().ToList();

        Assert.True(types.Count > 20);
        foreach (var control in new[] { "TableControl", "ListControl" })
        {
            Assert.Empty(types.Except(s_views.Descendants("View").Where(v => v.Element(control) is not null).Select(v => v.Descendants("TypeName").Single().Value)));
        }
    }

    [Fact]
    public void What_a_type_shows_by_default_without_a_view_is_what_its_table_shows()
    {
        using var shell = new Shell();
        foreach (var view in s_views.Descendants("View").Where(v => v.Element("TableControl") is not null))
        {
            var shown = shell.Run(
                "[Runtime.CompilerServices.RuntimeHelpers]::GetUninitializedObject([type]$args[0]).PSStandardMembers.DefaultDisplayPropertySet.ReferencedPropertyNames",
                view.Descendants("TypeName").Single().Value).Succeed().Select(n => n.ToString());

            Assert.Equal(view.Descendants("TableColumnItem").SelectMany(Properties).Distinct(), shown);
        }

        static IEnumerable<string> Properties(XElement item) =>
            item.Element("PropertyName") is { } name ? [name.Value] : Property().Matches(item.Value).Select(m => m.Groups[1].Value);
    }

    [Fact]
    public void Every_table_fits_a_console_of_120_columns()
    {
        foreach (var view in s_views.Descendants("View").Where(v => v.Element("TableControl") is not null))
        {
            var widths = view.Descendants("TableColumnHeader").Select(h => (int?)h.Element("Width")).ToList();
            var name = view.Element("Name")!.Value;

            Assert.True(widths[..^1].All(w => w is not null), $"{name}: only the last column takes what is left.");
            var needed = widths.Sum(w => w ?? LeastLastColumn) + widths.Count - 1;
            Assert.True(needed <= Console, string.Create(CultureInfo.InvariantCulture, $"{name} needs {needed} columns."));
            Assert.Equal(widths.Count, view.Descendants("TableColumnItem").Count());
        }
    }

    [Fact]
    public void No_header_is_broken_at_the_edge_of_a_console_of_80_columns()
    {
        foreach (var view in s_views.Descendants("View").Where(v => v.Element("TableControl") is not null))
        {
            var begin = 0;
            foreach (var (header, item) in view.Descendants("TableColumnHeader").Zip(view.Descendants("TableColumnItem")))
            {
                var label = header.Element("Label")?.Value ?? item.Element("PropertyName")!.Value;
                var shown = Math.Min(Small - 1 - begin, (int?)header.Element("Width") ?? Console);

                // PowerShell leaves the last column of the console free, and does not show at all what begins beyond it.
                Assert.True(shown <= 0 || shown >= label.Length, string.Create(CultureInfo.InvariantCulture, $"{view.Element("Name")!.Value}: of {label} {shown} characters are shown."));
                begin += shown + 1;
            }
        }
    }

    [Fact]
    public void The_path_of_whatever_is_a_file_begins_within_a_console_of_80_columns()
    {
        var paths = 0;
        foreach (var view in s_views.Descendants("View").Where(v => v.Element("TableControl") is not null))
        {
            var begin = 0;
            foreach (var (header, item) in view.Descendants("TableColumnHeader").Zip(view.Descendants("TableColumnItem")))
            {
                if (item.Value == "Path" || item.Value.Contains("$_.Path", StringComparison.Ordinal))
                {
                    paths++;
                    Assert.True(begin + LeastLastColumn < Small, string.Create(CultureInfo.InvariantCulture, $"{view.Element("Name")!.Value}: the path begins at column {begin}."));
                }

                begin += ((int?)header.Element("Width") ?? Console) + 1;
            }
        }

        Assert.True(paths >= 8);
    }

    [Fact]
    public async Task The_path_of_a_set_and_of_a_file_is_shown_whole_at_80_columns()
    {
        await using var letta = await Connected.ToAsync();
        using var shell = new Shell(Small);
        var set = Path.GetDirectoryName(letta.Run("Export-LettaAgent -Path $args[0]", letta.Folder.Path).Succeed()[0].Get<string>("Path"))!;
        shell.Run("$global:set = $args[0]", set).Succeed();

        Assert.True(shell.Show("Get-LettaBackup -LiteralPath $set"));
        Assert.Contains(set, Unbroken(shell.Console.Text), StringComparison.Ordinal);
        Assert.All(shell.Console.Text.Split('\n'), l => Assert.InRange(l.TrimEnd().Length, 0, Small));

        Assert.True(shell.Show("(Get-LettaBackup -LiteralPath $set).Files | Select-Object -First 1"));
        Assert.Contains(".af", Unbroken(shell.Console.Text), StringComparison.Ordinal);

        // The column of the path alone, its lines joined.
        static string Unbroken(string text) => string.Concat(text.Split('\n').Select(l => l.TrimEnd()).Where(l => l.Length > 55).Select(l => l[55..]));
    }

    [Fact]
    public void Texts_that_take_several_lines_are_broken_where_their_column_ends()
    {
        foreach (var view in s_views.Descendants("View").Where(v => v.Descendants("Wrap").Any()))
        {
            var before = view.Descendants("TableColumnHeader").SkipLast(1).Sum(h => (int)h.Element("Width")! + 1);

            Assert.EndsWith(string.Create(CultureInfo.InvariantCulture, $", $Host, {before})"), view.Descendants("TableColumnItem").Last().Value, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(Console)]
    [InlineData(Small)]
    public void Warnings_of_releases_are_shown_without_breaking_a_word(int width)
    {
        using var shell = new Shell(width);
        var said = shell.Run("(Get-LettaRelease).Warnings").Succeed().SelectMany(w => w.ToString().Split(' ')).ToHashSet();

        Assert.True(shell.Show("Get-LettaRelease"));

        var lines = shell.Console.Text.Split('\n').Select(l => l.TrimEnd()).ToList();
        var column = lines.Single(l => l.EndsWith("Warnings", StringComparison.Ordinal)).LastIndexOf("Warnings", StringComparison.Ordinal);
        var shown = lines.Where(l => l.Length > column && !l.EndsWith("Warnings", StringComparison.Ordinal) && !l.EndsWith("---", StringComparison.Ordinal)).SelectMany(l => l[column..].Split(' ')).ToList();

        Assert.All(lines, l => Assert.InRange(l.Length, 0, width));
        Assert.NotEmpty(shown);
        Assert.All(shown, w => Assert.True(w.Length == 0 || said.Any(s => s == w || (s.Length >= width - column && s.Contains(w, StringComparison.Ordinal))), w));
    }

    [Fact]
    public async Task Differences_of_a_schema_are_shown_without_breaking_a_word()
    {
        await using var database = await (await PostgresServer.GetAsync()).CreateLettaDatabaseAsync("create_all/story-0.16.1-then-0.16.2");
        using var shell = new Shell(Console);

        shell.Run("$global:uri = $args[0]", database.Uri()).Succeed();
        Assert.True(shell.Show("Compare-LettaSchema 0.16.2 -DatabaseUri $uri | Where-Object Severity -eq Breaks"));

        var shown = shell.Console.Text;
        Assert.Matches(@"(?m)^Breaks +MissingColumn +messages\.conversation_id +yes Listing, sending and exporting messages fails, *\r?$", shown);
        Assert.All(shown.Split('\n'), l => Assert.InRange(l.TrimEnd().Length, 0, Console));
    }

    [Fact]
    public void What_to_do_about_an_error_is_read_once()
    {
        using var shell = new Shell(Console);

        Assert.False(shell.Show("Get-LettaRelease 9.9.9"));

        Assert.Single(shell.Console.Errors.Split('\n'), l => l.Contains("List the releases: Get-LettaRelease", StringComparison.Ordinal));
        Assert.Single(shell.Console.Errors.Split('\n'), l => l.Contains("9.9.9", StringComparison.Ordinal));
    }

    [Fact]
    public void A_pinned_image_is_shown_with_the_beginning_of_its_digest()
    {
        using var folder = new TempFolder();
        using var shell = new Shell(Console);
        File.WriteAllText(folder["compose.yml"], $"services:\n  letta:\n    image: letta/letta:0.16.2@sha256:{new string('a', 64)}\n");

        Assert.True(shell.Show($"Get-LettaImagePin {folder["compose.yml"]}"));

        Assert.Matches(@"(?m)^compose\.yml +3 letta +letta/letta:0\.16\.2@sha256:aaaaaaaaaaaa… +False", shell.Console.Text);
    }

    [Fact]
    public void A_saved_connection_is_shown_with_the_place_of_its_password()
    {
        using var shell = new Shell(Console);

        Assert.True(shell.Show("Save-LettaConnection viewed http://127.0.0.1:1 -KeyVault Personal -KeySecret letta -Force; Get-LettaConnection viewed"));

        Assert.Matches(@"(?m)^viewed +http://127\.0\.0\.1:1/ +letta of vault Personal", shell.Console.Text);
    }

    [Theory]
    [InlineData("short", "short")]
    [InlineData("one two three four", "one two\nthree four")]
    [InlineData("unbreakable-as-a-whole", "unbreakable-as-a-whole")]
    [InlineData("a an-unbreakable-one and more", "a\nan-unbreakable-one\nand more")]
    [InlineData("first\nsecond line here", "first\nsecond\nline here")]
    [InlineData(null, "")]
    public void Texts_are_broken_between_words(string? text, string broken)
    {
        using var shell = new Shell();

        Assert.Equal(broken, shell.Run("[LettaPS.Formatting]::Wrap($args[0], 10)", text).Succeed().Single().ToString());
    }

    [GeneratedRegex(@"\$_\.(\w+)")]
    private static partial Regex Property();
}

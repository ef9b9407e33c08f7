using System.Text.RegularExpressions;
using LettaPS.Hosting;

namespace LettaPS.Module.Tests.Help;

/// <summary>An example of a page: its heading and its commands.</summary>
public sealed record PageExample(string Title, string Code);

/// <summary>The pages that the help is made of. Their form is proved by the build.</summary>
internal static partial class HelpPages
{
    private static readonly string s_docs = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Shell.ModuleManifest)!, "..", "..", "docs"));

    /// <summary>Names of the cmdlets that have a page.</summary>
    public static IReadOnlyList<string> Cmdlets { get; } = [.. Directory.GetFiles(Folder("cmdlets"), "*.md").Select(p => Path.GetFileNameWithoutExtension(p)!).Order()];

    /// <summary>Names of the about_ topics.</summary>
    public static IReadOnlyList<string> Topics { get; } = [.. Directory.GetFiles(Folder("about"), "*.md").Select(p => Path.GetFileNameWithoutExtension(p)!).Order()];

    public static string Docs => s_docs;

    /// <summary>The examples of a cmdlet's page.</summary>
    public static IReadOnlyList<PageExample> Examples(string cmdlet)
    {
        var page = File.ReadAllText(Path.Combine(Folder("cmdlets"), cmdlet + ".md"));
        return [.. Example().Matches(page[page.IndexOf("\n## Examples\n", StringComparison.Ordinal)..]).Select(m => new PageExample(m.Groups[1].Value, m.Groups[2].Value))];
    }

    /// <summary>Every fenced powershell block of a Markdown file.</summary>
    public static IEnumerable<string> Blocks(string file) => Block().Matches(File.ReadAllText(file)).Select(m => m.Groups[1].Value);

    private static string Folder(string name) => Path.Combine(s_docs, name);

    [GeneratedRegex("^### ([^\n]+)\n\n```powershell\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex("^```powershell\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();
}

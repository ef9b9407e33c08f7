using LettaPS.Core.Compose.Model;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Compose;

/// <summary>Ugly compose files: Fixtures/Compose/NAME/before, pinned to 0.16.8, must become Fixtures/Compose/NAME/after.</summary>
internal static class PinCorpus
{
    private static readonly string s_folder = Path.Join(AppContext.BaseDirectory, "Fixtures", "Compose");

    public static PinTarget Target { get; } = new("0.16.8", null);

    public static TheoryData<string> Cases => [.. Directory.GetDirectories(s_folder).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal)];

    public static string Folder(string name, string state) => Path.Join(s_folder, name, state);

    public static string[] Roots(string folder) =>
        [.. Directory.GetFiles(folder, "*compose*.yml").Select(Path.GetFileName).OfType<string>().OrderBy(n => n.Length)];

    public static List<string> Files(string folder) =>
        [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder, f)).Order(StringComparer.Ordinal)];

    public static TempFolder Copy(string name, string state = "before")
    {
        var folder = new TempFolder();
        foreach (var file in Files(Folder(name, state)))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder[file])!);
            File.Copy(Path.Join(Folder(name, state), file), folder[file]);
        }

        return folder;
    }
}

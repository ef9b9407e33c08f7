using LettaPS.Core.Compose.Rules;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Compose;

/// <summary>Whatever a compose file holds, it is read, audited and pinned, or refused with one error; never another exception, and never no end.</summary>
public sealed class DamagedComposeFileTests
{
    private static readonly byte[][] s_sound = [.. PinCorpus.Cases.Select(c => (string)c.Data).SelectMany(c => PinCorpus.Roots(PinCorpus.Folder(c, "before")).Select(r => File.ReadAllBytes(Path.Join(PinCorpus.Folder(c, "before"), r))))];

    [Fact]
    public void A_damaged_compose_file_gives_a_result_or_an_error_that_names_the_file()
    {
        using var folder = new TempFolder();
        var path = folder["compose.yml"];
        foreach (var seed in Fuzz.Seeds(500))
        {
            var random = new Random(seed);
            File.WriteAllBytes(path, Fuzz.Bytes(random, s_sound[random.Next(s_sound.Length)]));
            Try(seed, path, () => new ComposeWorld(folder.Path).Pins("compose.yml"));
            Try(seed, path, () =>
            {
                var world = new ComposeWorld(folder.Path);
                return ComposeAudit.Examine(world.Project("compose.yml"), world.Reader);
            });
            Try(seed, path, () => new ComposeWorld(folder.Path).Plan(PinCorpus.Target, force: true, "compose.yml"));
        }
    }

    private static void Try(int seed, string path, Func<object> read)
    {
        try
        {
            read();
        }
        catch (LettaException e)
        {
            // What it extends or includes may be the file that is wrong.
            Assert.True($"{e.Message} {e.Target}".Contains(Path.GetDirectoryName(path)!, StringComparison.Ordinal), $"Seed {seed}: the error does not name the file: {e.ErrorId} {e.Message}");
        }
        catch (Exception e)
        {
            Assert.Fail($"Seed {seed}: {e}");
        }
    }
}

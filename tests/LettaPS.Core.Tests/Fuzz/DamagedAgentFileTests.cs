using System.Text;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.Backups;
using LettaPS.Core.Markdown;
using LettaPS.Core.Tests.Backups;
using LettaPS.TestKit;

namespace LettaPS.Core.Tests.Fuzz;

/// <summary>Whatever a file holds, what reads it gives a result or one error that names the file; never another exception, and never no end.</summary>
public sealed class DamagedAgentFileTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private static readonly byte[][] s_sound = Sound();

    [Fact]
    public async Task Every_reader_of_agent_files_gives_a_result_or_an_error_that_names_the_file()
    {
        using var folder = new TempFolder();
        foreach (var seed in TestKit.Fuzz.Seeds(300))
        {
            var random = new Random(seed);
            var sound = s_sound[random.Next(s_sound.Length)];
            var path = folder["fuzzed.af"];
            await File.WriteAllBytesAsync(path, random.Next(2) == 0 ? TestKit.Fuzz.Bytes(random, sound) : TestKit.Fuzz.Json(random, sound), TestContext.Current.CancellationToken);
            await TryAsync(seed, path, async cancel => await BackupReader.TestAsync(path, null, cancel).ToListAsync(cancel));
            await TryAsync(seed, path, async cancel => await BackupReader.ReadAsync(path, cancel).ToListAsync(cancel));
            await TryAsync(seed, path, cancel => AgentFileConverter.ConvertAsync(path, folder["converted.af"], cancel));
            await TryAsync(seed, path, async cancel =>
            {
                using var markdown = MarkdownFolder.Open(folder["markdown"], force: true);
                await markdown.AddAsync(path, cancel);
                markdown.Commit();
            });
            Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path, "*.partial*"));
        }
    }

    private static async Task TryAsync(int seed, string path, Func<CancellationToken, Task> read)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(s_patience);
        try
        {
            await read(patience.Token);
        }
        catch (LettaException e)
        {
            Assert.True(e.Message.Contains(path, StringComparison.Ordinal) || Equals(e.Target, path), $"Seed {seed}: the error does not name the file: {e.Message}");
        }
        catch (Exception e)
        {
            Assert.Fail($"Seed {seed}: {e}");
        }
    }

    private static byte[][] Sound()
    {
        using var set = new SmallSet(Guid.Parse("11111111-1111-4111-8111-111111111111"));
        return
        [
            File.ReadAllBytes(Directory.GetFiles(set.Folder, "*.af").Single()),
            .. ((string[])["exports/0.11.3-Incognito.json.gz", "exports/0.16.2.json.gz", "exports/0.16.8.json.gz", "states/0.16.8.json.gz"]).Select(Fixture.Bytes),
            Encoding.UTF8.GetBytes("{}"),
        ];
    }
}

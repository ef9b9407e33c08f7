using LettaPS.Core.IO;

namespace LettaPS.Adapters.Tests.Compose;

/// <summary>Ugly compose files, each pinned to 0.16.8: Fixtures/Compose/NAME/before must become Fixtures/Compose/NAME/after, byte for byte.</summary>
public class PinCorpusTests
{
    public static TheoryData<string> Cases => PinCorpus.Cases;

    [Fact]
    public void The_corpus_has_at_least_forty_files() => Assert.True(Cases.Count >= 40);

    [Theory]
    [MemberData(nameof(Cases))]
    public void Pinning_changes_the_bytes_of_the_reference_and_no_others(string name)
    {
        using var folder = PinCorpus.Copy(name);

        foreach (var change in new ComposeWorld(folder.Path).Plan(PinCorpus.Target, force: false, PinCorpus.Roots(folder.Path)))
        {
            SafeFileReplace.Replace(change, backup: false);
        }

        var expected = PinCorpus.Folder(name, "after");
        Assert.Equal(PinCorpus.Files(expected), PinCorpus.Files(folder.Path));
        Assert.All(PinCorpus.Files(expected), file => Assert.Equal(File.ReadAllBytes(Path.Join(expected, file)), File.ReadAllBytes(folder[file])));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_pin_is_found_and_none_floats_afterwards(string name)
    {
        var world = new ComposeWorld(PinCorpus.Folder(name, "after"));

        var pins = PinCorpus.Roots(PinCorpus.Folder(name, "after")).SelectMany(r => world.Pins(r)).ToList();

        Assert.NotEmpty(pins);
        Assert.All(pins, p => Assert.Equal("0.16.8", p.Reference.Tag));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Pinning_again_changes_nothing(string name)
    {
        var folder = PinCorpus.Folder(name, "after");

        Assert.Empty(new ComposeWorld(folder).Plan(PinCorpus.Target, force: false, PinCorpus.Roots(folder)));
    }
}

using System.Text.Json.Nodes;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Compose;

/// <summary>Docker compose as the judge of the corpus. A class of its own, so that its processes run beside the other tests.</summary>
public class PinJudgeTests
{
    public static TheoryData<string> Cases => PinCorpus.Cases;

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task For_docker_compose_nothing_differs_but_the_images_of_Letta(string name)
    {
        await Needs.ComposeAsync();
        using var before = PinCorpus.Copy(name);
        using var after = PinCorpus.Copy(name, "after");
        var roots = PinCorpus.Roots(before.Path);

        var was = DockerCompose.Config(before.Path, roots);
        var now = DockerCompose.Config(after.Path, roots);

        var ours = new ComposeWorld(before.Path);
        var images = ours.Project(roots).Images.GroupBy(i => i.Part.Service).ToDictionary(g => g.Key, g => g.Last().Reference);
        foreach (var (service, body) in was["services"]!.AsObject())
        {
            var image = now["services"]![service]!["image"]!.GetValue<string>();
            Assert.Equal(images[service].Text, body!["image"]!.GetValue<string>().Trim());
            Assert.Equal(images[service] is { IsLetta: true } letta ? PinCorpus.Target.Apply(letta) : images[service].Text, image.Trim());
            body["image"] = image;
        }

        Assert.Equal(Meaning(was, before.Path), Meaning(now, after.Path));
    }

    /// <summary>All that compose acts upon: templates under x- are known to change with the references in them.</summary>
    private static string Meaning(JsonObject config, string folder)
    {
        foreach (var template in config.Select(p => p.Key).Where(k => k.StartsWith("x-", StringComparison.Ordinal)).ToList())
        {
            config.Remove(template);
        }

        return config.ToJsonString().Replace(folder, "", StringComparison.Ordinal);
    }
}

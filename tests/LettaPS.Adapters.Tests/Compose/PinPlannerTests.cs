using LettaPS.Core.Compose.Model;
using LettaPS.Core.Compose.Pinning;
using LettaPS.Core.IO;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Compose;

public sealed class PinPlannerTests : IDisposable
{
    private static readonly PinTarget s_target = new("0.16.8", null);

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_variable_of_the_session_decides_and_cannot_be_edited() =>
        Refused("PinEnvironmentConflict", "services:\n  letta:\n    image: letta/letta:${V:-latest}\n", process: new() { ["V"] = "0.16.2" });

    [Fact]
    public void A_tag_put_together_from_variables_is_left_to_the_user() =>
        Refused("PinPartsNotSupported", "services:\n  letta:\n    image: letta/letta:${MAJOR:-0}.${MINOR:-16.2}\n");

    [Fact]
    public void A_required_variable_that_is_not_set_is_named_with_the_line_to_add()
    {
        var e = Refused("PinVariableRequired", "services:\n  letta:\n    image: letta/letta:${V:?which}\n");

        Assert.Contains("V=0.16.8", e.RecommendedAction!, StringComparison.Ordinal);
    }

    [Fact]
    public void A_dollar_sign_that_begins_no_variable_is_explained() => Refused("InvalidPinTemplate", "services:\n  letta:\n    image: letta/letta:$\n");

    [Fact]
    public void A_value_with_escapes_in_an_env_file_is_not_edited() =>
        Refused("PinNotSupported", "services:\n  letta:\n    image: letta/letta:${V}\n", env: "V=\"la\\ttest\"\n");

    [Fact]
    public void One_service_is_not_changed_together_with_another_unless_forced()
    {
        Write("x-i: &i letta/letta:latest\nservices:\n  one:\n    image: *i\n  two:\n    image: *i\n");

        Assert.Equal("PinScopeConflict", Assert.Throws<LettaException>(() => Plan(["one"])).ErrorId);
        Assert.Contains("&i letta/letta:0.16.8", Assert.Single(Plan(["one"], force: true)).After.Text, StringComparison.Ordinal);
        Assert.Contains("&i letta/letta:0.16.8", Assert.Single(Plan(["one", "two"])).After.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_variable_that_decides_about_another_image_too_is_not_changed_unless_forced()
    {
        Write("services:\n  letta:\n    image: letta/letta:${TAG:-latest}\n  web:\n    image: web:${TAG:-latest}\n", "TAG=latest\n");

        var e = Assert.Throws<LettaException>(() => Plan(["letta"]));

        Assert.Equal("PinScopeConflict", e.ErrorId);
        Assert.Contains("'web'", e.Message, StringComparison.Ordinal);
        Assert.Equal("TAG=0.16.8\n", Assert.Single(Plan(["letta"], force: true)).After.Text);
    }

    [Fact]
    public void Two_services_with_one_text_cannot_be_pinned_to_different_images()
    {
        Write("services:\n  one: &one\n    image: letta/letta\n  two: *one\n");

        var e = Assert.Throws<LettaException>(() => Plan(["one", "two"], targets: name => name == "one" ? s_target : new("0.16.2", null)));

        Assert.Equal("PinConflict", e.ErrorId);
    }

    [Fact]
    public void A_pin_that_is_there_conflicts_with_another_for_the_same_text()
    {
        Write("services:\n  one: &one\n    image: letta/letta:0.16.8\n  two: *one\n");

        Assert.Equal("PinConflict", Assert.Throws<LettaException>(() => Plan(["one", "two"], targets: name => name == "one" ? s_target : new("0.16.2", null))).ErrorId);
    }

    [Theory]
    [InlineData("letta/letta:latest", "0.16.2", "letta/letta:0.16.2@sha256:d")]
    [InlineData("letta/letta", null, "letta/letta@sha256:d")]
    [InlineData("letta/letta:latest", null, "letta/letta@sha256:d")]
    [InlineData("letta/letta:0.16.2@sha256:old", "0.16.2", "letta/letta:0.16.2@sha256:d")]
    [InlineData("letta/letta:${V:-latest}", "0.16.2", "letta/letta:${V:-0.16.2@sha256:d}")]
    [InlineData("letta/letta:${V:-0.16.2}@sha256:old", "0.16.2", "letta/letta:${V:-0.16.2}@sha256:d")]
    [InlineData("letta/letta:${V:-0.16.1}@sha256:old", "0.16.2", "letta/letta:${V:-0.16.2}@sha256:d")]
    public void A_digest_is_put_in(string image, string? tag, string expected)
    {
        Write($"services:\n  letta:\n    image: {image}\n");

        Assert.Equal($"services:\n  letta:\n    image: {expected}\n", Assert.Single(Plan(["letta"], targets: _ => new(tag, "sha256:d"))).After.Text);
    }

    [Fact]
    public void What_cannot_be_pinned_does_not_keep_others_from_it()
    {
        Write("services:\n  one:\n    image: letta/letta:${V:?}\n  two:\n    image: letta/letta\n");
        var world = new ComposeWorld(_folder.Path);
        List<string> refused = [];
        var planner = new PinPlanner(ComposeWorld.Yaml, world.Reader, force: false);

        planner.Add(world.Project("compose.yml"), world.Pins("compose.yml").Select(u => (u, s_target)), e => refused.Add(e.ErrorId));

        Assert.Equal(["PinVariableRequired"], refused);
        Assert.EndsWith("two:\n    image: letta/letta:0.16.8\n", Assert.Single(planner.Changes()).After.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_several_compose_files_extend_is_changed_once()
    {
        File.WriteAllText(_folder["base.yml"], "services:\n  base:\n    image: letta/letta\n");
        foreach (var name in new[] { "a.yml", "b.yml" })
        {
            File.WriteAllText(_folder[name], "services:\n  letta:\n    extends:\n      file: base.yml\n      service: base\n");
        }

        var change = Assert.Single(new ComposeWorld(_folder.Path).Plan(s_target, force: false, "a.yml", "b.yml", "base.yml"));

        Assert.Equal("services:\n  base:\n    image: letta/letta:0.16.8\n", change.After.Text);
    }

    [Theory]
    [InlineData("services:\n  a:\n    extends: b\n  b:\n    extends: a\n    image: letta/letta\n", "extends itself")]
    [InlineData("services:\n  a:\n    extends: gone\n", "does not have")]
    public void A_service_that_extends_nothing_sensible_is_named(string text, string why)
    {
        Write(text);

        var e = Assert.Throws<LettaException>(() => new ComposeWorld(_folder.Path).Pins("compose.yml"));

        Assert.Equal("ExtendsNotFound", e.ErrorId);
        Assert.Contains(why, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_includes_itself_is_read_once()
    {
        Write("include: [compose.yml]\nservices:\n  letta:\n    image: letta/letta\n");

        Assert.Single(new ComposeWorld(_folder.Path).Pins("compose.yml"));
    }

    [Fact]
    public void A_mapping_that_merges_itself_is_read_to_its_end()
    {
        Write("services:\n  letta: &l\n    <<: *l\n    image: letta/letta\n");

        Assert.Single(new ComposeWorld(_folder.Path).Pins("compose.yml"));
    }

    [Fact]
    public void A_file_made_to_take_for_ever_does_not()
    {
        var merges = string.Concat(Enumerable.Range(1, 60).Select(i => $"x-{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}], k{i}: v}}\n"));
        Write($"x-0: &a0 {{k: v}}\n{merges}services:\n  letta:\n    <<: [*a60, *a60]\n    image: letta/letta\n");
        Assert.Single(new ComposeWorld(_folder.Path).Pins("compose.yml"));

        var extends = string.Concat(Enumerable.Range(1, 30).Select(i => $"  s{i}: {{extends: s{i - 1}}}\n"));
        Write(string.Concat(Enumerable.Repeat($"services:\n  s0: {{image: letta/letta}}\n{extends}---\n", 2)));
        Assert.Equal("ExtendsNotFound", Assert.Throws<LettaException>(() => new ComposeWorld(_folder.Path).Pins("compose.yml")).ErrorId);
    }

    [Fact]
    public void The_preview_of_a_change_shows_no_secret()
    {
        Write("services:\n  letta:\n    environment:\n      OPENAI_API_KEY: sk-1\n    image: letta/letta:${V:-latest}\n  two:\n    image: letta/letta\n    environment: [LETTA_SERVER_PASSWORD=hunter2]\n", "A_KEY=sk-2\nV=latest\nB_KEY=sk-3\n");

        var previews = string.Concat(Plan(["letta", "two"]).Select(c => c.Preview));

        Assert.Contains("+V=0.16.8", previews, StringComparison.Ordinal);
        Assert.Contains("+    image: letta/letta:0.16.8", previews, StringComparison.Ordinal);
        Assert.DoesNotContain("sk-", previews, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", previews, StringComparison.Ordinal);
    }

    private LettaException Refused(string errorId, string compose, string? env = null, Dictionary<string, string>? process = null)
    {
        Write(compose, env);
        var e = Assert.Throws<LettaException>(() => new ComposeWorld(_folder.Path, process).Plan(s_target, force: true, "compose.yml"));
        Assert.Equal(errorId, e.ErrorId);
        Assert.NotNull(e.RecommendedAction);
        return e;
    }

    private IReadOnlyList<FileChange> Plan(string[] services, bool force = false, Func<string, PinTarget>? targets = null)
    {
        var world = new ComposeWorld(_folder.Path);
        var planner = new PinPlanner(ComposeWorld.Yaml, world.Reader, force);
        var pins = world.Pins("compose.yml").Where(u => services.Contains(u.Part.Service)).Select(u => (u, targets?.Invoke(u.Part.Service) ?? s_target));
        planner.Add(world.Project("compose.yml"), pins, e => throw e);
        return planner.Changes();
    }

    private void Write(string compose, string? env = null)
    {
        File.WriteAllText(_folder["compose.yml"], compose);
        if (env is not null)
        {
            File.WriteAllText(_folder[".env"], env);
        }
    }
}

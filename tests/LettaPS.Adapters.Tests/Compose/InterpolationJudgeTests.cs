using System.Text;
using LettaPS.Core.Compose.Model;
using LettaPS.Core.IO;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Compose;

/// <summary>Variables and env files mean here what they mean to docker compose.</summary>
public class InterpolationJudgeTests
{
    private static readonly string[] s_expressions =
    [
        "a", "$SET", "${SET}", "${UNSET}x", "${UNSET:-d}", "${UNSET-d}", "${EMPTY:-d}", "${EMPTY-d}x", "${SET:-d}", "${SET:+a}", "${SET+a}", "${EMPTY:+a}x", "${EMPTY+a}",
        "${UNSET:+a}x", "${SET:?m}", "${EMPTY?m}x", "${UNSET:-${EMPTY:-${SET}}}", "${UNSET:-a:-b}", "$$SET", "$SET:x", "$SET-y", "${UNSET:-${SET}${SET}}z", "${UNSET:-$SET}",
        "${QUOTED}", "${CHAIN}", "${LITERAL}", "${TWICE}", "${LATER:-none}", "${dotted}", "${EXPORTED}", "${YAML}", "${MULTI:-x}",
    ];

    private const string EnvFileText =
        "# comment\nSET=value # behind\nEMPTY=\nQUOTED=\"a # b\" # c\nCHAIN=${SET}-${UNSET:-d}-$QUOTED\nLITERAL='$SET'\nTWICE=1\nTWICE=2\nLATER=${NOTYET}\nNOTYET=1\n"
        + "  dotted  =  x  \nexport EXPORTED=e\nYAML: y\nMULTI=\"l\\tm\\$n\"\n\nUNTOUCHED\n";

    [Fact]
    public async Task Docker_compose_makes_the_same_of_every_expression()
    {
        await Needs.ComposeAsync();
        using var folder = new TempFolder();
        File.WriteAllText(folder[".env"], EnvFileText);
        File.WriteAllText(folder["compose.yml"], "services:\n" + string.Concat(s_expressions.Select((e, i) => $"  s{i:D2}:\n    image: '{e}'\n")));

        var judged = DockerCompose.Config(folder.Path, "compose.yml")["services"]!.AsObject().OrderBy(s => s.Key, StringComparer.Ordinal)
            .Select(s => Unescaped(s.Value!["image"]?.GetValue<string>() ?? ""));

        var world = new ComposeWorld(folder.Path);
        var ours = world.Project("compose.yml").Images.Select(i => i.ExpandedTemplate!.Text);
        Assert.Equal(s_expressions.Zip(judged), s_expressions.Zip(ours));
    }

    [Theory]
    [InlineData("A=1\r\nB='x'\r\nC=\"y\"\r\nD=\r\nE=5 #c\r\n")]
    [InlineData("\uFEFFA=1\n\n\n   # c\n\tB = 2\t\nC=a#b\nD= #c\nE=' a '\n")]
    [InlineData("A=\"l1\nl2\"\nB='l1\nl2'\nC=\"a\\\"b\"\nD='a\\'b'\nE=\"\\\\\"\n")]
    [InlineData("A=\"\\n\\t\\x\"\nB=a\\nb\nC=\"$A\"\nD='${A}'\nE=${B:-x}")]
    [InlineData("export A=1\nexportB=2\nC.D=3\nE-F=4\nG[0]=5\nH=a b  c  \n")]
    [InlineData("A=http://x:80/y?z=1&w=$B\nB=\"\"\nC=''\nD==\nE=a=b")]
    public async Task Docker_compose_reads_the_same_from_an_env_file(string text)
    {
        await Needs.ComposeAsync();
        using var folder = new TempFolder();
        File.WriteAllText(folder[".env"], text, new UTF8Encoding(false));
        File.WriteAllText(folder["compose.yml"], "services:\n  a:\n    image: x\n");
        var own = new ComposeEnvironment(_ => null, [TextFile.Read(folder[".env"])]);
        var names = own.Assignments.Select(a => a.Name).Distinct().ToList();

        File.WriteAllText(folder["compose.yml"], "services:\n  a:\n    image: x\n    labels:\n" + string.Concat(Names(names).Select(n => $"      L_{n}: '[${{{n}}}]'\n")));
        var judged = DockerCompose.Config(folder.Path, "compose.yml")["services"]!["a"]!["labels"]!.AsObject();

        Assert.NotEmpty(judged);
        Assert.All(Names(names), n => Assert.Equal(Unescaped(judged["L_" + n]!.GetValue<string>()), $"[{string.Concat(own.Find(n)!.Select(p => p.Text))}]"));

        static IEnumerable<string> Names(IEnumerable<string> all) => all.Where(n => n.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'));
    }

    [Theory]
    [InlineData("A B=1\n")]
    [InlineData("A\n\n=1")]
    [InlineData("A='1\nB=2\n")]
    [InlineData("A!=1\n")]
    [InlineData("A=1\nNAME_AT_THE_END_WITHOUT_A_LINE_END")]
    [InlineData("secret value without a name\n")]
    public async Task An_env_file_that_docker_compose_refuses_is_refused_without_showing_it(string text)
    {
        await Needs.ComposeAsync();
        using var folder = new TempFolder();
        File.WriteAllText(folder[".env"], text);
        File.WriteAllText(folder["compose.yml"], "services:\n  a:\n    image: letta/letta\n");
        Assert.False(DockerCompose.Accepts(folder.Path, "compose.yml"));

        var e = Assert.Throws<LettaException>(() => new ComposeWorld(folder.Path).Pins("compose.yml"));

        Assert.Equal("InvalidEnvFile", e.ErrorId);
        Assert.DoesNotContain("secret", e.Message, StringComparison.Ordinal);
    }

    /// <summary>Compose writes what could be read by compose again.</summary>
    private static string Unescaped(string text) => text.Replace("$$", "$", StringComparison.Ordinal);
}

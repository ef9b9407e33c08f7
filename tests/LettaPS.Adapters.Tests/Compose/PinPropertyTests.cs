using System.Text;
using CsCheck;
using LettaPS.Core.Compose.Rules;
using LettaPS.Core.IO;
using LettaPS.TestKit;

namespace LettaPS.Adapters.Tests.Compose;

public class PinPropertyTests
{
    private static readonly Gen<string> s_comment = Gen.OneOf(
        "# why", "#", "#\ttabs\there", "# image: letta/letta:latest", "# it's \"so\" { [ & * ! | > %", "# ünïcödé 😀", "# - a: b", "#--- ...");

    private static readonly Gen<string> s_noise = Gen.OneOf(s_comment.Array[0, 3].Select(c => string.Concat(c.Select(l => "§" + l + "¶"))), Gen.Const("¶"), Gen.Const(""));

    private static readonly Gen<string> s_repository = Gen.OneOf("letta/letta", "memgpt/letta", "registry:5000/letta/letta", "docker.io/letta/letta", "a-b.c/d_e/letta/letta");

    private static readonly Gen<(string Old, string New)> s_reference = Gen.Select(s_repository, Gen.OneOf(
        ("", ":0.16.8"), (":latest", ":0.16.8"), (":0.16.2", ":0.16.8"), (":nightly", ":0.16.8"), ("@sha256:" + new string('a', 64), ":0.16.8"),
        (":0.16.2@sha256:" + new string('b', 64), ":0.16.8"), (":${V:-latest}", ":${V:-0.16.8}"), (":${V-}", ":${V-0.16.8}"), (":${V}", ":${V:-0.16.8}"),
        (":${A:-${B:-latest}}", ":${A:-${B:-0.16.8}}"), ("${T:-:latest}", "${T:-:0.16.8}"))).Select((r, t) => (r + t.Item1, r + t.Item2));

    // The reference is put in at «», › is one step of indentation more, and what follows @ is put behind the value.
    private static readonly Gen<string> s_style = Gen.OneOf(
        " «»@", "   «»@", " '«»'@", " \"«»\"@", "\t\"«»\"@", " &here «»@", " !!str '«»'@", " &a !!str «»@", " >-¶§››«»", " |-¶§›››«»", " >-@¶¶§››«»", "¶§››«»@", "¶§›# c¶¶§››'«»'@");

    private static readonly Gen<string> s_trail = Gen.OneOf(Gen.Const(""), Gen.Const("  "), Gen.Const("\t"), s_comment.Select(c => " " + c), s_comment.Select(c => "\t" + c));

    private static readonly Gen<string> s_key = Gen.OneOf("image:", "\"image\":", "'image':", "image :", "? image¶§:");

    private static readonly Gen<string> s_above = Gen.OneOf(
        "", "§hostname: letta¶", "§environment:¶§›- A=letta/letta:latest¶§›# c¶§›- 'B=1'¶", "§x-text:¶§›a: |¶§››image: letta/letta:latest¶¶§››# no comment¶§›b: >¶§››folded¶");

    private static readonly Gen<string> s_below = Gen.OneOf(
        "", "§labels: {a: 'letta/letta:latest', \"b\": [x, y]}¶", "§command: [\"./letta/server/startup.sh\"]¶", "§labels:¶§›- \"letta/letta:latest\"¶");

    private static readonly Gen<(string Before, string After)> s_file =
        from step in Gen.Int[1, 6]
        from end in Gen.OneOf("\n", "\r\n")
        from mark in Gen.OneOf("", "\uFEFF")
        from head in s_noise
        from between in s_noise
        from above in s_above
        from key in s_key
        from style in s_style
        from reference in s_reference
        from trail in s_trail
        from below in s_below
        from tail in s_noise
        select Render(step, end, mark, head, between, above, key, style, reference, trail, below, tail);

    [Fact]
    public void Comments_quotes_indentation_and_line_ends_survive_whatever_they_are()
    {
        using var folder = new TempFolder();
        s_file.Sample(
            file =>
            {
                File.WriteAllText(folder["compose.yml"], file.Before);

                SafeFileReplace.Replace(Assert.Single(new ComposeWorld(folder.Path).Plan(PinCorpus.Target, force: false, "compose.yml")), backup: false);

                Assert.Equal(Encoding.UTF8.GetBytes(file.After), File.ReadAllBytes(folder["compose.yml"]));
            },
            iter: 2000,
            threads: 1);
    }

    [Fact]
    public void The_diff_of_a_pin_is_what_leads_from_the_old_text_to_the_new()
    {
        using var folder = new TempFolder();
        s_file.Sample(
            file =>
            {
                File.WriteAllText(folder["compose.yml"], file.Before);

                var change = Assert.Single(new ComposeWorld(folder.Path).Plan(PinCorpus.Target, force: false, "compose.yml"));

                Assert.Equal(change.After.Text, Patch.Apply(change.Before.Text, change.Diff));
            },
            iter: 300,
            threads: 1);
    }

    [Fact]
    public void A_damaged_file_is_read_or_refused_but_never_half_read()
    {
        using var folder = new TempFolder();
        byte[][] seeds = [.. PinCorpus.Cases.Select(c => c.Data).Select(c => File.ReadAllBytes(Directory.GetFiles(PinCorpus.Folder(c, "before"), "*compose*.yml")[0]))];
        Gen.Select(Gen.OneOf(seeds), Gen.Select(Gen.Int[0, 4000], Gen.Byte, Gen.Int[0, 3]).Array[1, 6]).Sample(
            (seed, damages) =>
            {
                List<byte> bytes = [.. seed];
                foreach (var (at, value, kind) in damages)
                {
                    var index = at % (bytes.Count + 1);
                    if (kind == 0 || index == bytes.Count)
                    {
                        bytes.Insert(index, value);
                    }
                    else if (kind == 1)
                    {
                        bytes[index] = value;
                    }
                    else if (kind == 2)
                    {
                        bytes.RemoveAt(index);
                    }
                    else
                    {
                        bytes.InsertRange(index, bytes.Slice(index, Math.Min(40, bytes.Count - index)));
                    }
                }

                File.WriteAllBytes(folder["compose.yml"], [.. bytes]);
                var world = new ComposeWorld(folder.Path);
                try
                {
                    foreach (var change in world.Plan(PinCorpus.Target, force: false, "compose.yml"))
                    {
                        Assert.Equal(change.After.Text, Patch.Apply(change.Before.Text, change.Diff));
                    }

                    ComposeAudit.Examine(world.Project("compose.yml"), world.Reader);
                }
                catch (LettaException)
                {
                    // Refused, which is as good.
                }

                Assert.Equal([.. bytes], File.ReadAllBytes(folder["compose.yml"]));
            },
            iter: 3000,
            threads: 1);
    }

    private static (string Before, string After) Render(
        int step, string end, string mark, string head, string between, string above, string key, string style, (string Old, string New) reference, string trail, string below, string tail)
    {
        var value = style.Replace("@", trail, StringComparison.Ordinal);
        var service = above + "§" + key + value + "¶" + between + below;
        var text = mark + head.Replace("§", "", StringComparison.Ordinal) + "services:¶" + Indented(head, step) + Spaces(step) + "letta:¶" + Indented(service, 2 * step) + Indented(tail, step);
        var file = text.Replace("›", Spaces(step), StringComparison.Ordinal).Replace("¶", end, StringComparison.Ordinal);
        return (file.Replace("«»", reference.Old, StringComparison.Ordinal), file.Replace("«»", reference.New, StringComparison.Ordinal));

        static string Indented(string lines, int width) => lines.Replace("§", Spaces(width), StringComparison.Ordinal);

        static string Spaces(int width) => new(' ', width);
    }
}

using LettaPS.Core.Text;

namespace LettaPS.Core.Tests.Compose;

public class UnifiedDiffTests
{
    [Fact]
    public void A_changed_line_is_shown_with_three_lines_around_it() => Assert.Equal(
        """
        --- f
        +++ f
        @@ -2,7 +2,7 @@
         2
         3
         4
        -5
        +five
         6
         7
         8
        """,
        UnifiedDiff.Make("f", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n"));

    [Fact]
    public void Changes_far_apart_are_shown_apart_and_near_ones_together()
    {
        var old = Enumerable.Range(1, 40).Select(i => $"{i}\n").ToList();
        List<string> @new = [.. old];
        (@new[2], @new[6], @new[30]) = ("a\n", "b\n", "c\n");

        var diff = UnifiedDiff.Make("f", string.Concat(old), string.Concat(@new));

        Assert.Equal(["@@ -1,10 +1,10 @@", "@@ -28,7 +28,7 @@"], diff.Split('\n').Where(l => l.StartsWith("@@", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_missing_line_end_is_said() => Assert.Equal(
        "--- f\n+++ f\n@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file", UnifiedDiff.Make("f", "a", "b"));

    [Fact]
    public void Lines_that_come_and_go_are_counted() => Assert.Equal(
        "--- f\n+++ f\n@@ -2,0 +3,1 @@\n+x\n@@ -4,1 +4,0 @@\n-4", UnifiedDiff.Make("f", "1\n2\n3\n4\n5\n", "1\n2\nx\n3\n5\n", context: 0));

    [Fact]
    public void Equal_texts_have_no_diff() => Assert.Empty(UnifiedDiff.Make("f", "a\n", "a\n"));
}

using LettaPS.Core.Compose.Model;

namespace LettaPS.Core.Tests.Compose;

public class ComposeTemplateTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("$SET ${SET}", "value value")]
    [InlineData("${UNSET}$UNSET", "")]
    [InlineData("${UNSET:-d} ${UNSET-d} ${EMPTY:-d} ${EMPTY-d}", "d d d ")]
    [InlineData("${SET:-d} ${SET-d}", "value value")]
    [InlineData("${SET:+a} ${SET+a} ${EMPTY:+a} ${EMPTY+a} ${UNSET:+a} ${UNSET+a}", "a a  a  ")]
    [InlineData("${SET:?m} ${SET?m} ${EMPTY?m}", "value value ")]
    [InlineData("${UNSET:-${EMPTY:-${SET}}}", "value")]
    [InlineData("${UNSET:-a:-b}", "a:-b")]
    [InlineData("a$$b $${SET}", "a$b ${SET}")]
    [InlineData("$SET:x $SET-y", "value:x value-y")]
    [InlineData("${UNSET:-{}}", "{}")]
    public void Variables_are_put_in_as_compose_does(string text, string expected) =>
        Assert.Equal(expected, ComposeTemplate.TryParse(text)!.Expand(new Variables()).Text);

    [Theory]
    [InlineData("$")]
    [InlineData("$1")]
    [InlineData("${}")]
    [InlineData("${A")]
    [InlineData("${A!b}")]
    [InlineData("${A:-${B}")]
    public void What_compose_refuses_is_no_template(string text) => Assert.Null(ComposeTemplate.TryParse(text));

    [Fact]
    public void Templates_nest_only_so_deep()
    {
        var deep = string.Concat(Enumerable.Repeat("${A:-", 10_000)) + new string('}', 10_000);

        Assert.Null(ComposeTemplate.TryParse(deep));
    }

    [Theory]
    [InlineData("${UNSET:?say so}", "UNSET")]
    [InlineData("${EMPTY:?}", "EMPTY")]
    [InlineData("${UNSET?}", "UNSET")]
    [InlineData("${EMPTY?}", null)]
    public void A_required_variable_that_is_missing_is_named(string text, string? missing) =>
        Assert.Equal(missing, ComposeTemplate.TryParse(text)!.Expand(new Variables()).MissingVariable);

    [Theory]
    [InlineData("letta/letta:${UNSET:-latest}", 12, 18, nameof(TemplateSegmentKind.Text), 21)]
    [InlineData("letta/letta:latest", 12, 18, nameof(TemplateSegmentKind.Text), 12)]
    [InlineData("letta/letta:${UNSET}", 12, 12, nameof(TemplateSegmentKind.Unset), 12)]
    [InlineData("letta/letta:${UNSET:-}", 12, 12, nameof(TemplateSegmentKind.Text), 21)]
    [InlineData("letta/letta", 11, 11, nameof(TemplateSegmentKind.Text), 11)]
    [InlineData("${UNSET:-letta/letta}", 11, 11, nameof(TemplateSegmentKind.Text), 20)]
    [InlineData("letta/letta:${SET}", 12, 17, nameof(TemplateSegmentKind.Environment), 0)]
    public void A_range_of_the_result_leads_back_to_where_it_stands(string text, int start, int end, string kind, int position)
    {
        var (piece, offset) = ComposeTemplate.TryParse(text)!.Expand(new Variables()).Locate(start, end)!.Value;

        Assert.Equal((kind, position), (piece.Kind.ToString(), piece.Start + offset));
    }

    [Fact]
    public void A_range_put_together_from_several_leads_nowhere() =>
        Assert.Null(ComposeTemplate.TryParse("letta/letta:${UNSET:-0}.${UNSET:-16}")!.Expand(new Variables()).Locate(12, 16));

    [Fact]
    public void All_variables_are_known_those_in_defaults_too() =>
        Assert.Equal(["A", "B", "C"], ComposeTemplate.TryParse("$A ${B:-x${C}}")!.Variables);

    private sealed class Variables : IVariableResolver
    {
        public IReadOnlyList<TemplateSegment>? Find(string name) => name switch
        {
            "SET" => [new(TemplateSegmentKind.Environment, "value", 0, 0, null, name)],
            "EMPTY" => [new(TemplateSegmentKind.Environment, "", 0, 0, null, name)],
            _ => null,
        };
    }
}

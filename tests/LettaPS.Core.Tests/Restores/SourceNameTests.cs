using LettaPS.Core.Restores.Api;

namespace LettaPS.Core.Tests.Restores;

public class SourceNameTests
{
    [Theory]
    [InlineData("manuals", "manuals", true)]
    [InlineData("manuals_0123abcd", "manuals", true)]
    [InlineData("manuals_0123abcd", "manuals_0123abcd", true)]
    [InlineData("manuals_appendix", "manuals", false)]
    [InlineData("manuals_0123ABCD", "manuals", false)]
    [InlineData("manuals_0123abc", "manuals", false)]
    [InlineData("manual", "manuals", false)]
    [InlineData("_0123abcd", "", false)]
    public void A_name_is_known_again_with_what_was_put_behind_it(string shown, string name, bool expected) => Assert.Equal(expected, UniqueSourceName.IsOf(shown, name));

    [Theory]
    [InlineData("manuals")]
    [InlineData("manuals_0123abcd")]
    public void Another_name_is_of_the_same_source_and_no_second_time_the_same(string name)
    {
        var other = UniqueSourceName.Another(name);

        Assert.NotEqual(name, other);
        Assert.Equal(name, UniqueSourceName.Own(other));
        Assert.NotEqual(other, UniqueSourceName.Another(name));
    }
}

using LettaPS.Core.Text;

namespace LettaPS.Core.Tests;

public class AgeTextTests
{
    [Theory]
    [InlineData(-5, "0 minutes")]
    [InlineData(0.9, "0 minutes")]
    [InlineData(1, "1 minute")]
    [InlineData(119.9, "119 minutes")]
    [InlineData(120, "2 hours")]
    [InlineData(2879, "47 hours")]
    [InlineData(2880, "2 days")]
    public void An_age_is_said_in_whole_units(double minutes, string words) => Assert.Equal(words, AgeFormatter.Of(TimeSpan.FromMinutes(minutes)));
}

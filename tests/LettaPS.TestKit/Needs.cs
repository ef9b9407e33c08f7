using Xunit;

namespace LettaPS.TestKit;

/// <summary>Skips a test, in words, where the machine lacks what it needs; CI sets LETTAPS_REQUIRE_ALL so that nothing is skipped unseen.</summary>
public static class Needs
{
    /// <summary>Skips or fails the test.</summary>
    /// <param name="what">What is missing and how to get it.</param>
    public static void Missing(string what)
    {
        if (Environment.GetEnvironmentVariable("LETTAPS_REQUIRE_ALL") == "1")
        {
            Assert.Fail("Must not be skipped here: " + what);
        }

        Assert.Skip(what);
    }
}

using LettaPS.TestKit;

namespace LettaPS.Tests;

/// <summary>Part of every test project.</summary>
public sealed class FixtureConventionTests
{
    [Fact]
    public void A_fixture_that_starts_something_keeps_its_skip_for_the_tests()
    {
        var fixtures = typeof(FixtureConventionTests).Assembly.GetTypes()
            .SelectMany(type => type.GetInterfaces())
            .Where(i => i.IsGenericType && (i.GetGenericTypeDefinition() == typeof(IClassFixture<>) || i.GetGenericTypeDefinition() == typeof(ICollectionFixture<>)))
            .Select(i => i.GenericTypeArguments[0])
            .Where(typeof(IAsyncLifetime).IsAssignableFrom);

        Assert.DoesNotContain(fixtures, fixture => !IsShared(fixture));
    }

    private static bool IsShared(Type? type) => type is not null && (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(SharedFixture<>) || IsShared(type.BaseType));
}

using LettaPS.Core.Text;

namespace LettaPS.Core.Tests.AgentTables;

public class PgVectorTests
{
    [Fact]
    public void A_vector_comes_back_to_the_bit()
    {
        float[] numbers = [1f / 3, -0f, float.Epsilon, float.MaxValue, -1.5f];
        byte[] elements = [.. numbers.SelectMany(BitConverter.GetBytes)];

        var sent = PgVector.FromLittleEndian(elements);

        Assert.Equal([0, 5, 0, 0, 0x3E, 0xAA, 0xAA, 0xAB], sent[..8]);
        Assert.Equal(elements, PgVector.ToLittleEndian(sent));
        Assert.Equal(elements, PgVector.ToFloats(sent).SelectMany(BitConverter.GetBytes));
    }

    [Theory]
    [InlineData("vector", true)]
    [InlineData("vector(1536)", true)]
    [InlineData("vectors", false)]
    [InlineData("halfvec(3)", false)]
    public void Its_types_are_known(string type, bool isOne) => Assert.Equal(isOne, PgVector.IsType(type));
}

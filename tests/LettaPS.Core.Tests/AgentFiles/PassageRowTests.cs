using System.Globalization;
using CsCheck;
using LettaPS.Core.AgentFiles;

namespace LettaPS.Core.Tests.AgentFiles;

public class PassageRowTests
{
    [Fact]
    public void A_vector_comes_back_exact_to_the_bit_with_its_padding() =>
        Gen.Select(Gen.Float.Where(float.IsFinite).Array[0, 40], Gen.Int[0, 20]).Sample(t =>
        {
            var vector = t.Item1.Concat(new float[t.Item2]).ToArray();
            var numbers = string.Join(',', vector.Select(f => ((double)f).ToString("R", CultureInfo.InvariantCulture)));

            var row = Fixture.Parse(System.Text.Encoding.UTF8.GetString(PassageRow.FromApi(Fixture.Parse($$"""{"id":"p","embedding":[{{numbers}}]}""")).Span));

            Assert.Equal(vector.Select(BitConverter.SingleToInt32Bits), PassageRow.ReadVector(row)!.Select(BitConverter.SingleToInt32Bits));
        });

    [Fact]
    public void A_vector_that_does_not_fit_32_bits_stays_as_it_is()
    {
        var row = Fixture.Parse(System.Text.Encoding.UTF8.GetString(PassageRow.FromApi(Fixture.Parse("""{"embedding":[0.1,0.2]}""")).Span));

        Assert.Equal("[0.1,0.2]", row.GetProperty("embedding").GetRawText());
    }
}

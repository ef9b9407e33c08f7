using LettaPS.Core.Schemas.Model;

namespace LettaPS.Core.Tests.Schemas;

public class SqlTests
{
    [Theory]
    [InlineData("messages", "\"messages\"")]
    [InlineData("a\"; DROP TABLE agents; --", "\"a\"\"; DROP TABLE agents; --\"")]
    public void A_name_can_be_nothing_else(string name, string expected) => Assert.Equal(expected, Sql.Id(name));

    [Theory]
    [InlineData("it's", "'it''s'")]
    [InlineData("a\\'; DROP TABLE agents; --", "E'a\\\\''; DROP TABLE agents; --'")]
    public void A_value_can_be_nothing_else(string value, string expected) => Assert.Equal(expected, Sql.Literal(value));

    [Theory]
    [InlineData("nextval('message_seq_id'::regclass)", "message_seq_id")]
    [InlineData("nextval('\"odd\"\"name\"'::regclass)", "odd\"name")]
    [InlineData("now()", null)]
    [InlineData("nextval('a'::regclass) + 1", null)]
    [InlineData(null, null)]
    public void The_sequence_of_a_default_is_found(string? expression, string? expected) => Assert.Equal(expected, Sql.SequenceOf(expression));

    [Theory]
    [InlineData("character varying(255)", true)]
    [InlineData("timestamp with time zone", true)]
    [InlineData("text; DROP TABLE agents", false)]
    [InlineData("vectordbprovider", false)]
    public void Only_PostgreSQL_s_own_types_are_written_as_they_are(string type, bool isBuiltIn) => Assert.Equal(isBuiltIn ? type : null, Sql.BuiltInType(type));
}

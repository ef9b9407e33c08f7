using System.Text;
using LettaPS.Core.AgentTables;

namespace LettaPS.Core.Tests.AgentTables;

public class McpEnvironmentTests
{
    [Theory]
    [InlineData("""{"command": "mcp", "env": {"KEY": "secret", "b": "secret"}}""", """{"command":"mcp","env":{"KEY":null,"b":null}}""")]
    [InlineData("""{"env": {"KEY": "secret", "KEY": "secret"}, "env": {"KEY": "secret"}, "a": 1, "a": 2}""", """{"env":{"KEY":null},"a":2}""")]
    public void No_value_of_the_environment_is_left(string config, string without) => Assert.Equal(without, McpEnvironment.Without(Encoding.UTF8.GetBytes(config)));

    [Theory]
    [InlineData("""{"command":  "mcp"}""")]
    [InlineData("""{"env":  {}}""")]
    [InlineData("""[ "env" ]""")]
    public void What_has_no_environment_stays_as_it_is(string config) => Assert.Equal(config, McpEnvironment.Without(Encoding.UTF8.GetBytes(config)));
}

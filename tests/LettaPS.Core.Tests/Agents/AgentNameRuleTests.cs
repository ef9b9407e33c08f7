using LettaPS.Core.Agents;

namespace LettaPS.Core.Tests.Agents;

public class AgentNameRuleTests
{
    /// <summary>What real servers of 0.16.2 and 0.16.8 answered to exports of agents of these names (letta-facts.md 10.2).</summary>
    [Theory]
    [InlineData("Memo", true)]
    [InlineData("O'Neill 3_4-5", true)]
    [InlineData("日本 Ünï", true)]
    [InlineData("AI/ML Expert", false)]
    [InlineData("Dr. No", false)]
    [InlineData("Tom & Jerry", false)]
    [InlineData("Agent (2)", false)]
    [InlineData("Robot 🤖", false)]
    [InlineData("𝕬𝖌𝖊𝖓𝖙 ²", true)]
    [InlineData("Memo\n", true)]
    [InlineData("\ud835", false)]
    [InlineData("tab\there", false)]
    [InlineData("", false)]
    public void A_name_is_allowed_as_Letta_allows_it(string name, bool allowed) => Assert.Equal(allowed, AgentNameRule.Allows(name));

    [Theory]
    [InlineData("agent-10418b8d-37a5-4923-8f70-69ccc58d66ff", true)]
    [InlineData("mcp_server-10418b8d-37a5-4923-8f70-69ccc58d66ff", true)]
    [InlineData("agent-10418b8d-37a5-1923-8f70-69ccc58d66ff", false)]
    [InlineData("agent-10418b8d-37a5-4923-cf70-69ccc58d66ff", false)]
    [InlineData("agent-10418B8D-37a5-4923-8f70-69ccc58d66ff", false)]
    [InlineData("agent-1", false)]
    public void An_id_is_accepted_as_Letta_accepts_it(string id, bool accepted) => Assert.Equal(accepted, AgentNameRule.IsStrictId(id));
}

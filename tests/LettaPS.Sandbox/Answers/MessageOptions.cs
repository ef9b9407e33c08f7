namespace LettaPS.Sandbox.Answers;

/// <summary>How rows become LettaMessages.</summary>
/// <param name="UseAssistantMessage">Whether calls of the message tool appear as assistant messages and their returns not at all.</param>
/// <param name="ToolName">The message tool.</param>
/// <param name="Argument">Its argument that holds the text.</param>
/// <param name="TextIsAssistant">Whether text beside tool calls is what the agent says (letta_v1_agent) or thinks (all before).</param>
internal sealed record MessageOptions(
    bool UseAssistantMessage = true, string ToolName = "send_message", string Argument = "message", bool TextIsAssistant = false);

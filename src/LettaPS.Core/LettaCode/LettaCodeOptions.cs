namespace LettaPS.Core.LettaCode;

/// <summary>How agents are converted.</summary>
internal sealed record LettaCodeOptions
{
    /// <summary>The handle of the model; <see langword="null"/> for the first that the client has.</summary>
    public string? Model { get; init; }

    /// <summary>Which system prompt the agents get.</summary>
    public LettaCodeSystemPrompt SystemPrompt { get; init; }

    /// <summary>Whether the user's environment has a key of Letta's cloud, with which the client may take the cloud's agents for meant.</summary>
    public bool HasCloudKey { get; init; }

    /// <summary>Whether an agent that is there is replaced.</summary>
    public bool Force { get; init; }
}

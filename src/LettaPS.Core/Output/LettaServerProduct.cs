namespace LettaPS;

/// <summary>The product that a container runs.</summary>
public enum LettaServerProduct
{
    /// <summary>The V1 server.</summary>
    V1,

    /// <summary>Letta Code in the place of a V1 server: the container is set up for V1, but its image has become Letta Code.</summary>
    LettaCode,

    /// <summary>An App Server of Letta Code, or another use of it that is right as it is.</summary>
    AppServer,
}

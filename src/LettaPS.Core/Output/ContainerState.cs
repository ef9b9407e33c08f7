namespace LettaPS;

/// <summary>What a container is doing, in the engine's own words.</summary>
public enum ContainerState
{
    /// <summary>A state that this version of LettaPS does not know.</summary>
    Unknown,

    /// <summary>Made, never started.</summary>
    Created,

    /// <summary>Its main process runs.</summary>
    Running,

    /// <summary>Frozen.</summary>
    Paused,

    /// <summary>Its main process ended and the engine is about to start it again.</summary>
    Restarting,

    /// <summary>Being removed.</summary>
    Removing,

    /// <summary>Its main process ended.</summary>
    Exited,

    /// <summary>It could not be removed.</summary>
    Dead,
}

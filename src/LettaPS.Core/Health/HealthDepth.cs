namespace LettaPS.Core.Health;

/// <summary>How much of a server is examined.</summary>
internal enum HealthDepth
{
    /// <summary>Container, network, API and tables, and the age of the backups where it is said where they are: the database itself is not connected to.</summary>
    Quick,

    /// <summary>All layers, without what takes time: no endpoint is tried, no message read, no file of a backup hashed.</summary>
    Normal,

    /// <summary>Everything.</summary>
    Deep,
}

namespace LettaPS;

/// <summary>The layers of a Letta server, each resting on ones before it.</summary>
public enum LettaHealthLayer
{
    /// <summary>The container that runs the server.</summary>
    Container,

    /// <summary>The way to the server's port.</summary>
    Network,

    /// <summary>What answers there.</summary>
    Api,

    /// <summary>Whether the server can read its tables, asked through the API.</summary>
    Tables,

    /// <summary>PostgreSQL and the database as a whole.</summary>
    Database,

    /// <summary>Tables, columns, defaults and sequences against those that the release expects.</summary>
    Schema,

    /// <summary>Agents that a release refuses or that cannot go on.</summary>
    Agents,

    /// <summary>Where the models of the agents are.</summary>
    Models,

    /// <summary>Secrets that the release cannot read.</summary>
    Secrets,

    /// <summary>Backups on disk.</summary>
    Backups,
}

namespace LettaPS;

/// <summary>Where agents are read from.</summary>
public enum LettaAgentSource
{
    /// <summary>The database where one is known to be the server's and can be reached, since that loses nothing; else the API.</summary>
    Auto,

    /// <summary>The server's API.</summary>
    Api,

    /// <summary>The server's database. The server need not answer.</summary>
    Database,
}

namespace LettaPS.Core.Databases;

/// <summary>Opens databases and programs. Nothing is connected or started before the first use.</summary>
internal interface IDatabaseAdapters
{
    /// <summary>Opens a PostgreSQL server for work on whole databases.</summary>
    /// <param name="address">Where it is, with a role that may make databases.</param>
    IDatabaseCluster OpenCluster(DatabaseAddress address);

    /// <summary>Opens PostgreSQL's programs of this machine: the newest that are installed.</summary>
    /// <param name="address">The server that they connect to.</param>
    IPostgresTools OpenPrograms(DatabaseAddress address);
}

namespace LettaPS.Core.Databases;

/// <summary>Names of databases for PostgreSQL's programs.</summary>
internal static class ConnectionText
{
    /// <summary>A connection string that names a database. Given bare, a name with an equals sign would be read as such a string itself.</summary>
    /// <param name="database">Name of the database.</param>
    public static string Of(string database) => $"dbname='{database.Replace(@"\", @"\\", StringComparison.Ordinal).Replace("'", @"\'", StringComparison.Ordinal)}'";
}

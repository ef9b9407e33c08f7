namespace LettaPS.Core.Databases;

/// <summary>Where a PostgreSQL database is and how to get in. It carries the password and is never shown: <see cref="ToString"/> leaves it out.</summary>
/// <param name="Host">Host name or address.</param>
/// <param name="Port">TCP port.</param>
/// <param name="Database">Name of the database.</param>
/// <param name="User">Role to connect as.</param>
/// <param name="Password">The role's password; <see langword="null"/> where none is needed.</param>
public sealed record DatabaseAddress(string Host, int Port, string Database, string User, string? Password)
{
    /// <summary>Reads an address of the form that Letta takes: <c>postgresql://user:password@host:5432/database</c>.</summary>
    /// <param name="uri">The address. A driver's name in the scheme (<c>postgresql+asyncpg</c>) and parameters behind a question mark do not matter here.</param>
    /// <exception cref="LettaException"><c>InvalidDatabaseUri</c>.</exception>
    public static DatabaseAddress Parse(string uri)
    {
        ArgumentNullException.ThrowIfNull(uri);
        if (!Uri.TryCreate(uri, UriKind.Absolute, out var parsed)
            || parsed.Scheme.Split('+')[0] is not ("postgresql" or "postgres")
            || parsed.Host.Length == 0
            || parsed.AbsolutePath.Trim('/').Length == 0)
        {
            // The text itself may hold a password.
            throw new LettaException(
                "InvalidDatabaseUri",
                LettaErrorKind.InvalidInput,
                "The address of the database is not of the form postgresql://user:password@host:5432/database.",
                "Check LETTA_PG_URI; in a password, the characters / : @ ? # and % are written as %2F %3A %40 %3F %23 and %25.");
        }

        var credentials = parsed.UserInfo.Split(':', 2);
        var user = Uri.UnescapeDataString(credentials[0]);
        return new DatabaseAddress(
            parsed.Host.Trim('[', ']'),
            parsed.IsDefaultPort ? 5432 : parsed.Port,
            Uri.UnescapeDataString(parsed.AbsolutePath.Trim('/')),
            user.Length > 0 ? user : "letta",
            credentials.Length == 2 ? Uri.UnescapeDataString(credentials[1]) : null);
    }

    /// <summary>The address as Letta's <c>LETTA_PG_URI</c> takes it, with the password. Never log, print or store it.</summary>
    public string RevealUri()
    {
        var credentials = Password is null ? Uri.EscapeDataString(User) : $"{Uri.EscapeDataString(User)}:{Uri.EscapeDataString(Password)}";
        return $"postgresql://{credentials}@{Host}:{Port}/{Uri.EscapeDataString(Database)}";
    }

    /// <summary>Database, host and port.</summary>
    public override string ToString() => $"{Database} at {Host}:{Port}";
}

namespace LettaPS.Core.Connections;

/// <summary>
/// What LettaPS sets in each of its sessions, whatever the role, the database and the server have set: nothing ends a session that works or holds a lock,
/// and nothing but the server itself makes it read-only.
/// </summary>
internal static class SessionSettings
{
    private static readonly (string Name, string Value, int Since)[] s_all =
    [
        ("statement_timeout", "0", 0),
        ("lock_timeout", "0", 0),
        ("idle_in_transaction_session_timeout", "0", 0),
        ("default_transaction_read_only", "off", 0),
        ("idle_session_timeout", "0", 14),
        ("transaction_timeout", "0", 17),
    ];

    /// <summary>The settings that a server knows.</summary>
    /// <param name="major">Major version of PostgreSQL: 17.</param>
    public static IEnumerable<(string Name, string Value)> Of(int major) => s_all.Where(s => s.Since <= major).Select(s => (s.Name, s.Value));

    /// <summary>The list of a SELECT that makes them.</summary>
    /// <param name="major">Major version of PostgreSQL.</param>
    public static string Sql(int major) => string.Join(", ", Of(major).Select(s => $"set_config('{s.Name}', '{s.Value}', false)"));

    /// <summary>The same as <c>PGOPTIONS</c> has them, for programs.</summary>
    /// <param name="major">Major version of PostgreSQL.</param>
    public static string ProgramOptions(int major) => string.Join(' ', Of(major).Select(s => $"-c {s.Name}={s.Value}"));
}

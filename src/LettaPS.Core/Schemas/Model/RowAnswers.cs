namespace LettaPS.Core.Schemas.Model;

/// <summary>The keys under which a snapshot holds what was asked of the rows, and the columns of secrets that are asked about.</summary>
internal static class RowAnswers
{
    public const string HighestSequenceId = "highest sequence_id";
    public const string Messages = "messages at risk and damaged";
    public const string MessagesCurable = "messages curable";
    public const string Encrypted = "encrypted";

    /// <summary>The columns of secrets: table, the plain column, the one that 0.16 reads instead.</summary>
    public static IReadOnlyList<(string Table, string Plain, string Encrypted)> Secrets { get; } =
    [
        ("providers", "api_key", "api_key_enc"),
        ("providers", "access_key", "access_key_enc"),
        ("mcp_server", "token", "token_enc"),
        ("mcp_server", "custom_headers", "custom_headers_enc"),
        ("mcp_oauth", "authorization_code", "authorization_code_enc"),
        ("mcp_oauth", "access_token", "access_token_enc"),
        ("mcp_oauth", "refresh_token", "refresh_token_enc"),
        ("mcp_oauth", "client_secret", "client_secret_enc"),
        ("sandbox_environment_variables", "value", "value_enc"),
    ];

    public static string NextOf(string sequence) => $"next of {sequence}";

    public static string HasNulls(string table, string column) => $"nulls in {table}.{column}";

    public static string HasRows(string table) => $"rows in {table}";

    public static string HasDuplicates(string table, IEnumerable<string> columns) => $"duplicates in {table} {string.Join(',', columns)}";

    public static string HasOrphans(string table, SchemaForeignKey key) => $"orphans in {table} {key.Name}";

    public static string SecretCount(string table, string plain) => $"secrets in {table}.{plain}";

    /// <summary>The condition for rows whose secret is in the old column only.</summary>
    public static string HasUnreadSecret(string plain, string encrypted) =>
        $"coalesce({Sql.Id(plain)}::text, '') NOT IN ('', 'null') AND {Sql.Id(encrypted)} IS NULL";
}

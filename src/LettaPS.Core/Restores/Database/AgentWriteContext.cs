using System.Globalization;
using LettaPS.Core.AgentFiles.Reading;

namespace LettaPS.Core.Restores.Database;

/// <summary>The writing of one agent while it is under way. Its notes are temporary tables of the transaction.</summary>
/// <param name="target">The database.</param>
/// <param name="staging">What the file holds.</param>
/// <param name="options">How.</param>
/// <param name="path">The file.</param>
internal sealed class AgentWriteContext(RestoreTarget target, RowStaging staging, IDatabaseTransaction transaction, RowWriteOptions options, string path)
{
    /// <summary>Old and new identifiers, where they differ.</summary>
    public const string Ids = "pg_temp.lettaps_ids";

    /// <summary>What of the file is in the database already, by its identifier in the file.</summary>
    public const string There = "pg_temp.lettaps_there";

    /// <summary>What the backup's agents and shared things became.</summary>
    public const string Known = "pg_temp.lettaps_known";

    /// <summary>Old and new numbers of messages.</summary>
    public const string Numbers = "pg_temp.lettaps_numbers";

    public RestoreTarget Target => target;

    public RowStaging Staging => staging;

    public IDatabaseTransaction Transaction => transaction;

    public RowWriteOptions Options => options;

    /// <summary>Whether any identifier changes.</summary>
    public bool Mapped { get; set; }

    /// <summary>Whether messages get new numbers.</summary>
    public bool Renumbered { get; set; }

    /// <summary>What is not there.</summary>
    public List<string> Gaps { get; } = [.. staging.Gaps];

    /// <summary>What was done otherwise.</summary>
    public List<string> Warnings { get; } = [.. staging.Warnings];

    /// <summary>The tables of the file that have a role, in the order in which rows can be inserted.</summary>
    public IEnumerable<StagedTable> Staged(params TableRole[] roles) => TableRule.All.Where(r => roles.Contains(r.Role)).Select(r => staging.Find(r.Table)).OfType<StagedTable>();

    /// <summary>The one number that a query gives.</summary>
    public async Task<long> NumberOfAsync(string sql, CancellationToken cancellationToken, params string?[] parameters) =>
        long.Parse((await transaction.QueryAsync(sql, cancellationToken, parameters).ConfigureAwait(false))[0][0]!, CultureInfo.InvariantCulture);

    /// <summary>The error that the file is not what it must be.</summary>
    public LettaException Invalid(string problem) => AgentFileReader.Invalid(path, problem, null);

    public async Task MapAsync(IEnumerable<(string Old, string New)> pairs, CancellationToken cancellationToken)
    {
        var map = pairs.Where(p => p.Old != p.New).ToDictionary(p => p.Old, p => p.New);
        if (map.Count > 0)
        {
            await transaction.ExecuteAsync(
                $"INSERT INTO {Ids} SELECT key, value FROM json_each_text($1::json) ON CONFLICT DO NOTHING", cancellationToken, System.Text.Json.JsonSerializer.Serialize(map)).ConfigureAwait(false);
        }
    }

    public Task<long> ThereAsync(IEnumerable<string> ids, CancellationToken cancellationToken) => transaction.ExecuteAsync(
        $"INSERT INTO {There} SELECT json_array_elements_text($1::json) ON CONFLICT DO NOTHING", cancellationToken, System.Text.Json.JsonSerializer.Serialize(ids));
}

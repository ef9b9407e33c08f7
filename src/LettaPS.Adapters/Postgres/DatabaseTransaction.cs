using System.Globalization;
using System.Text.RegularExpressions;
using LettaPS.Core.Restores.Database;
using Npgsql;

namespace LettaPS.Adapters.Postgres;

/// <summary>A transaction that writes an agent, on a connection of its own.</summary>
internal sealed partial class DatabaseTransaction : IDatabaseTransaction
{
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;
    private readonly DatabaseAddress _address;

    private DatabaseTransaction(NpgsqlConnection connection, NpgsqlTransaction transaction, DatabaseAddress address) =>
        (_connection, _transaction, _address) = (connection, transaction, address);

    private string What => $"Writing into {_address} failed, and nothing of the agent was kept";

    /// <summary>Begins it.</summary>
    public static async Task<DatabaseTransaction> BeginAsync(NpgsqlConnection connection, DatabaseAddress address, string searchPath, TimeSpan patience, CancellationToken cancellationToken)
    {
        DatabaseTransaction? begun = null;
        try
        {
            begun = new DatabaseTransaction(connection, await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false), address);

            // Whatever role and database have set: values are read and written in one form.
            await begun.ExecuteAsync(
                $"""
                SET LOCAL search_path = {searchPath}; {TableLocks.Timeout("SET LOCAL", patience)};
                SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, MDY'; SET LOCAL IntervalStyle = 'postgres'; SET LOCAL extra_float_digits = 1;
                SET LOCAL bytea_output = 'hex'; SET LOCAL standard_conforming_strings = on; SET LOCAL client_min_messages = warning
                """,
                cancellationToken).ConfigureAwait(false);
            return begun;
        }
        catch (NpgsqlException e)
        {
            throw PostgresErrors.OfStatement(e, address, $"Writing into {address} failed");
        }
        catch when (begun is not null)
        {
            await begun._transaction.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<long> ExecuteAsync(string sql, CancellationToken cancellationToken, params string?[] parameters)
    {
        var command = Command(sql, parameters);
        await using (command.ConfigureAwait(false))
        {
            try
            {
                return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (NpgsqlException e)
            {
                throw PostgresErrors.OfStatement(e, _address, What);
            }
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string?[]>> QueryAsync(string sql, CancellationToken cancellationToken, params string?[] parameters)
    {
        var command = Command(sql, parameters);
        await using (command.ConfigureAwait(false))
        {
            try
            {
                var rows = new List<string?[]>();
                var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
                await using (reader.ConfigureAwait(false))
                {
                    while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                    {
                        rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? null : reader.GetString(i))]);
                    }
                }

                return rows;
            }
            catch (NpgsqlException e)
            {
                throw PostgresErrors.OfStatement(e, _address, What);
            }
        }
    }

    /// <inheritdoc/>
    public async Task CopyAsync(string sql, Func<TextWriter, Task> write, CancellationToken cancellationToken)
    {
        try
        {
            var copy = await _connection.BeginTextImportAsync(sql, cancellationToken).ConfigureAwait(false);
            try
            {
                await write(copy).ConfigureAwait(false);
            }
            catch
            {
                await copy.CancelAsync().ConfigureAwait(false);
                throw;
            }

            await copy.DisposeAsync().ConfigureAwait(false);
        }
        catch (PostgresException e) when (e.SqlState.StartsWith("22", StringComparison.Ordinal))
        {
            // Class 22: a value that its type does not take. PostgreSQL names the place in words only.
            var place = CopyPlace().Match(e.Where ?? string.Empty);
            throw new CopyException(
                e.MessageText,
                place.Success ? long.Parse(place.Groups["line"].ValueSpan, CultureInfo.InvariantCulture) : null,
                place.Groups["column"] is { Success: true } column ? column.Value : null,
                e);
        }
        catch (NpgsqlException e)
        {
            throw PostgresErrors.OfStatement(e, _address, What);
        }
    }

    /// <inheritdoc/>
    public async Task CommitAsync()
    {
        try
        {
            await _transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (PostgresException e)
        {
            throw PostgresErrors.OfStatement(e, _address, What);
        }
        catch (NpgsqlException e)
        {
            throw new LettaException(
                ErrorIds.RestoreUncertain,
                LettaErrorKind.Connection,
                $"The connection to '{_address}' was lost while the agent was being committed. The agent was written completely or not at all.",
                "Run the command again with the same parameters. It skips the agent if it exists: Restore-LettaAgent <path> -Conflict Skip",
                _address,
                e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await _transaction.DisposeAsync().ConfigureAwait(false);
        }
        catch (NpgsqlException)
        {
            // The connection is gone, and what was not committed with it.
        }

        await _connection.DisposeAsync().ConfigureAwait(false);
    }

    private NpgsqlCommand Command(string sql, string?[] parameters)
    {
        var command = new NpgsqlCommand(sql, _connection, _transaction);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter<string?> { TypedValue = parameter, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
        }

        return command;
    }

    [GeneratedRegex(@"^COPY [^,]+, line (?<line>\d+)(?:, column (?<column>[^:]+))?", RegexOptions.ExplicitCapture)]
    private static partial Regex CopyPlace();
}

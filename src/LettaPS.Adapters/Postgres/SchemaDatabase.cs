using LettaPS.Core.Connections;
using LettaPS.Core.Schemas;
using Npgsql;

namespace LettaPS.Adapters.Postgres;

/// <summary>A database as the schema doctor sees it.</summary>
internal sealed class SchemaDatabase(DatabaseAddress address) : ISchemaDatabase
{
    private PostgresSource? _source;

    /// <inheritdoc/>
    public DatabaseAddress Address => address;

    /// <inheritdoc/>
    public async Task<DatabaseSnapshot> ReadAsync(Func<DatabaseSnapshot, IReadOnlyList<DataQuestion>> ask, TimeSpan patience, CancellationToken cancel)
    {
        var connection = await ConnectAsync(cancel).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            try
            {
                return await SchemaReader.ReadAsync(connection, ask, patience, cancel).ConfigureAwait(false);
            }
            catch (NpgsqlException e) when (PostgresErrors.IsLock(e))
            {
                var rollback = new NpgsqlCommand("ROLLBACK", connection);
                await using (rollback.ConfigureAwait(false))
                {
                    await rollback.ExecuteNonQueryAsync(cancel).ConfigureAwait(false);
                }

                throw await TableLocks.DescribeAsync(connection, address, patience, ofReaders: true, "They could not be read.", e, cancel).ConfigureAwait(false);
            }
            catch (NpgsqlException e)
            {
                throw PostgresErrors.OfStatement(e, address, $"Reading {address} failed");
            }
        }
    }

    /// <inheritdoc/>
    public async Task<ISchemaRepair> BeginRepairAsync(TimeSpan patience, CancellationToken cancel)
    {
        var connection = await ConnectAsync(cancel).ConfigureAwait(false);
        try
        {
            return await SchemaRepair.BeginAsync(connection, address, patience, cancel).ConfigureAwait(false);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _source?.DisposeAsync() ?? default;

    private async Task<NpgsqlConnection> ConnectAsync(CancellationToken cancel)
    {
        _source ??= await PostgresSource.OpenAsync(address, cancel).ConfigureAwait(false);
        return await _source.ConnectAsync(cancel).ConfigureAwait(false);
    }
}

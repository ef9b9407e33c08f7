using LettaPS.Core.Schemas.Model;
using Npgsql;

namespace LettaPS.Adapters.Postgres;

/// <summary>A database as the schema doctor sees it.</summary>
internal sealed class SchemaDatabase(DatabaseAddress address) : ISchemaDatabase
{
    private PostgresSource? _source;

    /// <inheritdoc/>
    public DatabaseAddress Address => address;

    /// <inheritdoc/>
    public async Task<DatabaseSnapshot> ReadAsync(Func<DatabaseSnapshot, IReadOnlyList<DataQuestion>> ask, TimeSpan patience, CancellationToken cancellationToken)
    {
        var connection = await ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            try
            {
                return await SchemaReader.ReadAsync(connection, ask, patience, cancellationToken).ConfigureAwait(false);
            }
            catch (NpgsqlException e) when (PostgresErrors.IsLock(e))
            {
                var rollback = new NpgsqlCommand("ROLLBACK", connection);
                await using (rollback.ConfigureAwait(false))
                {
                    await rollback.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
                }

                throw await TableLocks.DescribeAsync(connection, address, patience, ofReaders: true, "They could not be read.", e, cancellationToken).ConfigureAwait(false);
            }
            catch (NpgsqlException e)
            {
                throw PostgresErrors.OfStatement(e, address, $"Reading {address} failed");
            }
        }
    }

    /// <inheritdoc/>
    public async Task<ISchemaRepair> BeginRepairAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        var connection = await ConnectAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await SchemaRepair.BeginAsync(connection, address, patience, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _source?.DisposeAsync() ?? default;

    private async Task<NpgsqlConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        _source ??= await PostgresSource.OpenAsync(address, cancellationToken).ConfigureAwait(false);
        return await _source.ConnectAsync(cancellationToken).ConfigureAwait(false);
    }
}

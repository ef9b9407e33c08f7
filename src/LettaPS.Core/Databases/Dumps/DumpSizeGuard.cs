namespace LettaPS.Core.Databases.Dumps;

/// <summary>Tells a dump that has suspiciously little in it from the one before: the last thing to happen before good backups are thrown away.</summary>
internal static class DumpSizeGuard
{
    /// <summary>A number may fall to this part of what it was.</summary>
    private const double Bearable = 0.5;

    /// <summary>Below this many rows a fall means little.</summary>
    private const long FewRows = 10;

    /// <summary>Below this many bytes a fall means little: a database without any rows is about as large.</summary>
    private const long FewBytes = 1 << 20;

    /// <summary>Compares two dumps of one database.</summary>
    /// <param name="before">The earlier one.</param>
    /// <param name="now">The later one.</param>
    /// <returns>What shrank to less than half, in words; empty where nothing did.</returns>
    public static IReadOnlyList<string> Find(DumpManifest before, DumpManifest now)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(now);
        var found = new List<string>();
        if (before.Format == now.Format && before.Length >= FewBytes && now.Length < before.Length * Bearable)
        {
            found.Add($"the dump has {now.Length:N0} bytes instead of {before.Length:N0}");
        }

        var rows = now.Database.Tables.ToDictionary(t => (t.Schema, t.Name), t => t.Rows);
        foreach (var table in before.Database.Tables.Where(t => t.Rows >= FewRows))
        {
            // A table that is gone was migrated away, which is a change of form and not a loss of contents.
            if (rows.TryGetValue((table.Schema, table.Name), out var left) && left < table.Rows * Bearable)
            {
                found.Add($"table {table.Name} has {left:N0} rows instead of {table.Rows:N0}");
            }
        }

        // If all tables are gone, though, it is another database or an emptied one.
        if (before.Database.Rows >= FewRows && now.Database.Tables.Count == 0)
        {
            found.Add("no table is left");
        }

        return found;
    }
}

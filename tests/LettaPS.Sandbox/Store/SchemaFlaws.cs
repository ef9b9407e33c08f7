namespace LettaPS.Sandbox.Store;

/// <summary>
/// What is wrong with the server's database. Statements that need a column or table that is gone fail, and with them the requests that make
/// such statements; <c>/v1/health/</c> never notices.
/// </summary>
public sealed class SchemaFlaws
{
    private readonly HashSet<string> _missing = [];

    /// <summary>Whether inserts into <c>messages</c> get no sequence id, as in tables that the ORM made: each is a NOT NULL violation.</summary>
    public bool SequenceDefaultMissing { get; set; }

    /// <summary>Whether <c>message_seq_id</c> is behind the table: each insert repeats an id, which is a unique violation.</summary>
    public bool SequenceBehind { get; set; }

    /// <summary>Drops a column, as <c>runs.conversation_id</c>, or a table, as <c>conversation_messages</c>.</summary>
    public void Drop(string name) => _missing.Add(name);

    /// <summary>Puts everything right.</summary>
    public void Repair()
    {
        _missing.Clear();
        SequenceDefaultMissing = SequenceBehind = false;
    }

    /// <summary>Fails if a statement that names all columns of a table would.</summary>
    internal void Read(params ReadOnlySpan<string> tables)
    {
        if (_missing.Count == 0)
        {
            return;
        }

        foreach (var table in tables)
        {
            if (_missing.Contains(table))
            {
                throw new SchemaException($"relation \"{table}\" does not exist");
            }

            if (_missing.FirstOrDefault(m => m.StartsWith(table + ".", StringComparison.Ordinal)) is { } column)
            {
                throw new SchemaException($"column {column} does not exist");
            }
        }
    }

    /// <summary>Fails if reading these messages would: their steps and runs are read with them.</summary>
    internal void ReadMessages(IEnumerable<MessageRow> rows)
    {
        if (_missing.Count == 0)
        {
            return;
        }

        Read("messages");
        foreach (var row in rows)
        {
            Read(row.StepId is null ? [] : ["steps"]);
            Read(row.RunId is null ? [] : ["runs"]);
        }
    }

    /// <summary>Fails if an insert into <c>messages</c> would.</summary>
    internal void InsertMessage()
    {
        Read("messages");
        if (SequenceDefaultMissing)
        {
            throw new SchemaException("null value in column \"sequence_id\" of relation \"messages\" violates not-null constraint", isConflict: true);
        }

        if (SequenceBehind)
        {
            throw new SchemaException("duplicate key value violates unique constraint \"uq_messages_sequence_id\"", isConflict: true);
        }
    }
}

/// <summary>A statement that the database refused.</summary>
/// <param name="message">PostgreSQL's message.</param>
/// <param name="isConflict">Whether a constraint refused it, which is 409, rather than the schema, which is 500.</param>
internal sealed class SchemaException(string message, bool isConflict = false) : Exception(message)
{
    public bool IsConflict => isConflict;
}

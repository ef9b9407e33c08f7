using LettaPS.Core.IO;

namespace LettaPS.Core.AgentFiles;

/// <summary>The messages of one agent as rows of an agent file, oldest first, kept outside of memory when they are many.</summary>
/// <param name="folder">Where they go when they are many.</param>
internal sealed class MessageLog(string folder) : IDisposable
{
    private readonly SpillBuffer _bytes = new(folder);
    private SpillList<MessageEntry> _entries = new(folder);

    /// <summary>The messages, oldest first.</summary>
    public IReadOnlyList<MessageEntry> Entries => _entries;

    /// <summary>How many of them were rebuilt from the view of the API instead of copied as the database has them.</summary>
    public int Rebuilt { get; private set; }

    /// <summary>Keeps a row without giving it a place yet; <see cref="Arrange"/> does.</summary>
    /// <param name="id">Identifier of the message; empty where the source does not tell.</param>
    /// <param name="rebuilt">Whether it was rebuilt from the view of the API.</param>
    /// <remarks>May be called from several threads: history and export are read side by side.</remarks>
    public MessageEntry Keep(Guid id, MessageRow row, bool rebuilt)
    {
        lock (_bytes)
        {
            return new(id, _bytes.Append(row.Json.Span), row.Json.Length, row.Key, rebuilt, row.Damaged);
        }
    }

    /// <summary>Keeps a row of which everything is known, and gives it the place after the last.</summary>
    /// <param name="id">Identifier of the message.</param>
    /// <param name="row">The row: a JSON object without identifiers.</param>
    public void Add(Guid id, ReadOnlySpan<byte> row) => _entries.Add(new(id, _bytes.Append(row), row.Length, default, Rebuilt: false));

    /// <summary>Sets the order of the messages.</summary>
    /// <param name="entries">Kept rows, oldest first.</param>
    public void Arrange(IEnumerable<MessageEntry> entries)
    {
        var arranged = new SpillList<MessageEntry>(folder);
        var rebuilt = 0;
        foreach (var entry in entries)
        {
            arranged.Add(entry);
            rebuilt += entry.Rebuilt ? 1 : 0;
        }

        _entries.Dispose();
        (_entries, Rebuilt) = (arranged, rebuilt);
    }

    /// <summary>The row of a message: a JSON object without <c>id</c> and <c>agent_id</c>, valid until the next call.</summary>
    /// <param name="entry">The message.</param>
    public ReadOnlySpan<byte> Row(MessageEntry entry) => _bytes.Read(entry.Position, entry.Length);

    /// <inheritdoc/>
    public void Dispose()
    {
        _bytes.Dispose();
        _entries.Dispose();
    }
}

/// <summary>One message of a <see cref="MessageLog"/>.</summary>
/// <param name="Id">Identifier.</param>
/// <param name="Position">Where its row begins.</param>
/// <param name="Length">How long it is.</param>
/// <param name="Key">What it can be recognised by in another view.</param>
/// <param name="Rebuilt">Whether the row was rebuilt from the view of the API.</param>
/// <param name="Damaged">Whether it is a tool's return that no longer says which call it answers.</param>
internal readonly record struct MessageEntry(Guid Id, long Position, int Length, MessageKey Key, bool Rebuilt, bool Damaged = false);

/// <summary>
/// What a message can be recognised by where a view of it carries no identifier: role, second and text. Both the API's view (which rounds to
/// seconds) and the export's rows (which have no identifiers) give the same key for the same message.
/// </summary>
/// <param name="Second">Its time in Unix seconds.</param>
/// <param name="Text">Hash of its text; 0 where the view does not show it exactly.</param>
internal readonly record struct MessageKey(MessageRole Role, long Second, int Text)
{
    /// <summary>Whether two views can be of the same message.</summary>
    /// <param name="other">The other view.</param>
    public bool Matches(MessageKey other) =>
        Role == other.Role && Second == other.Second && (Text == other.Text || Text == 0 || other.Text == 0);
}

/// <summary>Roles of messages in Letta's database.</summary>
internal enum MessageRole : byte
{
    /// <summary>A role that this version does not know; the row keeps its name.</summary>
    Other,

    /// <summary>The system prompt.</summary>
    System,

    /// <summary>The user, or an event told to the agent; summaries appear as such in the API.</summary>
    User,

    /// <summary>The model.</summary>
    Assistant,

    /// <summary>What a tool returned.</summary>
    Tool,

    /// <summary>A request for approval or its answer.</summary>
    Approval,
}

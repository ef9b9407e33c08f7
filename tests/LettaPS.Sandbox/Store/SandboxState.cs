using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace LettaPS.Sandbox.Store;

/// <summary>
/// Everything that the server keeps, as rows of Letta's tables. Tests read and change it as they like; while requests are under way, inside
/// <c>lock (state.Gate)</c>.
/// </summary>
public sealed class SandboxState
{
    /// <summary>The organization that owns everything on a self-hosted server.</summary>
    public const string OrganizationId = "org-00000000-0000-4000-8000-000000000000";

    /// <summary>The user that requests without a user header act as.</summary>
    public const string UserId = "user-00000000-0000-4000-8000-000000000000";

    private long _sequence;

    public SandboxState(Random random)
    {
        Random = random;
        Now = new DateTimeOffset(2026, 1, 17, 23, 10, 0, TimeSpan.Zero);
    }

    /// <summary>Held by each request while it reads or changes rows.</summary>
    public Lock Gate { get; } = new();

    public Table<AgentRow> Agents { get; } = [];

    public Table<BlockRow> Blocks { get; } = [];

    public Table<ToolRow> Tools { get; } = [];

    public Table<SourceRow> Sources { get; } = [];

    public Table<FileRow> Files { get; } = [];

    public Table<FileAgentRow> FileAgents { get; } = [];

    public Table<ArchiveRow> Archives { get; } = [];

    /// <summary>The passages of all archives.</summary>
    public Table<PassageRow> Passages { get; } = [];

    /// <summary>The passages of all files.</summary>
    public Table<PassageRow> SourcePassages { get; } = [];

    public Table<IdentityRow> Identities { get; } = [];

    public Table<GroupRow> Groups { get; } = [];

    public Table<ConversationRow> Conversations { get; } = [];

    public Table<RunRow> Runs { get; } = [];

    public Table<ProviderRow> Providers { get; } = [];

    public Table<McpServerRow> McpServers { get; } = [];

    public Table<SandboxConfigRow> SandboxConfigs { get; } = [];

    /// <summary>What is wrong with the database.</summary>
    public SchemaFlaws Schema { get; } = new();

    /// <summary>What <c>alembic_version</c> holds; exports name it.</summary>
    public string Revision { get; set; } = "unknown";

    /// <summary>The randomness that new ids come from, so that a run can be repeated.</summary>
    internal Random Random { get; }

    /// <summary>The server's clock: it stands still but for a microsecond a row, so that a run can be repeated.</summary>
    public DateTimeOffset Now { get; set; }

    /// <summary>A new id.</summary>
    /// <param name="kind">The prefix: agent, block, message, …</param>
    public string NewId(string kind)
    {
        Span<byte> bytes = stackalloc byte[16];
        Random.NextBytes(bytes);
        return Ids.Format(kind, bytes);
    }

    /// <summary>The next moment of the server's clock.</summary>
    public DateTimeOffset Tick() => Now = Now.AddMicroseconds(1);

    /// <summary>The next value of <c>message_seq_id</c>.</summary>
    public long NextSequence() => ++_sequence;

    /// <summary>Moves the sequence behind what exists.</summary>
    public void ReserveSequence(long upTo) => _sequence = Math.Max(_sequence, upTo);

    /// <summary>Gives a row its id, times and owner, unless it has them.</summary>
    public T Stamp<T>(T row, string kind)
        where T : Row
    {
        var now = Tick();
        row.Id = row.Id.Length == 0 ? NewId(kind) : row.Id;
        row.CreatedAt = row.CreatedAt == default ? now : row.CreatedAt;
        row.UpdatedAt = row.UpdatedAt == default ? row.CreatedAt : row.UpdatedAt;
        row.CreatedById ??= UserId;
        row.LastUpdatedById ??= UserId;
        return row;
    }

    /// <summary>Adds a message at the end of an agent's history.</summary>
    public MessageRow Append(AgentRow agent, MessageRow row)
    {
        Schema.InsertMessage();
        Stamp(row, "message");
        row.AgentId = agent.Id;
        row.SequenceId = NextSequence();
        agent.Messages.Add(row);
        return row;
    }

    /// <summary>
    /// A hash over every row and column, so that a test can say that nothing was changed. Histories that are made on demand count as what
    /// they are made from.
    /// </summary>
    public string ContentHash()
    {
        lock (Gate)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            Append(Agents);
            Append(Blocks);
            Append(Tools);
            Append(Sources);
            Append(Files);
            Append(FileAgents);
            Append(Archives);
            Append(Passages);
            Append(SourcePassages);
            Append(Identities);
            Append(Groups);
            Append(Conversations);
            Append(Runs);
            Append(Providers);
            Append(McpServers);
            Append(SandboxConfigs);
            foreach (var agent in Agents)
            {
                var made = agent.Messages.Source?.Count ?? 0;
                hash.AppendData(Encoding.UTF8.GetBytes($"{agent.Id} {made} {agent.Messages.Count}"));
                Append(agent.Messages.Skip(made));
            }

            return Convert.ToHexStringLower(hash.GetHashAndReset());

            void Append<T>(IEnumerable<T> rows)
            {
                foreach (var row in rows)
                {
                    hash.AppendData(JsonSerializer.SerializeToUtf8Bytes(row, JsonText.Rows));
                }
            }
        }
    }
}

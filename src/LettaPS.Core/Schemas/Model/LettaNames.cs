namespace LettaPS.Core.Schemas.Model;

/// <summary>Names in Letta's database that the module must know.</summary>
internal static class LettaNames
{
    /// <summary>The table that alembic keeps its revision in.</summary>
    public const string AlembicVersion = "alembic_version";

    /// <summary>The table of messages.</summary>
    public const string Messages = "messages";

    /// <summary>The column of <see cref="Messages"/> that gives them their order.</summary>
    public const string SequenceId = "sequence_id";

    /// <summary>The sequence that <see cref="SequenceId"/> takes its values from.</summary>
    public const string MessageSequence = "message_seq_id";

    /// <summary>The table of archives.</summary>
    public const string Archives = "archives";

    /// <summary>The column of <see cref="Archives"/> that an interrupted migration leaves behind.</summary>
    public const string EmbeddingConfig = "embedding_config";
}

namespace LettaPS.Core.LettaCode;

/// <summary>A version of a block as the database of a server recorded it.</summary>
/// <param name="BlockId">The block.</param>
/// <param name="Sequence">Its number among the block's.</param>
/// <param name="Value">The text.</param>
/// <param name="Limit">How long it might become.</param>
/// <param name="Time">When it was written.</param>
/// <param name="ActorType">What wrote it: <c>user</c>, <c>agent</c> or <c>system</c>, as the server spells it.</param>
/// <param name="ActorId">Who wrote it.</param>
internal sealed record BlockVersion(string BlockId, long Sequence, string Value, string? Description, long? Limit, DateTimeOffset Time, string? ActorType, string? ActorId);

/// <summary>A block that belongs to one conversation alone.</summary>
/// <param name="ConversationId">The conversation.</param>
/// <param name="Label">The label of the block.</param>
/// <param name="Value">Its text.</param>
internal sealed record ConversationBlock(string ConversationId, string Label, string Value);

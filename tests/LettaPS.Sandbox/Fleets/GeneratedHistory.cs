using System.Buffers.Binary;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Fleets;

/// <summary>
/// A history that is made on demand: a system message, then questions and answers in turn. An id holds the agent's number and, mixed with it,
/// the position, so that a cursor is found without an index.
/// </summary>
internal sealed class GeneratedHistory(string agentId, int count, int length, long firstSequence, long key, Release release) : IMessageSource
{
    private const ulong Odd = 0x9E3779B97F4A7C15;

    private static readonly DateTimeOffset s_start = new(2025, 9, 1, 8, 0, 0, TimeSpan.Zero);

    private readonly string _filler = string.Concat(Enumerable.Repeat("All work and no play makes a dull boy. ", (length / 39) + 1));

    public int Count => count;

    public MessageRow Make(int index)
    {
        var role = index == 0 ? "system" : index % 2 == 1 ? "user" : "assistant";
        var time = s_start.AddSeconds(30L * index).AddMicroseconds(index);
        var says = role != "assistant";
        var head = $"Message {index}: ";
        var text = length > head.Length ? string.Concat(head, _filler.AsSpan(0, length - head.Length)) : head;
        return new MessageRow
        {
            Id = IdAt(index),
            AgentId = agentId,
            Role = role,
            Content = [ContentPart.OfText(says ? text : "I answer.")],
            ToolCalls = says
                ? []
                : [new ToolCall { Id = $"call_{key:x16}{index:x8}", Function = new ToolCallFunction { Name = "send_message", Arguments = $$"""{"message": "{{text}}"}""" } }],
            SequenceId = firstSequence + index,
            CreatedAt = time,
            UpdatedAt = time,
            CreatedById = SandboxState.UserId,
            LastUpdatedById = SandboxState.UserId,
            Model = "gpt-4o-mini",
            Otid = release >= Release.V0168 && role == "user" ? IdAt(index)["message-".Length..] : null,
        };
    }

    public string IdAt(int index)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(bytes, key);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Mixed(index));
        return Ids.Format("message", bytes);
    }

    public int IndexOf(string id)
    {
        const string Prefix = "message-";
        if (!id.StartsWith(Prefix, StringComparison.Ordinal) || !Guid.TryParse(id.AsSpan(Prefix.Length), out var guid))
        {
            return -1;
        }

        Span<byte> bytes = stackalloc byte[16];
        guid.TryWriteBytes(bytes, bigEndian: true, out _);
        var index = (int)(BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]) ^ (uint)key);
        return index >= 0 && index < count && IdAt(index) == id ? index : -1;
    }

    /// <summary>The position in the low half, something that looks random in the high one.</summary>
    private ulong Mixed(int index) => ((ulong)(index + 1) * Odd) << 32 | ((uint)index ^ (uint)key);
}

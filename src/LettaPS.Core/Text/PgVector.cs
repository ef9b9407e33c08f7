using System.Buffers.Binary;

namespace LettaPS.Core.Text;

/// <summary>Vectors as pgvector sends them: the number of elements and two unused bytes, then each element as a float, all in big-endian order.</summary>
internal static class PgVector
{
    private const string Type = "vector";
    private const int Header = 4;

    /// <summary>Whether a type is pgvector's, with or without a number of dimensions.</summary>
    /// <param name="type">The type as PostgreSQL writes it.</param>
    public static bool IsType(string type) => type == Type || type.StartsWith(Type + "(", StringComparison.Ordinal);

    /// <summary>The vector as pgvector sends it.</summary>
    /// <param name="elements">The elements as 32-bit floats in little-endian order.</param>
    public static byte[] FromLittleEndian(ReadOnlySpan<byte> elements)
    {
        var sent = new byte[Header + elements.Length];
        BinaryPrimitives.WriteInt16BigEndian(sent, (short)(elements.Length / sizeof(float)));
        elements.CopyTo(sent.AsSpan(Header));
        Turn(sent.AsSpan(Header));
        return sent;
    }

    /// <summary>The elements as 32-bit floats in little-endian order.</summary>
    /// <param name="sent">The vector.</param>
    public static byte[] ToLittleEndian(ReadOnlySpan<byte> sent)
    {
        var elements = sent[Header..].ToArray();
        Turn(elements);
        return elements;
    }

    /// <summary>The elements.</summary>
    /// <param name="sent">The vector.</param>
    public static float[] ToFloats(ReadOnlySpan<byte> sent)
    {
        var elements = new float[(sent.Length - Header) / sizeof(float)];
        for (var i = 0; i < elements.Length; i++)
        {
            elements[i] = BinaryPrimitives.ReadSingleBigEndian(sent[(Header + (i * sizeof(float)))..]);
        }

        return elements;
    }

    private static void Turn(Span<byte> elements)
    {
        for (var at = 0; at < elements.Length; at += sizeof(float))
        {
            elements.Slice(at, sizeof(float)).Reverse();
        }
    }
}

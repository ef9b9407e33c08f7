using System.Buffers.Binary;

namespace LettaPS.Core.AgentTables;

/// <summary>Vectors as pgvector sends them: the number of elements and two unused bytes, then each element as a float, all in big-endian order.</summary>
internal static class PgVector
{
    private const int Header = 4;

    /// <summary>The elements as 32-bit floats in little-endian order.</summary>
    /// <param name="sent">The vector.</param>
    public static byte[] ToLittleEndian(ReadOnlySpan<byte> sent)
    {
        var elements = sent[Header..].ToArray();
        for (var at = 0; at < elements.Length; at += sizeof(float))
        {
            elements.AsSpan(at, sizeof(float)).Reverse();
        }

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
}

using System.Globalization;
using System.Text.RegularExpressions;

namespace LettaPS.Sandbox.Store;

/// <summary>The ids of Letta's rows: a kind and a random UUID.</summary>
public static partial class Ids
{
    /// <summary>An id from 16 bytes, made a version 4 UUID as the path validation of 0.13 and later demands.</summary>
    public static string Format(string kind, Span<byte> bytes) => string.Create(CultureInfo.InvariantCulture, $"{kind}-{Uuid(bytes)}");

    /// <summary>A version 4 UUID that is another each time; unlike <see cref="Guid.NewGuid"/> it asks the system for nothing.</summary>
    public static Guid Random()
    {
        Span<byte> bytes = stackalloc byte[16];
        System.Random.Shared.NextBytes(bytes);
        return Uuid(bytes);
    }

    /// <summary>Whether an id in a path passes the validation of 0.13 and later.</summary>
    public static bool IsValid(string kind, string id) => id.StartsWith(kind + "-", StringComparison.Ordinal) && Uuid4().IsMatch(id.AsSpan(kind.Length + 1));

    private static Guid Uuid(Span<byte> bytes)
    {
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }

    [GeneratedRegex(@"\A[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\z")]
    private static partial Regex Uuid4();
}

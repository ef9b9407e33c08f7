using System.Text;
using System.Text.Json;
using CsCheck;
using LettaPS.Core.Json;

namespace LettaPS.Core.Tests.Json;

public class JsonStreamReaderTests
{
    [Fact]
    public Task Every_document_cut_into_any_parts_is_read_as_it_is() => Gen.Select(JsonGen.Document, Gen.Int[1, 7]).SampleAsync(async t =>
    {
        var (text, partLength) = t;
        using var reader = new JsonStreamReader(new DrippingStream(Encoding.UTF8.GetBytes(text), partLength));

        var value = await reader.ReadValueAsync(CancellationToken.None);
        await reader.ReadToEndAsync(CancellationToken.None);

        Assert.True(JsonElement.DeepEquals(JsonDocument.Parse(text).RootElement, value!.Value));
    });

    [Fact]
    public Task Elements_of_a_list_come_one_by_one_and_whole() => Gen.Select(JsonGen.Document.List[0, 20], Gen.Int[1, 7]).SampleAsync(async t =>
    {
        var (elements, partLength) = t;
        using var reader = new JsonStreamReader(new DrippingStream(Encoding.UTF8.GetBytes($" [{string.Join(" , ", elements)}] "), partLength));

        var read = await reader.ReadArrayAsync(CancellationToken.None).ToListAsync();

        Assert.Equal(elements, read.Select(e => e.GetRawText()));
    });

    [Fact]
    public Task Passing_over_a_value_leads_to_what_follows_it() => JsonGen.Document.SampleAsync(async text =>
    {
        using var reader = new JsonStreamReader(new DrippingStream(Encoding.UTF8.GetBytes($"[{text},42]"), 3));

        Assert.Equal(JsonTokenType.StartArray, await reader.ReadAsync(CancellationToken.None));
        await reader.SkipAsync(CancellationToken.None);

        Assert.Equal(42, (await reader.ReadValueAsync(CancellationToken.None))!.Value.GetInt32());
    });

    [Fact]
    public async Task A_byte_order_mark_is_passed_over()
    {
        using var reader = new JsonStreamReader(new MemoryStream([.. Encoding.UTF8.Preamble, .. "{}"u8]));

        Assert.Equal(JsonTokenType.StartObject, await reader.ReadAsync(CancellationToken.None));
    }

    [Theory]
    [InlineData("[1, 2")]
    [InlineData("{\"a\": ")]
    [InlineData("[1] [2]")]
    [InlineData("")]
    [InlineData("nul")]
    public async Task What_is_not_one_whole_document_is_an_error(string text)
    {
        using var reader = new JsonStreamReader(new MemoryStream(Encoding.UTF8.GetBytes(text)));

        await Assert.ThrowsAnyAsync<JsonException>(async () =>
        {
            await reader.ReadValueAsync(CancellationToken.None);
            await reader.ReadToEndAsync(CancellationToken.None);
        });
    }

    [Fact]
    public async Task Nesting_of_any_depth_is_an_error_and_not_a_crash()
    {
        using var reader = new JsonStreamReader(new MemoryStream(Encoding.UTF8.GetBytes(new string('[', 100_000))));

        await Assert.ThrowsAnyAsync<JsonException>(async () => await reader.ReadValueAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_value_larger_than_the_limit_is_an_error_before_it_is_held()
    {
        var endless = new EndlessStream("\""u8.ToArray(), (byte)'a');
        using var reader = new JsonStreamReader(endless, maxValueLength: 1 << 20);

        await Assert.ThrowsAnyAsync<JsonException>(async () => await reader.ReadValueAsync(CancellationToken.None));
        Assert.InRange(endless.Given, 1 << 20, 3 << 20);
    }

    private sealed class EndlessStream(byte[] head, byte rest) : ReadOnlyStream
    {
        public long Given { get; private set; }

        protected override int Fill(Span<byte> buffer)
        {
            buffer.Fill(rest);
            if (Given == 0)
            {
                head.CopyTo(buffer);
            }

            Given += buffer.Length;
            return buffer.Length;
        }
    }
}

/// <summary>Gives its bytes a few at a time, as a network may.</summary>
internal sealed class DrippingStream(byte[] bytes, int partLength) : ReadOnlyStream
{
    private int _at;

    protected override int Fill(Span<byte> buffer)
    {
        var part = bytes.AsSpan(_at, Math.Min(Math.Min(partLength, buffer.Length), bytes.Length - _at));
        part.CopyTo(buffer);
        _at += part.Length;
        return part.Length;
    }
}

internal abstract class ReadOnlyStream : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count) => Fill(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer) => Fill(buffer);

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(Fill(buffer.Span));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected abstract int Fill(Span<byte> buffer);
}

/// <summary>Makes JSON texts.</summary>
internal static class JsonGen
{
    private static readonly Gen<string> s_scalar = Gen.OneOf(
        Gen.Const("null"),
        Gen.Const("true"),
        Gen.Int.Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        Gen.Double[-1e9, 1e9].Select(d => d.ToString("R", System.Globalization.CultureInfo.InvariantCulture)),
        Gen.String[Gen.OneOf(Gen.Char['a', 'z'], Gen.Char['\u00e0', '\u00ff'], Gen.Const('"'), Gen.Const('\\'), Gen.Const('\n')), 0, 12].Select(s => JsonSerializer.Serialize(s)));

    public static Gen<string> Document { get; } = Nested(3);

    private static Gen<string> Nested(int depth) => depth == 0
        ? s_scalar
        : Gen.OneOf(
            s_scalar,
            Nested(depth - 1).List[0, 4].Select(items => $"[{string.Join(", ", items)}]"),
            Nested(depth - 1).List[0, 4].Select(items => $"{{{string.Join(",", items.Select((v, i) => $"\"p{i}\": {v}"))}}}"));
}

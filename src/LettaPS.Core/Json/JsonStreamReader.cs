using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Unicode;

namespace LettaPS.Core.Json;

/// <summary>
/// Reads a JSON document of any size from a stream, token by token or value by value, holding no more of it than the value asked for.
/// </summary>
/// <remarks>Nesting deeper than the limit, a single value larger than the limit, invalid UTF-8 and malformed text are <see cref="JsonException"/>s.</remarks>
internal sealed class JsonStreamReader : IDisposable
{
    /// <summary>Deepest nesting read from a server. Letta's own documents stay below 32.</summary>
    public const int MaxDepth = 256;

    /// <summary>Deepest nesting read from an agent file, which holds what servers answered a few levels further down.</summary>
    public const int MaxFileDepth = MaxDepth + 16;

    /// <summary>Largest single value read where no other limit is given: 128 MiB, several times what a model can take in one message.</summary>
    public const int DefaultMaxValueLength = 128 << 20;

    private const int LargeValue = 64 << 10;

    private readonly Stream _stream;
    private readonly int _maxValueLength;
    private byte[] _buffer;
    private int _start;
    private int _end;
    private bool _final;
    private JsonReaderState _state;

    /// <summary>Starts to read.</summary>
    /// <param name="stream">The document in UTF-8, with or without byte order mark. It stays open.</param>
    /// <param name="maxValueLength">Largest single value, in bytes.</param>
    /// <param name="maxDepth">Deepest nesting.</param>
    public JsonStreamReader(Stream stream, int maxValueLength = DefaultMaxValueLength, int maxDepth = MaxDepth)
    {
        _stream = stream;
        _state = new JsonReaderState(new JsonReaderOptions { MaxDepth = maxDepth });
        _maxValueLength = maxValueLength;
        _buffer = ArrayPool<byte>.Shared.Rent(32 << 10);
    }

    private delegate bool TryRead<T>(ref Utf8JsonReader reader, out T result);

    /// <summary>The name that <see cref="ReadAsync"/> read last, where it was a property's name.</summary>
    public string? PropertyName { get; private set; }

    /// <summary>The text that <see cref="ReadAsync"/> read last, where it was a string that is the whole document.</summary>
    public string? Text { get; private set; }

    /// <summary>How many bytes of the document have been consumed.</summary>
    public long Position { get; private set; }

    /// <summary>Whether the document has ended without a single byte.</summary>
    public bool IsEmpty => _final && Position == 0 && _end == _start;

    /// <summary>Reads the next token.</summary>
    /// <returns>Its type, or <see cref="JsonTokenType.None"/> at the end of the document.</returns>
    public async ValueTask<JsonTokenType> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            // The reader of System.Text.Json takes nothing at all for an error, not for an end.
            if (IsEmpty)
            {
                return JsonTokenType.None;
            }

            if (Try<JsonTokenType>(TryReadToken, out var token))
            {
                return token;
            }

            if (_final)
            {
                return JsonTokenType.None;
            }

            await FillFurtherAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Reads the next value whole.</summary>
    /// <returns>The value, or <see langword="null"/> where an array or object ends instead.</returns>
    public async ValueTask<JsonElement?> ReadValueAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (Try<JsonElement?>(TryReadValue, out var value))
            {
                return value;
            }

            if (_final)
            {
                throw new JsonException("The document ends where a value is expected.");
            }

            await FillFurtherAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Passes over the next value without holding it.</summary>
    public async ValueTask SkipAsync(CancellationToken cancellationToken) =>
        await SkipRestAsync(await ReadAsync(cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);

    /// <summary>Passes over the rest of a value whose first token has been read.</summary>
    /// <param name="first">That token.</param>
    public async ValueTask SkipRestAsync(JsonTokenType first, CancellationToken cancellationToken)
    {
        var token = first;
        for (var depth = 0; ;)
        {
            switch (token)
            {
                case JsonTokenType.StartArray or JsonTokenType.StartObject:
                    depth++;
                    break;
                case JsonTokenType.EndArray or JsonTokenType.EndObject:
                    depth--;
                    break;
                case JsonTokenType.None:
                    throw new JsonException("The document ends within a value.");
                default:
                    break;
            }

            if (depth == 0)
            {
                return;
            }

            token = await ReadAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Reads the elements of the array that comes next, one at a time.</summary>
    /// <exception cref="JsonException">What comes next is not an array.</exception>
    public async IAsyncEnumerable<JsonElement> ReadArrayAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (await ReadAsync(cancellationToken).ConfigureAwait(false) != JsonTokenType.StartArray)
        {
            throw new JsonException("A list is expected.");
        }

        while (await ReadValueAsync(cancellationToken).ConfigureAwait(false) is { } value)
        {
            yield return value;
        }
    }

    /// <summary>Reads what remains, which must be nothing but white space.</summary>
    public async ValueTask ReadToEndAsync(CancellationToken cancellationToken)
    {
        if (await ReadAsync(cancellationToken).ConfigureAwait(false) != JsonTokenType.None)
        {
            throw new JsonException("The document goes on after its end.");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }

    private bool Try<T>(TryRead<T> read, out T result)
    {
        var reader = new Utf8JsonReader(_buffer.AsSpan(_start, _end - _start), _final, _state);
        if (!read(ref reader, out result))
        {
            return false;
        }

        _start += (int)reader.BytesConsumed;
        Position += reader.BytesConsumed;
        _state = reader.CurrentState;
        return true;
    }

    private bool TryReadToken(ref Utf8JsonReader reader, out JsonTokenType token)
    {
        token = JsonTokenType.None;
        if (!reader.Read())
        {
            return false;
        }

        token = reader.TokenType;
        RequireUnicode(ref reader);
        PropertyName = token == JsonTokenType.PropertyName ? reader.GetString() : null;
        Text = token == JsonTokenType.String && reader.CurrentDepth == 0 ? reader.GetString() : null;
        return true;
    }

    /// <summary>The reader of System.Text.Json takes any bytes within quotation marks, and fails in other ways only when the text is wanted.</summary>
    private static void RequireUnicode(ref Utf8JsonReader reader)
    {
        if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName))
        {
            return;
        }

        if (!Utf8.IsValid(reader.ValueSpan))
        {
            throw new JsonException("A text is not valid UTF-8.");
        }

        if (reader.ValueIsEscaped && reader.ValueSpan.IndexOf("\\u"u8) >= 0)
        {
            RequirePairedSurrogates(ref reader);
        }
    }

    private static void RequirePairedSurrogates(ref Utf8JsonReader reader)
    {
        try
        {
            _ = reader.GetString();
        }
        catch (InvalidOperationException e)
        {
            throw new JsonException("A text holds half of a surrogate pair.", e);
        }
    }

    private static bool TryReadValue(ref Utf8JsonReader reader, out JsonElement? value)
    {
        value = null;
        var probe = reader;
        if (!probe.Read())
        {
            return false;
        }

        if (probe.TokenType is JsonTokenType.EndArray or JsonTokenType.EndObject)
        {
            reader = probe;
            return true;
        }

        // A value that is only partly there must not be begun: the reader cannot go back.
        var whole = probe;
        if (!whole.TrySkip())
        {
            return false;
        }

        for (RequireUnicode(ref probe); probe.TokenStartIndex < whole.TokenStartIndex && probe.Read(); RequireUnicode(ref probe))
        {
        }

        // Parsing begins at the reader's current token, which is still the one before.
        reader.Read();
        value = JsonElement.ParseValue(ref reader);
        return true;
    }

    /// <summary>Reads on. A large value is looked at again only when it has grown by half: it is looked through from its beginning each time.</summary>
    private async ValueTask FillFurtherAsync(CancellationToken cancellationToken)
    {
        var held = _end - _start;
        var enough = held < LargeValue ? held + 1 : held + (held / 2);
        do
        {
            await FillAsync(cancellationToken).ConfigureAwait(false);
        }
        while (!_final && _end - _start < enough);
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        var held = _end - _start;
        if (held == _buffer.Length)
        {
            if (held >= _maxValueLength)
            {
                throw new JsonException($"A single value of the document is larger than {_maxValueLength} bytes.");
            }

            var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(_maxValueLength, held * 2L));
            _buffer.AsSpan(_start, held).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
        else if (_start > 0)
        {
            _buffer.AsSpan(_start, held).CopyTo(_buffer);
        }

        (_start, _end) = (0, held);
        var read = await _stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
        if (read == 0)
        {
            _final = true;
        }
        else if (Position == 0 && held == 0 && _buffer.AsSpan(0, read).StartsWith("\uFEFF"u8))
        {
            (_start, _end) = (3, read);
        }
        else
        {
            _end += read;
        }
    }
}

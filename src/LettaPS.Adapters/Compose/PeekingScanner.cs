using YamlDotNet.Core;
using YamlDotNet.Core.Tokens;

namespace LettaPS.Adapters.Compose;

/// <summary>
/// A scanner of which looking at the next token twice shows the same token. YamlDotNet's own goes on to the one after, and its parser looks twice behind
/// an anchored scalar in a flow mapping: it then takes <c>{image: &amp;i letta/letta, restart: always}</c> for an error (18.1.0).
/// </summary>
/// <param name="scanner">YamlDotNet's scanner.</param>
internal sealed class PeekingScanner(Scanner scanner) : IScanner
{
    /// <inheritdoc/>
    public Mark CurrentPosition => scanner.CurrentPosition;

    /// <inheritdoc/>
    public Token? Current => scanner.Current;

    /// <inheritdoc/>
    public bool MoveNext() => scanner.MoveNext();

    /// <inheritdoc/>
    /// <remarks>Behind the end the parser asks whether there is more, and there must be none.</remarks>
    public bool MoveNextWithoutConsuming() => scanner.Current is not (null or StreamEnd) || scanner.MoveNextWithoutConsuming();

    /// <inheritdoc/>
    public void ConsumeCurrent() => scanner.ConsumeCurrent();
}

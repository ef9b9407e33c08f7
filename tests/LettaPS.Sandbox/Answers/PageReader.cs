using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Answers;

/// <summary>A row as a page shows it.</summary>
/// <param name="Row">The row.</param>
/// <param name="ToolCallId">The id of the call that a tool row answers, as far as the page knows it.</param>
/// <param name="Broken">Whether the row cannot be shown, which makes the whole page an error.</param>
internal readonly record struct PageRow(MessageRow Row, string? ToolCallId, bool Broken)
{
    /// <summary>The call id that the only tool return of the row shows, if it names none itself.</summary>
    public string? InnerCallId { get; init; }
}

/// <summary>
/// Reads rows in sequence order as 0.13 to 0.16.8 do, damage included: the stored <c>tool_call_id</c> of a tool row is overwritten with what
/// the tool return names, which for rows that 0.11 wrote is nothing. The page shows the value from before, and takes one that is missing from
/// the call before it, so only a page that begins with a damaged row is broken.
/// </summary>
internal sealed class PageReader(Release release)
{
    private readonly bool _overwrites = release >= Release.V0162;
    private string? _called;

    public PageRow Next(MessageRow row)
    {
        if (row.Role == "assistant" && row.ToolCalls is { Count: > 0 } calls)
        {
            _called = calls is [{ Id.Length: > 0 } only] ? only.Id : null;
        }

        if (row.Role != "tool")
        {
            return new PageRow(row, row.ToolCallId, false);
        }

        var id = row.ToolCallId;
        if (!_overwrites)
        {
            return new PageRow(row, id, false);
        }

        var inner = row.ToolReturns is [{ } first, ..] ? first.ToolCallId : null;
        if (row.IsOverwrittenOnRead && id != inner)
        {
            row.ToolCallId = inner;
        }

        if (row.ToolReturns is [_])
        {
            id ??= _called;
            inner ??= _called;
        }

        _called = null;
        return new PageRow(row, id, Broken: row.ToolReturns is [_] && inner is null && id is null) { InnerCallId = inner };
    }
}

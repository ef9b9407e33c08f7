using LettaPS.Sandbox.Http;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Api;

/// <summary>The ways in which Letta pages; they differ between endpoints and releases.</summary>
internal static class Paging
{
    /// <summary>Oldest first, ties by id.</summary>
    public static int ByTime(Row a, Row b) => a.CreatedAt.CompareTo(b.CreatedAt) is var c && c != 0 ? c : string.CompareOrdinal(a.Id, b.Id);

    /// <summary>Sorted rows, after the cursors, up to the limit; limit 0 is no limit. A cursor that is not there counts as not given.</summary>
    public static IEnumerable<T> Page<T>(
        IEnumerable<T> rows, Comparison<T> order, bool ascending, Func<string, T?> find, string? after, string? before, int limit)
        where T : class
    {
        var sign = ascending ? 1 : -1;
        List<T> sorted = [.. rows];
        sorted.Sort((a, b) => sign * order(a, b));
        IEnumerable<T> page = sorted;
        if (after is not null && find(after) is { } last)
        {
            page = page.Where(r => sign * order(r, last) > 0);
        }

        if (before is not null && find(before) is { } first)
        {
            page = page.Where(r => sign * order(r, first) < 0);
        }

        return limit > 0 ? page.Take(limit) : page;
    }

    /// <summary>The same with the order and cursors of a call to a 0.16 server.</summary>
    public static IEnumerable<T> Page<T>(Call call, IEnumerable<T> rows, Table<T> table, int limit = 50, bool ascending = false)
        where T : Row
    {
        var wanted = call.QueryOneOf("order", ascending ? "asc" : "desc", "asc", "desc");
        return Page(rows, ByTime, wanted == "asc", table.Find, call.Query("after"), call.Query("before"), call.QueryInt("limit", limit));
    }

    /// <summary>Pages whose cursors look at the time alone, whichever way they are sorted: going down, they never end.</summary>
    public static IEnumerable<T> PageByTimeOnly<T>(IEnumerable<T> rows, bool ascending, Func<string, T?> find, string? after, string? before, int? limit)
        where T : Row
    {
        var page = Page(rows, ByTime, ascending, find, null, null, 0);
        if (after is not null && find(after) is { } last)
        {
            page = page.Where(r => ByTime(r, last) > 0);
        }

        if (before is not null && find(before) is { } first)
        {
            page = page.Where(r => ByTime(r, first) < 0);
        }

        return limit is { } most ? page.Take(most) : page;
    }

    /// <summary>Pages sorted by time whose cursors compare ids alone, as <c>/v1/blocks/</c> up to 0.16.2: they skip rows.</summary>
    public static IEnumerable<T> PageByIdOnly<T>(IEnumerable<T> rows, bool ascending, string? after, string? before, int limit)
        where T : Row
    {
        var sign = ascending ? 1 : -1;
        var page = Page(rows, ByTime, ascending, _ => null, null, null, 0);
        if (after is not null)
        {
            page = page.Where(r => sign * string.CompareOrdinal(r.Id, after) > 0);
        }

        if (before is not null)
        {
            page = page.Where(r => sign * string.CompareOrdinal(r.Id, before) < 0);
        }

        return page.Take(limit);
    }
}

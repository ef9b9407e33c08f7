using LettaPS.Core.Connections;

namespace LettaPS.Parameters;

/// <summary>Saved connections by names with wildcards.</summary>
internal static class SavedConnections
{
    /// <summary>Gives each connection that one of the names fits; a name without wildcards that fits none is told.</summary>
    /// <param name="store">Where they are.</param>
    /// <param name="give">Takes them.</param>
    /// <param name="refuse">Takes what was not found, with the name.</param>
    public static void Find(ConnectionStore store, string[] names, Action<LettaSavedConnection> give, Action<LettaException, string> refuse)
    {
        var saved = store.List();
        foreach (var connection in saved.Where(c => names.IsMatchedBy(c.Name)))
        {
            give(connection);
        }

        foreach (var name in names.NotAmong(saved.Select(c => c.Name)))
        {
            refuse(store.NotFound(name), name);
        }
    }
}

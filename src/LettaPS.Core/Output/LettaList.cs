using System.Collections.ObjectModel;

namespace LettaPS;

/// <summary>
/// A list in an output object. PowerShell can index and enumerate it, and <see cref="ToString"/> joins its items with a comma and a space, so that tables and CSV
/// files show text.
/// </summary>
/// <typeparam name="T">The type of the items.</typeparam>
/// <param name="items">The items.</param>
public sealed class LettaList<T>(IEnumerable<T> items) : ReadOnlyCollection<T>([.. items])
{
    /// <summary>The items, joined with a comma and a space.</summary>
    public override string ToString() => string.Join(", ", Items);
}

namespace LettaPS.Core.Schemas.Model;

/// <summary>
/// The schemas of all releases as they are embedded: each form that a table, type or sequence ever had is written once, with the schemas that have it.
/// </summary>
internal sealed record SchemaCatalogueData
{
    /// <summary>The releases of each distinct schema, oldest first.</summary>
    public required IReadOnlyList<IReadOnlyList<string>> Schemas { get; init; }

    /// <summary>The tables.</summary>
    public required IReadOnlyList<Shared<SchemaTable>> Tables { get; init; }

    /// <summary>The enumerated types.</summary>
    public required IReadOnlyList<Shared<SchemaEnum>> Enums { get; init; }

    /// <summary>The sequences.</summary>
    public required IReadOnlyList<Shared<SchemaSequence>> Sequences { get; init; }

    /// <summary>The extensions.</summary>
    public required IReadOnlyList<Shared<SchemaExtension>> Extensions { get; init; }

    /// <summary>One of the distinct schemas.</summary>
    /// <param name="index">Which of <see cref="Schemas"/>.</param>
    public SchemaModel Schema(int index)
    {
        return new SchemaModel
        {
            Tables = Of(Tables),
            Enums = Of(Enums),
            Sequences = Of(Sequences),
            Extensions = Of(Extensions),
        };

        T[] Of<T>(IReadOnlyList<Shared<T>> all) => [.. all.Where(s => s.In.Contains(index)).Select(s => s.Is)];
    }
}

/// <summary>Something that several schemas have in the same form.</summary>
/// <param name="In">Which of <see cref="SchemaCatalogueData.Schemas"/>.</param>
/// <param name="Is">The thing.</param>
internal sealed record Shared<T>(IReadOnlyList<int> In, T Is);

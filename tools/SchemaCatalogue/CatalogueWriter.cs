using LettaPS.Core.Schemas.Model;

namespace LettaPS.SchemaCatalogue;

/// <summary>Puts the schemas of many releases together so that what several share is written once.</summary>
internal static class CatalogueWriter
{
    /// <summary>Puts them together.</summary>
    /// <param name="releases">The schema of each release, oldest first.</param>
    public static SchemaCatalogueData Merge(IReadOnlyList<(string Release, SchemaModel Schema)> releases)
    {
        var schemas = new List<(List<string> Releases, SchemaModel Schema, string Text)>();
        foreach (var (release, schema) in releases)
        {
            var text = SchemaJson.Write(schema);
            if (schemas.Find(s => s.Text == text) is { Releases: { } same })
            {
                same.Add(release);
            }
            else
            {
                schemas.Add(([release], schema, text));
            }
        }

        return new SchemaCatalogueData
        {
            Schemas = [.. schemas.Select(s => s.Releases)],
            Tables = Share(schemas.Select(s => s.Schema.Tables), t => t.Name),
            Enums = Share(schemas.Select(s => s.Schema.Enums), e => e.Name),
            Sequences = Share(schemas.Select(s => s.Schema.Sequences), s => s.Name),
            Extensions = Share(schemas.Select(s => s.Schema.Extensions), e => e.Name),
        };
    }

    private static List<Shared<T>> Share<T>(IEnumerable<IReadOnlyList<T>> schemas, Func<T, string> name) =>
    [
        .. from thing in schemas.SelectMany((things, i) => things.Select(t => (Thing: t, In: i, Text: SchemaJson.Write(t))))
           group thing by (Name: name(thing.Thing), thing.Text) into same
           orderby same.Key.Name, same.First().In
           select new Shared<T>([.. same.Select(s => s.In)], same.First().Thing),
    ];
}

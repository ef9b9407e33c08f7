namespace LettaPS.HelpBuilder;

/// <summary>Finds the page of each cmdlet and proves that it leaves nothing out.</summary>
internal static class PageMatch
{
    public static IEnumerable<(CmdletDescription Cmdlet, CmdletPage Page)> Pair(IReadOnlyList<CmdletDescription> cmdlets, IReadOnlyList<CmdletPage> pages)
    {
        foreach (var page in pages)
        {
            var cmdlet = cmdlets.FirstOrDefault(c => c.Name == page.Name && page.Name == Path.GetFileNameWithoutExtension(page.Path))
                ?? throw new PageException(page.Path, 1, $"There is no cmdlet '{page.Name}', or the file bears another name.");
            var names = cmdlet.Parameters.Select(p => p.Parameter.Name).ToList();
            if (names.Except(page.Parameters.Keys).FirstOrDefault() is { } missing)
            {
                throw new PageException(page.Path, 1, $"The page lacks '### -{missing}'.");
            }

            if (page.Parameters.Keys.Except(names).FirstOrDefault() is { } unknown)
            {
                throw new PageException(page.Path, page.Parameters[unknown].Line, $"{page.Name} has no parameter -{unknown}.");
            }

            yield return (cmdlet, page);
        }

        if (cmdlets.FirstOrDefault(c => pages.All(p => p.Name != c.Name)) is { } bare)
        {
            throw new PageException($"docs/cmdlets/{bare.Name}.md", 1, "The cmdlet has no page.");
        }
    }
}

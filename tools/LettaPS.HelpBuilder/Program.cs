// Makes the help of the module: MAML out of docs/cmdlets/*.md and the built assembly, about_ topics out of docs/about/*.md. The words come from the pages,
// everything else (types, positions, sets, aliases, defaults) from the cmdlets themselves. A page that does not fit its cmdlet is an error of the build.
using LettaPS.HelpBuilder;

if (args is not [var module, var docs, var output])
{
    Console.Error.WriteLine("usage: LettaPS.HelpBuilder <LettaPS.dll> <docs folder> <output folder>");
    return 2;
}

try
{
    Directory.CreateDirectory(output);
    var cmdlets = CmdletDescription.ReadAll(module);
    var pages = Directory.GetFiles(Path.Combine(docs, "cmdlets"), "*.md").Order(StringComparer.Ordinal).Select(CmdletPage.Read).ToList();
    Maml.Write(Path.Combine(output, Path.GetFileName(module) + "-Help.xml"), PageMatch.Pair(cmdlets, pages));
    foreach (var topic in Directory.GetFiles(Path.Combine(docs, "about"), "about_*.md").Order(StringComparer.Ordinal))
    {
        AboutTopic.Write(topic, output);
    }

    return 0;
}
catch (PageException e)
{
    // The form that MSBuild shows as an error of the page itself.
    Console.WriteLine($"{e.Path}({e.Line}): error LPSHELP: {e.Message}");
    return 1;
}

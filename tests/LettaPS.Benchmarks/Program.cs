// Measures what the README says of speed and memory. Each measurement compares with something in the same run, so that the ratio means something on any
// machine:  dotnet run -c Release --project tests/LettaPS.Benchmarks -- <name> ...   Without a name: the list.
using LettaPS.Benchmarks;

Measurement[] all =
[
    new ImportTime(), new ExportThroughput(), new BuiltThroughput(), new ExportMemory(), new RestoreThroughput(), new SchemaTime(), new DatabaseSpeed(), new TunnelSpeed(), new HealthTime(),
    new FromDatabase(),
];

if (args is ["--child", var child, .. var rest])
{
    return await all.Single(m => m.Name == child).RunChildAsync(rest);
}

var chosen = args is ["all"] ? all : [.. args.Select(a => all.FirstOrDefault(m => m.Name == a)).OfType<Measurement>()];
if (chosen.Length == 0 || (args is not ["all"] && chosen.Length < args.Length))
{
    foreach (var measurement in all)
    {
        Console.WriteLine($"{measurement.Name,-10} {measurement.Description}");
    }

    return 2;
}

Console.WriteLine($"{Environment.ProcessorCount} cores, {System.Runtime.InteropServices.RuntimeInformation.OSDescription}, {System.Runtime.InteropServices.RuntimeInformation.FrameworkDescription}");
foreach (var measurement in chosen)
{
    Console.WriteLine();
    Console.WriteLine($"# {measurement.Name}: {measurement.Description}");
    await measurement.RunAsync();
}

return 0;

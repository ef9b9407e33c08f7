using LettaPS.Benchmarks;

var benchmarks = new Dictionary<string, Func<Task>>
{
    ["schema"] = SchemaBenchmark.RunAsync,
};

if (args is not [var name] || !benchmarks.TryGetValue(name, out var run))
{
    Console.WriteLine($"Benchmarks: {string.Join(", ", benchmarks.Keys)}");
    return 1;
}

await run();
return 0;

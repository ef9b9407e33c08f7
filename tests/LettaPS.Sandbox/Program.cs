using LettaPS.Sandbox;

if (args is ["--help" or "-h", ..])
{
    Console.WriteLine(SandboxArguments.Usage);
    return 0;
}

SandboxOptions options;
IReadOnlyList<Action<SandboxServer>> faults;
try
{
    (options, faults) = SandboxArguments.Parse(args);
}
catch (ArgumentException e)
{
    Console.Error.WriteLine(e.Message);
    return 2;
}

await using var server = await SandboxServer.StartAsync(options);
foreach (var fault in faults)
{
    fault(server);
}

Console.WriteLine(server.BaseUri);
var stop = new TaskCompletionSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    stop.TrySetResult();
};
using var terminated = System.Runtime.InteropServices.PosixSignalRegistration.Create(
    System.Runtime.InteropServices.PosixSignal.SIGTERM,
    context =>
    {
        context.Cancel = true;
        stop.TrySetResult();
    });
await stop.Task;
return 0;

using LettaPS.Sandbox;

await using var server = await SandboxServer.StartAsync(SandboxArguments.Parse(args));
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

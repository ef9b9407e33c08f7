// Shows LettaPS at work on a machine that has only the .NET SDK: a stand-in Letta server with the fleet of the story, a real PowerShell runspace with
// the built module, and the pipeline that a user would type. With -Command, any pipeline against the server that LETTA_BASE_URL and LETTA_API_KEY name.
using Quickstart;

if (args is ["-Command", var command])
{
    using var console = new ConsoleShell();
    return console.Type(command) ? 0 : 1;
}

if (args.Length > 0)
{
    await Console.Error.WriteLineAsync("Usage: dotnet run --project samples/Quickstart [-- -Command \"<pipeline>\"]");
    return 2;
}

return await Tour.RunAsync();

using System.Globalization;
using LettaPS.Sandbox.Fleets;

namespace LettaPS.Sandbox;

/// <summary>The command line of the sandbox as a program.</summary>
internal static class SandboxArguments
{
    /// <summary>What can be given.</summary>
    public const string Usage = $"""
        usage: LettaPS.Sandbox [--release 0.11.3|0.16.2|0.16.8] [--port N] [--password TEXT] [--latency MS] [--seed N]
                               [--fleet seed|group|empty|FOLDER OF RECORDED ROWS] [--upgrade fresh|damaged]
                               [--agents N [--messages N] [--message-length N] [--in-context N] [--passages N]]
                               [--fault FAULT]...
        {FaultArgument.Usage}
        """;

    /// <summary>What server is asked for, and what goes wrong with it from the start.</summary>
    public static (SandboxOptions Options, IReadOnlyList<Action<SandboxServer>> Faults) Parse(string[] arguments)
    {
        var options = new SandboxOptions();
        List<Action<SandboxServer>> faults = [];
        GeneratedOptions? generated = null;
        var fleet = "seed";
        var upgrade = Upgrade.None;
        for (var i = 0; i < arguments.Length; i += 2)
        {
            var value = i + 1 < arguments.Length ? arguments[i + 1] : throw new ArgumentException($"{arguments[i]} needs a value.\n{Usage}");
            switch (arguments[i])
            {
                case "--release": options = options with { Release = value }; break;
                case "--port": options = options with { Port = Number(value) }; break;
                case "--password": options = options with { Password = value }; break;
                case "--latency": options = options with { Latency = TimeSpan.FromMilliseconds(Number(value)) }; break;
                case "--seed": options = options with { Seed = Number(value) }; break;
                case "--fleet": fleet = value; break;
                case "--upgrade": upgrade = Enum.Parse<Upgrade>(value, ignoreCase: true); break;
                case "--agents": generated = (generated ?? new()) with { Agents = Number(value) }; break;
                case "--messages": generated = (generated ?? new()) with { Messages = Number(value) }; break;
                case "--message-length": generated = (generated ?? new()) with { MessageLength = Number(value) }; break;
                case "--in-context": generated = (generated ?? new()) with { InContext = Number(value) }; break;
                case "--passages": generated = (generated ?? new()) with { Passages = Number(value) }; break;
                case "--fault": faults.Add(FaultArgument.Parse(value)); break;
                default: throw new ArgumentException($"Unknown argument {arguments[i]}.\n{Usage}");
            }
        }

        var filled = options with
        {
            Fleet = generated is not null ? Fleet.Generated(generated) : fleet switch
            {
                "seed" => Fleet.Seed(upgrade),
                "group" => Fleet.SeedWithGroup(upgrade),
                "empty" => Fleet.Empty,
                _ when Directory.Exists(fleet) => Fleet.Recorded(fleet),
                _ => throw new ArgumentException($"Unknown fleet {fleet}.\n{Usage}"),
            },
        };
        return (filled, faults);

        static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
    }
}

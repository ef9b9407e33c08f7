using System.Management.Automation;
using LettaPS.Hosting;

namespace LettaPS.Module.Tests.Health;

/// <summary>What Test-LettaHealth gave, by the name of the check.</summary>
internal sealed class Checks
{
    private readonly Dictionary<string, PSObject> _checks;

    private Checks(IReadOnlyList<PSObject> output) => _checks = output.ToDictionary(c => $"{c.Properties["Layer"].Value}/{c.Properties["Name"].Value}");

    public static Checks Of(ShellResult result) => new(result.Succeed());

    /// <summary>Every check as <c>Status Layer/Name</c>, but those of these statuses.</summary>
    public IEnumerable<string> AllBut(params string[] statuses) =>
        _checks.Select(c => (Status: Status(c.Key), c.Key)).Where(c => !statuses.Contains(c.Status)).Select(c => $"{c.Status} {c.Key}");

    public IEnumerable<string> Names => _checks.Keys;

    public string Status(string check) => Find(check).Properties["Status"].Value.ToString()!;

    public string Message(string check) => Find(check).Get<string>("Message");

    public string? Detail(string check) => _checks[check].Get<string?>("Detail");

    public string? Recommendation(string check) => _checks[check].Get<string?>("Recommendation");

    /// <summary>A check, or the one that stands for its layer when all of the layer was skipped.</summary>
    private PSObject Find(string check) => _checks.TryGetValue(check, out var found) ? found : _checks[$"{check.Split('/')[0]}/All"];

    /// <summary>All that is said of a check, for what must be or must not be in it.</summary>
    public string Everything => string.Join('\n', _checks.Values.SelectMany(c => c.Properties.Select(p => $"{p.Value}")));
}

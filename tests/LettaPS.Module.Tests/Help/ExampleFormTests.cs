using System.Management.Automation;
using System.Management.Automation.Language;
using LettaPS.Hosting;

namespace LettaPS.Module.Tests.Help;

public sealed class ExampleFormTests : IDisposable
{
    /// <summary>Commands that examples may use although they are not installed everywhere: those of Windows, and programs.</summary>
    internal static readonly string[] Elsewhere = ["New-ScheduledTaskAction", "New-ScheduledTaskTrigger", "Register-ScheduledTask", "docker", "letta"];

    private readonly Shell _shell = new();

    public static TheoryData<string> Files => [.. Directory.GetFiles(HelpPages.Docs, "*.md", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(HelpPages.Docs, f)).Order()];

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_command_in_the_documentation_parses_and_exists_with_its_parameters(string file)
    {
        foreach (var code in HelpPages.Blocks(Path.Combine(HelpPages.Docs, file)))
        {
            var script = Parser.ParseInput(code, out _, out var errors);
            Assert.True(errors.Length == 0, $"{code}\n{string.Join('\n', errors.Select(e => e.Message))}");
            foreach (var command in script.FindAll(a => a is CommandAst, searchNestedScriptBlocks: true).Cast<CommandAst>())
            {
                Check(command, code);
            }
        }
    }

    private void Check(CommandAst command, string code)
    {
        if (command.GetCommandName() is not { } name || Elsewhere.Contains(name, StringComparer.Ordinal))
        {
            return;
        }

        var found = _shell.Run("Get-Command $args[0] -ErrorAction Ignore", name).Output;
        Assert.True(found.Count == 1, $"There is no command '{name}': {code}");
        foreach (var parameter in command.CommandElements.OfType<CommandParameterAst>())
        {
            try
            {
                Assert.NotNull(((CommandInfo)found[0].BaseObject).ResolveParameter(parameter.ParameterName));
            }
            catch (ParameterBindingException e)
            {
                Assert.Fail($"{e.Message}: {code}");
            }
        }
    }

    public void Dispose() => _shell.Dispose();
}

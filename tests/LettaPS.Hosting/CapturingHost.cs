using System.Collections.ObjectModel;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;
using System.Text;

namespace LettaPS.Hosting;

/// <summary>A PowerShell host that keeps what a console would have shown, and answers prompts from a queue.</summary>
/// <param name="width">Columns of the console.</param>
public sealed class CapturingHost(int width = 120) : PSHost
{
    public CapturedConsole Console { get; } = new(width);

    public int? ExitCode { get; private set; }

    public override string Name => "LettaPS.Hosting";

    public override Version Version { get; } = new(1, 0);

    public override Guid InstanceId { get; } = Guid.NewGuid();

    public override CultureInfo CurrentCulture => CultureInfo.InvariantCulture;

    public override CultureInfo CurrentUICulture { get; } = CultureInfo.GetCultureInfo("en-US");

    public override PSHostUserInterface UI => Console;

    public override void SetShouldExit(int exitCode) => ExitCode = exitCode;

    public override void EnterNestedPrompt() => throw new PSNotSupportedException();

    public override void ExitNestedPrompt()
    {
    }

    public override void NotifyBeginApplication()
    {
    }

    public override void NotifyEndApplication()
    {
    }
}

/// <summary>The console of a <see cref="CapturingHost"/>: one list or text for each thing that can be shown.</summary>
public sealed class CapturedConsole : PSHostUserInterface
{
    private readonly FixedRawConsole _raw;
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _errors = new();

    internal CapturedConsole(int width) => _raw = new FixedRawConsole(width);

    /// <summary>What was written as output, without colours.</summary>
    public string Text => _text.ToString();

    /// <summary>What was written as errors.</summary>
    public string Errors => _errors.ToString();

    public List<string> Warnings { get; } = [];

    public List<string> Verbose { get; } = [];

    public List<string> Debug { get; } = [];

    public List<ProgressRecord> Progress { get; } = [];

    /// <summary>The questions that were asked.</summary>
    public List<string> Prompts { get; } = [];

    /// <summary>Answers to the questions to come, as indexes of the choices.</summary>
    public Queue<int> Answers { get; } = new();

    public override PSHostRawUserInterface RawUI => _raw;

    public override bool SupportsVirtualTerminal => false;

    public override void Write(string value) => _text.Append(Plain(value));

    public override void Write(ConsoleColor foregroundColor, ConsoleColor backgroundColor, string value) => _text.Append(Plain(value));

    public override void WriteLine(string value) => _text.AppendLine(Plain(value));

    public override void WriteErrorLine(string value) => _errors.AppendLine(Plain(value));

    public override void WriteWarningLine(string message) => Warnings.Add(message);

    public override void WriteVerboseLine(string message) => Verbose.Add(message);

    public override void WriteDebugLine(string message) => Debug.Add(message);

    public override void WriteProgress(long sourceId, ProgressRecord record) => Progress.Add(record);

    public override int PromptForChoice(string caption, string message, Collection<ChoiceDescription> choices, int defaultChoice)
    {
        Prompts.Add(message);
        return Answers.TryDequeue(out var answer) ? answer : throw Unexpected(message);
    }

    public override string ReadLine() => throw Unexpected(nameof(ReadLine));

    public override SecureString ReadLineAsSecureString() => throw Unexpected(nameof(ReadLineAsSecureString));

    public override Dictionary<string, PSObject> Prompt(string caption, string message, Collection<FieldDescription> descriptions) =>
        throw Unexpected(string.Join(", ", descriptions.Select(d => d.Name)));

    public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName) => throw Unexpected(message);

    public override PSCredential PromptForCredential(
        string caption, string message, string userName, string targetName, PSCredentialTypes allowedCredentialTypes, PSCredentialUIOptions options) =>
        throw Unexpected(message);

    private static InvalidOperationException Unexpected(string prompt) => new("Unexpected prompt: " + prompt);

    // Table headers carry colours whatever $PSStyle says; a terminal without colours gets them taken out here.
    private string Plain(string value) => GetOutputString(value, SupportsVirtualTerminal);
}

internal sealed class FixedRawConsole : PSHostRawUserInterface
{
    public FixedRawConsole(int width) => BufferSize = WindowSize = new Size(width, 50);

    public override ConsoleColor BackgroundColor { get; set; } = ConsoleColor.Black;

    public override ConsoleColor ForegroundColor { get; set; } = ConsoleColor.Gray;

    public override Size BufferSize { get; set; }

    public override Size WindowSize { get; set; }

    public override Size MaxWindowSize => WindowSize;

    public override Size MaxPhysicalWindowSize => WindowSize;

    public override Coordinates CursorPosition { get; set; }

    public override Coordinates WindowPosition { get; set; }

    public override int CursorSize { get; set; } = 25;

    public override string WindowTitle { get; set; } = string.Empty;

    public override bool KeyAvailable => false;

    public override void FlushInputBuffer()
    {
    }

    public override BufferCell[,] GetBufferContents(Rectangle rectangle) => new BufferCell[0, 0];

    public override KeyInfo ReadKey(ReadKeyOptions options) => throw new InvalidOperationException("Unexpected ReadKey");

    public override void ScrollBufferContents(Rectangle source, Coordinates destination, Rectangle clip, BufferCell fill)
    {
    }

    public override void SetBufferContents(Coordinates origin, BufferCell[,] contents)
    {
    }

    public override void SetBufferContents(Rectangle rectangle, BufferCell fill)
    {
    }
}

using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace LettaPS.Completion;

/// <summary>Base of the completers: keeps the values that fit what is typed, quotes them where needed, and never throws.</summary>
internal abstract class Completer : IArgumentCompleter
{
    private const string MustBeQuoted = "'\"`$(){}[];,|&<>@#*?";

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        try
        {
            var begun = Read(Unquote(wordToComplete));
            var pattern = Pattern(begun);
            return [.. Find(begun, fakeBoundParameters).Where(c => c.Value.Length > 0 && pattern.IsMatch(c.Value)).DistinctBy(c => c.Value, StringComparer.Ordinal).Select(Result)];
        }
        catch (Exception e) when (e is not PipelineStoppedException)
        {
            // Whoever presses Tab wants values or nothing, whatever is wrong with the server or the file; the command itself will say it.
            return [];
        }
    }

    /// <summary>The values that there are.</summary>
    /// <param name="begun">What is typed so far.</param>
    /// <param name="parameters">The other parameters of the command, as far as they are known before it runs.</param>
    private protected abstract IEnumerable<Candidate> Find(string begun, IDictionary parameters);

    /// <summary>What an argument that is typed means, without its quotes.</summary>
    /// <param name="typed">The argument so far.</param>
    private protected virtual string Read(string typed) => typed;

    /// <summary>A value as it is written in a command: as it is, in single quotes, or, with control characters that a console would obey, escaped.</summary>
    internal static string Quote(string value)
    {
        if (value.Any(char.IsControl))
        {
            return $"\"{string.Concat(value.Select(Escape))}\"";
        }

        // Typographic quotes and dashes are PowerShell's too; a dash or a digit at the beginning is a parameter or a number.
        var plain = value.All(c => char.IsAscii(c) ? c > ' ' && !MustBeQuoted.Contains(c, StringComparison.Ordinal) : char.IsLetterOrDigit(c)) && value[0] is not ('-' or '~' or '%' or '.' or '!');
        return plain ? value : $"'{CodeGeneration.EscapeSingleQuotedStringContent(value)}'";
    }

    private static string Escape(char character) => character switch
    {
        _ when char.IsControl(character) => string.Create(CultureInfo.InvariantCulture, $"`u{{{(int)character:x}}}"),
        '"' or '`' or '$' or '\u201C' or '\u201D' or '\u201E' => $"`{character}",
        _ => character.ToString(),
    };

    private static CompletionResult Result(Candidate candidate) =>
        new(Quote(candidate.Argument ?? candidate.Value), Show(candidate.Value), CompletionResultType.ParameterValue, Show(candidate.ToolTip ?? candidate.Value));

    private static string Show(string text) => string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));

    private static string Unquote(string word) => word switch
    {
        ['\'', .. var rest] => rest.TrimEnd('\'').Replace("''", "'", StringComparison.Ordinal),
        ['"', .. var rest] => rest.TrimEnd('"'),
        _ => word,
    };

    /// <summary>What is typed, with * and ? as wildcards; brackets mean themselves, since names have them.</summary>
    private static WildcardPattern Pattern(string begun) => WildcardPattern.Get(
        WildcardPattern.Escape(begun).Replace("`*", "*", StringComparison.Ordinal).Replace("`?", "?", StringComparison.Ordinal) + "*", WildcardOptions.IgnoreCase);
}

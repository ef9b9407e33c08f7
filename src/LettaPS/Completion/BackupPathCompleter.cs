using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace LettaPS.Completion;

/// <summary>Completes paths as PowerShell does, but of files only those that can be a backup: agent files, dumps.</summary>
internal sealed class BackupPathCompleter : IArgumentCompleter
{
    private static readonly string[] s_extensions = [".af", ".json", ".dump", ".sql"];

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters) =>
        CompletionCompleters.CompleteFilename(wordToComplete).Where(r => r.ResultType != CompletionResultType.ProviderItem
            || s_extensions.Contains(System.IO.Path.GetExtension(r.ListItemText), StringComparer.OrdinalIgnoreCase));
}

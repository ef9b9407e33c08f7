using System.Management.Automation;
using LettaPS.Core.Compose.Model;
using LettaPS.Core.Compose.Yaml;
using LettaPS.Paths;

namespace LettaPS.Cmdlets.Base;

/// <summary>Base of the cmdlets that read compose files.</summary>
public abstract class ComposeCmdlet : AsyncCmdlet
{
    /// <summary>Variable in which compose itself looks for env files to use instead of <c>.env</c>, separated by commas.</summary>
    private const string EnvFilesVariable = "COMPOSE_ENV_FILES";

    private static readonly string[] s_extensions = [".yml", ".yaml"];

    private IYamlReader? _yaml;
    private ComposeReader? _reader;

    /// <summary>Compose files, or folders whose compose files are meant; with wildcards. Without it, those of the current folder.</summary>
    [Parameter(Position = 0)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Path { get; set; }

    /// <summary>The same, with wildcard characters taken literally.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP")]
    [ValidateNotNullOrEmpty]
    public string[]? LiteralPath { get; set; }

    /// <summary>Env files to use instead of the <c>.env</c> beside each compose file, as with <c>docker compose --env-file</c>.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? EnvFile { get; set; }

    /// <summary>Reads YAML.</summary>
    private protected IYamlReader Yaml => _yaml ??= AdapterLoadContext.Factory.OpenYaml();

    /// <summary>Reads compose files, each once.</summary>
    private protected ComposeReader Reader => _reader ??= new(Yaml, Environment.GetEnvironmentVariable, EnvFiles());

    /// <summary>Whether files were named, or are to come from the pipeline.</summary>
    private protected bool IsGiven => Path is not null || LiteralPath is not null || MyInvocation.ExpectingInput;

    /// <summary>Does something for each compose file that the parameters mean. What fails for one is a non-terminating error.</summary>
    /// <param name="work">What to do with the full paths of a file and, where it was found in a folder, of the override file that belongs to it.</param>
    private protected void ForEachFile(Action<IReadOnlyList<string>> work)
    {
        foreach (var path in Path ?? [])
        {
            ForEachFile(path, literal: false, work);
        }

        foreach (var path in LiteralPath ?? [])
        {
            ForEachFile(path, literal: true, work);
        }
    }

    /// <summary>Does something for each compose file of the current folder.</summary>
    /// <param name="work">What to do.</param>
    private protected void ForEachFileHere(Action<IReadOnlyList<string>> work)
    {
        foreach (var project in Projects(SessionState.Path.CurrentFileSystemLocation.ProviderPath))
        {
            Guard(project[0], named: false, () => work(project));
        }
    }

    /// <summary>Does something; what fails is a non-terminating error.</summary>
    /// <param name="path">The file in question; where <see langword="null"/>, which only a named one may be, what the failure itself names.</param>
    /// <param name="named">Whether the user named the file: one that merely was found may be something else than a compose file.</param>
    /// <param name="work">What to do.</param>
    private protected void Guard(string? path, bool named, Action work)
    {
        try
        {
            work();
        }
        catch (LettaException e) when (e.ErrorId == "NotCompose" && !named)
        {
            // A workflow among *.yml is nothing to speak of. One that is called a compose file is: it may have been emptied or garbled.
            if (IsCalledCompose(path!))
            {
                WriteWarning(e.Message);
            }
            else
            {
                WriteVerbose(e.Message);
            }
        }
        catch (Exception e) when (e is LettaException or IOException or UnauthorizedAccessException)
        {
            WriteError(e.ToErrorRecord(path));
        }
    }

    private void ForEachFile(string given, bool literal, Action<IReadOnlyList<string>> work) => Guard(given, named: true, () =>
    {
        var found = MyInvocation.ExpectingInput || (!literal && WildcardPattern.ContainsWildcardCharacters(given));
        foreach (var path in FilePaths.Matching(this, given, literal))
        {
            if (!Directory.Exists(path))
            {
                Guard(path, named: !found, () => work([path]));
            }
            else if (!found && Projects(path).Count == 0)
            {
                WriteError(new LettaException("NoComposeFile", LettaErrorKind.NotFound, $"There is no compose file in '{path}'.", "Name the file.", path).ToErrorRecord(path));
            }
            else
            {
                foreach (var project in Projects(path))
                {
                    Guard(project[0], named: false, () => work(project));
                }
            }
        }
    });

    private static bool IsCalledCompose(string path) => System.IO.Path.GetFileName(path).Contains("compose", StringComparison.OrdinalIgnoreCase);

    /// <summary>The compose files in a folder, each with the override file that compose puts on top of it by itself.</summary>
    internal static List<string[]> Projects(string folder)
    {
        string[] files =
        [
            .. Directory.EnumerateFiles(folder)
                .Where(f => s_extensions.Contains(System.IO.Path.GetExtension(f)) && IsCalledCompose(f))
                .Order(StringComparer.Ordinal),
        ];
        var overrides = files.Select(ComposeFile.FindDefaultOverride).OfType<string>().ToList();
        return [.. files.Except(overrides).Select(f => (string[])(ComposeFile.FindDefaultOverride(f) is { } over ? [f, over] : [f]))];
    }

    private List<string> EnvFiles()
    {
        var given = EnvFile ?? Environment.GetEnvironmentVariable(EnvFilesVariable)?.Split(',', StringSplitOptions.RemoveEmptyEntries) ?? [];
        return [.. given.Select(f => FilePaths.Resolve(this, f))];
    }
}

using System.Management.Automation;
using LettaPS.Core.Compose.Files;
using LettaPS.Core.Compose.Model;
using LettaPS.Core.Compose.Yaml;
using LettaPS.Parameters;
using LettaPS.Paths;

namespace LettaPS.Cmdlets.Base;

/// <summary>Base of the cmdlets that read compose files and other files that name images.</summary>
public abstract class ComposeCmdlet : AsyncCmdlet
{
    /// <summary>Variable in which compose itself looks for env files to use instead of <c>.env</c>, separated by commas.</summary>
    private const string EnvFilesVariable = "COMPOSE_ENV_FILES";

    private static readonly string[] s_extensions = [".yml", ".yaml"];

    private IYamlReader? _yaml;
    private ComposeReader? _reader;
    private ImageFiles? _files;

    /// <summary>Files that name images, or folders with such files; with wildcards. Without it, those of the current folder.</summary>
    [Parameter(Position = 0)]
    [PathInput]
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

    /// <summary>Reads files other than compose files.</summary>
    private protected ImageFiles Files => _files ??= new(Yaml);

    /// <summary>Does something with a compose project.</summary>
    /// <param name="paths">Full paths of a compose file and, if it was found in a folder, of those that belong on top of it.</param>
    private protected abstract void Process(IReadOnlyList<string> paths);

    /// <summary>Does something with the images that a file names which is no compose file.</summary>
    /// <param name="places">The images of Letta's, at least one.</param>
    private protected abstract void Process(IReadOnlyList<ImagePlace> places);

    /// <summary>Works on each file that the parameters mean. What fails for one is a non-terminating error.</summary>
    private protected void ForEachFile()
    {
        foreach (var path in Path ?? [])
        {
            ForEachFile(path, literal: false);
        }

        foreach (var path in LiteralPath ?? [])
        {
            ForEachFile(path, literal: true);
        }
    }

    /// <summary>Works on each file of the current folder.</summary>
    /// <returns>Whether there was one.</returns>
    private protected bool ForEachFileHere() => InFolder(SessionState.Path.CurrentFileSystemLocation.ProviderPath);

    /// <summary>The error for a folder without any file to work on.</summary>
    /// <param name="folder">The folder.</param>
    private protected static LettaException NothingIn(string folder) => new(
        ErrorIds.ComposeFileNotFound,
        LettaErrorKind.NotFound,
        $"The folder '{folder}' has no compose file and no other file that names a Letta image.",
        "Give the file or its folder: Get-LettaImagePin -Path <path>",
        folder);

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
        catch (LettaException e) when (e.ErrorId == ErrorIds.InvalidComposeFile && !named)
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
        catch (Exception e) when (e is not (RuntimeException or OperationCanceledException))
        {
            // Whatever is wrong with one file, also a defect of LettaPS, must not cost the others.
            WriteError(e.ToErrorRecord(path));
        }
    }

    private void ForEachFile(string given, bool literal) => Guard(given, named: true, () =>
    {
        var isPattern = !literal && WildcardPattern.ContainsWildcardCharacters(given);
        var found = MyInvocation.ExpectingInput || isPattern;
        string[] paths = [.. FilePaths.Matching(this, given, literal)];
        if (paths.Length == 0)
        {
            throw new LettaException(ErrorIds.PathNotFound, LettaErrorKind.NotFound, $"No file matches '{given}'.", "Check the pattern: Get-ChildItem", given);
        }

        foreach (var path in paths)
        {
            if (!Directory.Exists(path))
            {
                Guard(path, named: !found, () => ProcessFile(path));
            }
            else if (!InFolder(path) && !found)
            {
                WriteError(NothingIn(path).ToErrorRecord(path));
            }
        }
    });

    /// <summary>Works on a file, whatever its format.</summary>
    private void ProcessFile(string path)
    {
        try
        {
            if (ImageFiles.IsYaml(path) || !ImageFiles.MayName(path))
            {
                Reader.File(path);
                Process([path]);
                return;
            }
        }
        catch (LettaException e) when (e.ErrorId is ErrorIds.InvalidComposeFile || (e.ErrorId is ErrorIds.InvalidYaml && !IsCalledCompose(path)))
        {
            // A manifest, values of a chart, a template: if it names no image of Letta's, what is wrong with it as a compose file is told.
            var places = Files.Read(Reader.Source(path));
            if (places.Count == 0)
            {
                throw;
            }

            Process(places);
            return;
        }

        Process(Files.Read(Reader.Source(path)) is { Count: > 0 } found ? found : throw new LettaException(
            ErrorIds.InvalidComposeFile, LettaErrorKind.InvalidData, $"'{path}' names no Letta image.", $"List the files of the folder that name one: Get-LettaImagePin -Path '{System.IO.Path.GetDirectoryName(path)}'", path));
    }

    /// <summary>Works on the files of a folder: compose projects first, then what else names an image of Letta's.</summary>
    /// <returns>Whether there was one.</returns>
    private bool InFolder(string folder)
    {
        var any = false;
        var chosen = Chosen(folder);
        var projects = chosen is null ? Projects(folder) : [chosen];
        foreach (var project in projects)
        {
            any = true;
            Guard(project[0], named: chosen is not null, () => Process(project));
        }

        foreach (var path in Directory.EnumerateFiles(folder).Where(f => ImageFiles.MayName(f) && !projects.Any(p => p.Contains(f))).Order(StringComparer.Ordinal))
        {
            if (Reader.Mounted(path)?.Text is { } text && (text.Contains("letta", StringComparison.Ordinal) || text.Contains("memgpt", StringComparison.Ordinal)))
            {
                any |= ProcessFound(path, chosen is null);
            }
        }

        return any;
    }

    /// <summary>Works on a file of a folder if it names an image of Letta's.</summary>
    private bool ProcessFound(string path, bool mayBeCompose)
    {
        var processed = false;
        Guard(path, named: false, () =>
        {
            if (ImageFiles.IsYaml(path) && IsCompose(path))
            {
                // With COMPOSE_FILE no other file is a part of the project.
                if (mayBeCompose && (Reader.Project(path).Pins.Any() || Reader.Project(path).BuiltPins.Any()))
                {
                    processed = true;
                    Process([path]);
                }
            }
            else if (Files.Read(Reader.Source(path)) is { Count: > 0 } places)
            {
                processed = true;
                Process(places);
            }
        });
        return processed;
    }

    private bool IsCompose(string path)
    {
        try
        {
            return Reader.File(path) is not null;
        }
        catch (LettaException e) when (e.ErrorId is ErrorIds.InvalidComposeFile or ErrorIds.InvalidYaml)
        {
            return false;
        }
    }

    /// <summary>The main file of the project that a compose file is a part of: the first of those that <c>COMPOSE_FILE</c> names, or the file that an override file is put on.</summary>
    private protected string MainFileOf(string path)
    {
        var folder = System.IO.Path.GetDirectoryName(path)!;
        return Chosen(folder) is { } chosen && chosen.Contains(path) ? chosen[0] : Projects(folder).Find(p => p.Contains(path))?[0] ?? path;
    }

    private string[]? Chosen(string folder)
    {
        string[]? chosen = null;
        Guard(folder, named: true, () => chosen = Reader.ChosenFiles(folder, folder == SessionState.Path.CurrentFileSystemLocation.ProviderPath)?.ToArray());
        return chosen;
    }

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

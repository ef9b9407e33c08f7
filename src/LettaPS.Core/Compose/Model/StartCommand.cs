using System.Buffers;

namespace LettaPS.Core.Compose.Model;

/// <summary>What a container of a service does when it starts, as far as its entrypoint, its command and the scripts that they name can be read.</summary>
internal sealed class StartCommand
{
    private const int MaxDepth = 8;

    private static readonly SearchValues<char> s_nameCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

    private static readonly string[] s_shells = ["sh", "bash", "dash", "ash", "zsh"];

    /// <summary>Programs that run the command that follows them.</summary>
    private static readonly string[] s_wrappers =
        ["exec", "env", "nohup", "time", "command", "sudo", "gosu", "su-exec", "tini", "dumb-init", "setpriv", "nice", "timeout", "stdbuf", "xargs", "uv", "poetry", "run", "eval"];

    private readonly Func<string, string?> _read;
    private readonly List<string> _unread = [];
    private readonly List<IReadOnlyList<string>> _commands = [];

    private StartCommand(IReadOnlyList<string> words, Func<string, string?> read)
    {
        Words = words;
        _read = read;
        if (words.Count > 0)
        {
            Run(words, 0);
        }
    }

    /// <summary>The words of entrypoint and command.</summary>
    public IReadOnlyList<string> Words { get; }

    /// <summary>Scripts that would run and cannot be read here.</summary>
    public IReadOnlyList<string> Unread => _unread;

    /// <summary>Whether the image's own start script runs, which starts the embedded PostgreSQL and migrates the database.</summary>
    public bool RunsStartScript { get; private set; }

    /// <summary>Whether the migrations run: by the image's own start script, or by alembic.</summary>
    public bool Migrates { get; private set; }

    /// <summary>Whether the tables are made by <c>create_all</c>.</summary>
    public bool CreatesAll { get; private set; }

    /// <summary>Whether the server is started in secure mode by an option.</summary>
    public bool IsSecure => Has("--secure");

    /// <summary>Whether one of the commands has a word.</summary>
    public bool Has(string word) => _commands.Any(c => c.Contains(word));

    /// <summary>Reads what a container does when it starts.</summary>
    /// <param name="words">The words of entrypoint and command.</param>
    /// <param name="read">Gives the text of a file in the container, or <see langword="null"/> if it cannot be read here.</param>
    public static StartCommand Read(IReadOnlyList<string> words, Func<string, string?> read)
    {
        ArgumentNullException.ThrowIfNull(words);
        ArgumentNullException.ThrowIfNull(read);
        return new(words, read);
    }

    private void Run(IReadOnlyList<string> words, int depth)
    {
        // Assignments and wrappers with their options come before the program.
        var i = 0;
        while (i < words.Count && (IsAssignment(words[i]) || IsWrapper(words[i]) || (i > 0 && (words[i].StartsWith('-') || IsValueOfWrapper(words[i - 1], words[i])))))
        {
            i++;
        }

        string[] command = [.. words.Skip(i)];
        if (command.Length == 0)
        {
            return;
        }

        _commands.Add(command);
        var program = NameOf(command[0]);
        if (program == "startup.sh")
        {
            RunsStartScript = Migrates = true;
        }
        else if (program == "alembic")
        {
            Migrates |= command.Contains("upgrade");
        }
        else if (program.StartsWith("python", StringComparison.Ordinal))
        {
            Python(command);
        }
        else if (s_shells.Contains(program) || program is "source" or ".")
        {
            Shell(command, depth);
        }
        else if (program == "docker-entrypoint.sh" && command.Length > 1)
        {
            // PostgreSQL's own entrypoint, which runs what is not PostgreSQL.
            Run(command[1..], depth + 1);
        }
        else
        {
            Script(command[0], depth);
        }
    }

    private void Shell(string[] command, int depth)
    {
        for (var i = 1; i < command.Length; i++)
        {
            if (command[i].StartsWith('-') && !command[i].StartsWith("--", StringComparison.Ordinal) && command[i].EndsWith('c') && i + 1 < command.Length)
            {
                Text(command[i + 1], depth);
                return;
            }

            if (!command[i].StartsWith('-'))
            {
                if (NameOf(command[i]) == "startup.sh")
                {
                    RunsStartScript = Migrates = true;
                }
                else
                {
                    Script(command[i], depth);
                }

                return;
            }
        }
    }

    private void Python(string[] command)
    {
        var text = string.Join('\n', command.Skip(1).Select(w => _read(w) ?? w).SelectMany(t => t.Split('\n')).Where(l => !l.TrimStart().StartsWith('#')));
        CreatesAll |= text.Contains("create_all", StringComparison.Ordinal);
        Migrates |= command is [_, "-m", "alembic", .. var rest] ? rest.Contains("upgrade")
            : text.Contains("alembic", StringComparison.Ordinal) && text.Contains("upgrade", StringComparison.Ordinal);
    }

    private void Script(string path, int depth)
    {
        if (!path.Contains('/', StringComparison.Ordinal))
        {
            return;
        }

        if (depth < MaxDepth && _read(path) is { } text)
        {
            Text(text, depth);
        }
        else if (!path.StartsWith("/usr/", StringComparison.Ordinal) && !path.StartsWith("/app/bin/", StringComparison.Ordinal) && !path.StartsWith("/app/.venv/", StringComparison.Ordinal))
        {
            _unread.Add(path);
        }
    }

    private void Text(string script, int depth)
    {
        if (depth >= MaxDepth)
        {
            return;
        }

        foreach (var command in ShellScript.Commands(script))
        {
            Run(command, depth + 1);
        }

        // Python that a script has in a here-document.
        CreatesAll |= script.Split('\n').Any(l => l.Contains("create_all", StringComparison.Ordinal) && !l.TrimStart().StartsWith('#'));
    }

    private static string NameOf(string program) => program[(program.LastIndexOf('/') + 1)..];

    private static bool IsWrapper(string word) => s_wrappers.Contains(NameOf(word));

    private static bool IsAssignment(string word) =>
        word.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals && word.AsSpan(0, equals).IndexOfAnyExcept(s_nameCharacters) < 0;

    /// <summary>A user of <c>gosu</c>, a duration of <c>timeout</c>.</summary>
    private static bool IsValueOfWrapper(string wrapper, string word) => NameOf(wrapper) is "gosu" or "su-exec" or "timeout" && !word.Contains('/', StringComparison.Ordinal) && word is not "alembic";
}

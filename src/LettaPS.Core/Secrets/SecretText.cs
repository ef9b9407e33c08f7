using System.Text;
using System.Text.RegularExpressions;

namespace LettaPS.Core.Secrets;

/// <summary>
/// The grammar of secrets in text: by the names of settings, by the form of addresses and by the form of well-known tokens. Whatever the readers of addresses
/// accept as a password, <see cref="Mask"/> hides; in doubt it hides more.
/// </summary>
internal static partial class SecretText
{
    /// <summary>What stands for a secret.</summary>
    private const string Hidden = "***";

    /// <summary>How far behind the colon of <c>user:</c> an at sign still belongs to the address if blanks come before it.</summary>
    private const int LongestPassword = 200;

    /// <summary>Passwords that Letta's and PostgreSQL's images use where nothing is set, and that everybody knows.</summary>
    private static readonly string[] s_known = ["letta", "postgres", "password"];

    /// <summary>The secret in the value of a variable: all of it by the variable's name, the password of an address, or a token.</summary>
    /// <param name="name">Name of the variable.</param>
    /// <returns>The secret, or <see langword="null"/> where there is none but one that everybody knows.</returns>
    public static string? Find(string name, string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        var secret = IsSecretName(name) ? value
            : Scheme().Match(value) is { Success: true } scheme && PasswordOf(value, scheme) is { } password ? value[password]
            : Mask(value) == value ? null : value;
        return string.IsNullOrEmpty(secret) || IsKnown(secret) ? null : secret;
    }

    /// <summary>Whether a password is one that everybody knows.</summary>
    public static bool IsKnown(string? password) => s_known.Contains(password);

    /// <summary>Whether a setting of this name holds a secret: <c>PGPASSWORD</c>, <c>sslpassword</c>, <c>apiKey</c>, <c>x-api-key</c>.</summary>
    /// <param name="name">Name of a variable, a property, a parameter or a header.</param>
    public static bool IsSecretName(string name) => SecretName().IsMatch(name) && !HarmlessName().IsMatch(name);

    /// <summary>A text as it may be shown: without what looks like a secret.</summary>
    /// <param name="text">A message, a line of a log or of a file.</param>
    public static string Mask(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var masked = MaskAddresses(text);
        masked = Token().Replace(masked, static m => m.Groups["begin"].Value + Hidden);
        masked = BareUserInfo().Replace(masked, static m => $"{m.Groups["user"].Value}:{Hidden}@");
        masked = Option().Replace(masked, static m => m.Groups["name"].Value + m.Groups["sign"].Value + Hidden);
        return MaskAssignments(masked);
    }

    /// <summary>A text that was given as an address, as a message may repeat it: nothing that could be a user name or a password is left of it.</summary>
    /// <param name="address">What was given, of any form.</param>
    public static string MaskAddress(string address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var at = address.LastIndexOf('@');
        var begin = address.IndexOf("://", StringComparison.Ordinal) is >= 0 and var scheme && scheme + 3 <= at ? scheme + 3 : 0;
        return Mask(at < 0 ? address : $"{address[..begin]}{Hidden}{address[at..]}");
    }

    private static string MaskAddresses(string text)
    {
        var hidden = new List<(int Start, int End)>();
        for (var match = Scheme().Match(text); match.Success; match = Scheme().Match(text, Math.Max(match.Index + match.Length, hidden.Count > 0 ? hidden[^1].End : 0)))
        {
            if (PasswordOf(text, match) is { } password)
            {
                hidden.Add((password.Start.Value, password.End.Value));
            }

            AddParameters(text, match, hidden);
        }

        if (hidden.Count == 0)
        {
            return text;
        }

        // A password that holds an at sign may reach into the parameters.
        var result = new StringBuilder();
        var done = 0;
        foreach (var (start, end) in hidden.Where(h => h.End > h.Start).OrderBy(h => h.Start))
        {
            if (start >= done)
            {
                result.Append(text, done, start - done).Append(Hidden);
            }

            done = Math.Max(done, end);
        }

        return result.Append(text, done, text.Length - done).ToString();
    }

    /// <summary>Finds the secrets among the parameters of an address.</summary>
    private static void AddParameters(string text, Match scheme, List<(int Start, int End)> hidden)
    {
        var begin = scheme.Index + scheme.Length;
        var line = LineEnd(text, begin);
        var postgres = IsPostgres(scheme);

        // In a PostgreSQL address a value goes to the next ampersand, blanks and all; elsewhere an address ends at a blank.
        var until = postgres ? line : RunEnd(text, begin, line);
        if (postgres && text.IndexOf('@', begin, line - begin) is >= 0 and var at && text.IndexOfAny([':', '/', '@'], begin, line - begin) is var user && text[user] != '/')
        {
            // A user name and a password may hold a question mark.
            begin = at;
        }

        if (text.IndexOfAny(postgres ? ['?'] : ['?', '#'], begin, until - begin) is not (>= 0 and var query))
        {
            return;
        }

        for (var pair = query + 1; pair < until;)
        {
            var next = text.IndexOfAny(postgres ? ['&'] : ['&', ';', '#'], pair, until - pair) is >= 0 and var separator ? separator : until;
            var sign = text.IndexOf('=', pair, next - pair);
            if (sign >= 0 && IsSecretParameter(Uri.UnescapeDataString(text[pair..sign])))
            {
                hidden.Add((sign + 1, next));
            }

            pair = next + 1;
        }
    }

    /// <summary>Where the password of an address is in a text; of another address than PostgreSQL's, the user name with it if there is no password.</summary>
    private static Range? PasswordOf(string text, Match scheme)
    {
        var begin = scheme.Index + scheme.Length;
        var line = LineEnd(text, begin);
        var at = text.IndexOf('@', begin, line - begin);
        if (at < 0)
        {
            return null;
        }

        if (IsPostgres(scheme))
        {
            // A user name may hold blanks, and a password anything but an at sign.
            var userEnd = text.IndexOfAny([':', '/', '@'], begin, line - begin);
            return text[userEnd] == ':' ? (userEnd + 1)..LastAt(text, at, line) : null;
        }

        var run = RunEnd(text, begin, line);
        var authority = text.IndexOfAny(['/', '?', '#'], begin, run - begin) is >= 0 and var slash ? slash : run;
        var colon = text.IndexOf(':', begin, Math.Min(authority, at) - begin);
        if (at < run)
        {
            return colon >= 0 ? (colon + 1)..LastAt(text, at, line) : at < authority ? begin..at : null;
        }

        // A password with blanks in it: what follows the colon is no port, and the at sign is near.
        return colon < 0 || at - colon > LongestPassword || Port().IsMatch(text.AsSpan(colon + 1, run - colon - 1)) || at + 1 >= line || char.IsWhiteSpace(text[at + 1])
            ? null
            : (colon + 1)..LastAt(text, at, line);
    }

    /// <summary>The last at sign that no blank divides from one before: a password that holds one is hidden although it should be written %40.</summary>
    private static int LastAt(string text, int at, int line) => text.LastIndexOf('@', RunEnd(text, at, line) - 1);

    private static bool IsPostgres(Match scheme) => scheme.ValueSpan.StartsWith("postgres", StringComparison.OrdinalIgnoreCase);

    // LettaPS takes no address with a control character in it, so that an address ends with its line.
    private static int LineEnd(string text, int begin)
    {
        for (; begin < text.Length && text[begin] is not ('\r' or '\n'); begin++)
        {
        }

        return begin;
    }

    private static int RunEnd(string text, int begin, int line)
    {
        for (; begin < line && !char.IsWhiteSpace(text[begin]); begin++)
        {
        }

        return begin;
    }

    private static bool IsSecretParameter(string name) => IsSecretName(name) || SecretParameter().IsMatch(name);

    private static string MaskAssignments(string text)
    {
        StringBuilder? result = null;
        var done = 0;
        for (var match = Assignment().Match(text); match.Success; match = Assignment().Match(text, Math.Max(done, match.Index + match.Length)))
        {
            var name = match.Index;
            for (; name > 0 && (char.IsLetterOrDigit(text[name - 1]) || text[name - 1] is '_' or '-' or '.'); name--)
            {
            }

            var value = match.Index + match.Length;
            var word = match.Groups["word"];
            if (!IsAssigned(text[name..(word.Index + word.Length)]) || value >= text.Length)
            {
                continue;
            }

            var end = ValueEnd(text, name, value);
            (result ??= new StringBuilder()).Append(text, done, value - done).Append(Hidden);
            done = end;
        }

        return result is null ? text : result.Append(text, done, text.Length - done).ToString();
    }

    private static bool IsAssigned(string name) => (IsSecretName(name) || Key().IsMatch(name)) && !HarmlessName().IsMatch(name);

    /// <summary>Where a value ends: with its quotation marks, with the line if the setting is all of it, else with a blank.</summary>
    private static int ValueEnd(string text, int name, int value)
    {
        if (text.AsSpan(value).StartsWith(Hidden, StringComparison.Ordinal))
        {
            return value + Hidden.Length;
        }

        if (text[value] is '"' or '\'')
        {
            var quote = text[value];
            for (var i = value + 1; i < text.Length; i++)
            {
                if (text[i] == '\\')
                {
                    i++;
                }
                else if (text[i] == quote)
                {
                    return i + 1;
                }
            }

            return text.Length;
        }

        var line = LineEnd(text, value);
        if (text.AsSpan(value).StartsWith("\\\"", StringComparison.Ordinal))
        {
            // JSON in a JSON text.
            return text.IndexOf("\\\"", value + 2, StringComparison.Ordinal) is >= 0 and var closing ? closing + 2 : text.Length;
        }

        var begin = name;
        for (; begin > 0 && text[begin - 1] is not ('\r' or '\n'); begin--)
        {
        }

        if (LineStart().IsMatch(text.AsSpan(begin, name - begin)))
        {
            var last = text.IndexOf(" #", value, line - value, StringComparison.Ordinal) is >= 0 and var comment ? comment : line;
            for (; last > value && text[last - 1] == ' '; last--)
            {
            }

            return last;
        }

        var end = RunEnd(text, value, line);
        if (AuthorizationScheme().IsMatch(text.AsSpan(value, end - value)))
        {
            for (; end < line && char.IsWhiteSpace(text[end]); end++)
            {
            }

            end = RunEnd(text, end, line);
        }

        // What closes a list or a sentence is not part of the value.
        for (; end > value + 1 && text[end - 1] is ',' or '}' or ']' or ')' or '"' or '\''; end--)
        {
        }

        return end;
    }

    [GeneratedRegex(
        @"(?:password|passwd|passphrase|secret|token|credential|api[_-]?key|authorization)s?(?:_enc)?$|(?:^|[_.-])(?:pass|pwd|cookie)$|(?:access|secret|encryption|private|signing|auth|master|service|session)[_-]?keys?(?:_enc)?$",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex SecretName();

    [GeneratedRegex(
        @"(?:max|min|num|n|count|context|prompt|completion|total|input|output|reasoning|cached|thinking|budget)_?tokens?$|(?:primary|foreign|unique|public|sort|partition|cache|idempotency|duplicate|host)[_-]?keys?$|^pwd$",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex HarmlessName();

    [GeneratedRegex(@"(?:^|[_.-]|[a-z](?=K))key$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Key();

    [GeneratedRegex("^(?:key|sig|signature|auth|code|pwd)$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex SecretParameter();

    [GeneratedRegex(@"postgres(?:ql)?(?:\+\w+)?://|[a-z][a-z0-9+.-]{0,20}://", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Scheme();

    [GeneratedRegex(@"^\d{1,5}(?:[/?#.,;:)\]'""]|$)", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Port();

    [GeneratedRegex(@"(?<![\w/@.+*-])(?<user>[\w.+%-]{1,64}):(?!//)[^\s@]{1,256}@(?!sha\d+:)(?=[\w\[])", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex BareUserInfo();

    // Of the services that agents use most; a private key is hidden to its end or the text's.
    [GeneratedRegex(
        @"(?<begin>-----BEGIN [A-Z ]*PRIVATE KEY-----)[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)"
        + @"|(?<begin>(?<![\w-])(?:sk|pk|rk)[-_])[\w-]{8,}"
        + @"|(?<begin>\b(?:gh[oprsu]_|github_pat_|glpat-|xox[abeoprs]-|xapp-|AKIA|ASIA|AIza|hf_|gsk_|pplx-|r8_|tvly-|npm_|pypi-|nvapi-|dckr_pat_|figd_|lin_api_|ntn_|secret_))[\w-]{10,}"
        + @"|(?<begin>\beyJ)[\w-]+\.[\w-]+(?:\.[\w-]*)?"
        + @"|(?<begin>\b(?:[Bb]earer|[Bb]asic)\s)\s*[\w.~+/-]{8,}=*",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Token();

    [GeneratedRegex(
        @"(?<![\w-])(?<name>--(?:[\w-]{0,40}[-_])?(?:\w{0,20}(?:password|passwd|passphrase|secret|token|apikey)|api[_-]key|key|pass|auth))(?<sign>[""']?[\s,]+)(?!-)(?:""(?:\\.|[^""\\])*""|'[^']*'|[^\s""']\S*)",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Option();

    [GeneratedRegex(
        @"(?<word>(?:password|passwd|passphrase|secret|token|credential|authorization|cookie|key|pass|pwd)s?(?:_enc)?)(?:\\?[""'])?\s{0,8}(?:=>|[:=](?!:|=))(?>[^\S\r\n]{0,8})(?![{\[])",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Assignment();

    [GeneratedRegex(@"^[\s>+#""'-]*(?:(?:export|set|ENV)\s+)?[""']?$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex LineStart();

    [GeneratedRegex("^(?:bearer|basic|token|digest)$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex AuthorizationScheme();
}

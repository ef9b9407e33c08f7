using System.Text.RegularExpressions;

namespace LettaPS.Core.Schemas.Model;

/// <summary>Writes names, values and types into statements so that none of them can be anything else.</summary>
internal static partial class Sql
{
    /// <summary>A quoted identifier.</summary>
    public static string Id(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>Quoted identifiers in a list.</summary>
    public static string Ids(IEnumerable<string> names) => string.Join(", ", names.Select(Id));

    /// <summary>A quoted name in its schema.</summary>
    public static string Id(string schema, string name) => $"{Id(schema)}.{Id(name)}";

    /// <summary>A quoted value, right whatever <c>standard_conforming_strings</c> says.</summary>
    public static string Literal(string value)
    {
        var quoted = value.Replace("'", "''", StringComparison.Ordinal);
        return quoted.Contains('\\', StringComparison.Ordinal) ? $"E'{quoted.Replace("\\", "\\\\", StringComparison.Ordinal)}'" : $"'{quoted}'";
    }

    /// <summary>The sequence whose next value an expression gives, or <see langword="null"/> where it is another expression.</summary>
    public static string? SequenceOf(string? expression) =>
        expression is not null && Nextval().Match(expression) is { Success: true } match ? match.Groups["name"].Value.Replace("\"\"", "\"", StringComparison.Ordinal) : null;

    /// <summary>A type of PostgreSQL itself, such as <c>character varying(255)</c>; <see langword="null"/> for any other.</summary>
    public static string? BuiltInType(string type) => BuiltIn().IsMatch(type) ? type : null;

    [GeneratedRegex(@"^nextval\('(?:""(?<name>(?:[^""]|"""")+)""|(?<name>[^""'.]+))'::regclass\)$", RegexOptions.ExplicitCapture)]
    private static partial Regex Nextval();

    [GeneratedRegex(
        @"^(?:character varying|character|bigint|integer|smallint|boolean|text|json|jsonb|double precision|numeric|uuid|bytea|date|timestamp with(?:out)? time zone)(?:\(\d+\))?$",
        RegexOptions.ExplicitCapture)]
    private static partial Regex BuiltIn();
}

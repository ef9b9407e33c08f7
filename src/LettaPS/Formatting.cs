using System.Collections;
using System.ComponentModel;
using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using LettaPS.Core.Text;

namespace LettaPS;

/// <summary>What the views of the module print; not meant to be called by scripts.</summary>
[EditorBrowsable(EditorBrowsableState.Never)]
public static class Formatting
{
    /// <summary>What PowerShell takes where there is no console.</summary>
    private const int DefaultWidth = 120;

    private static readonly string[] s_units = ["B", "KB", "MB", "GB", "TB"];

    /// <summary>A size as a person reads it: three digits and a unit of 1,024.</summary>
    /// <param name="bytes">The size in bytes.</param>
    public static string Size(long bytes)
    {
        double value = bytes;
        var unit = 0;
        for (; value >= 999.5 && unit < s_units.Length - 1; unit++)
        {
            value /= 1024;
        }

        var digits = unit == 0 || value >= 99.95 ? "0" : value >= 9.995 ? "0.0" : "0.00";
        return value.ToString(digits, CultureInfo.CurrentCulture) + " " + s_units[unit];
    }

    /// <summary>The sign of a check's result, in its colour where the console has colours.</summary>
    /// <param name="status">The result.</param>
    /// <param name="style">PowerShell's <c>$PSStyle</c>, or <see langword="null"/>.</param>
    public static string Status(LettaHealthStatus status, PSObject? style)
    {
        var (sign, colour) = status switch
        {
            LettaHealthStatus.Passed => ("✓", "Green"),
            LettaHealthStatus.Warning => ("!", "Yellow"),
            LettaHealthStatus.Failed => ("✗", "Red"),
            _ => ("–", "BrightBlack"),
        };

        // By name, since the type is not in the reference assembly of PowerShell 5.1.
        return style?.Properties["Foreground"]?.Value is { } foreground && PSObject.AsPSObject(foreground).Properties[colour]?.Value is string begin && style.Properties["Reset"]?.Value is string end
            ? begin + sign + end
            : sign;
    }

    /// <summary>An age in whole days, hours or minutes.</summary>
    /// <param name="age">The age.</param>
    public static string Age(TimeSpan age) => AgeFormatter.Of(age);

    /// <summary>A time in the user's own zone, to the second; empty where there is none.</summary>
    /// <param name="time">The time.</param>
    public static string Time(DateTimeOffset? time) => time?.LocalDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? string.Empty;

    /// <summary>An image as a table shows it: of a digest, the first twelve digits.</summary>
    /// <param name="image">The reference, or <see langword="null"/>.</param>
    public static string Image(string? image)
    {
        const string Digest = "sha256:";
        const int Digits = 12;
        var digits = (image?.IndexOf(Digest, StringComparison.Ordinal) ?? -1) + Digest.Length;
        return image is null || digits < Digest.Length || image.Length <= digits + Digits ? image ?? string.Empty : image[..(digits + Digits)] + "…";
    }

    /// <summary>A thing of a schema with the table that it is of.</summary>
    /// <param name="table">The table, or <see langword="null"/>.</param>
    /// <param name="name">The thing; the table itself where it has no other name.</param>
    public static string SchemaObject(string? table, string? name) => string.IsNullOrEmpty(table) || table == name ? name ?? string.Empty : string.IsNullOrEmpty(name) ? table : $"{table}.{name}";

    /// <summary>A text of a server or a file, without characters that would move the console's cursor or change its colours.</summary>
    /// <param name="text">The text.</param>
    public static string Text(string? text) => UntrustedText.ForConsole(text ?? string.Empty);

    /// <summary>The message of a check, followed by the recommendation if the check failed.</summary>
    /// <param name="message">The message.</param>
    /// <param name="status">The status of the check.</param>
    /// <param name="recommendation">The recommendation, or <see langword="null"/>.</param>
    public static string WithAdvice(string? message, LettaHealthStatus status, string? recommendation) =>
        status == LettaHealthStatus.Failed && !string.IsNullOrEmpty(recommendation) ? $"{message}\n{recommendation}" : message ?? string.Empty;

    /// <summary>Why it went as it did, and what is missing, each once.</summary>
    /// <param name="reason">The reason, or <see langword="null"/>.</param>
    /// <param name="missing">What is missing.</param>
    public static string Reason(string? reason, IEnumerable? missing) =>
        string.Join(' ', new[] { reason }.Concat(missing?.Cast<object>().Select(m => m.ToString()) ?? []).Where(t => !string.IsNullOrEmpty(t)).Distinct());

    /// <summary>Several things, one a line.</summary>
    /// <param name="items">The things.</param>
    public static string Lines(IEnumerable? items) => items is null ? string.Empty : Text(string.Join('\n', items.Cast<object?>()));

    /// <summary>A text for the last column of a table, broken between words.</summary>
    /// <param name="text">The text.</param>
    /// <param name="host">PowerShell's <c>$Host</c>, whose console the table is as wide as.</param>
    /// <param name="before">Where the column begins: characters of the console that are left of it.</param>
    public static string Wrap(string? text, PSHost? host, int before)
    {
        // A table of PowerShell's leaves the last column of the console free.
        var edge = ConsoleWidth(host) - 1;
        return Wrap(text, (edge > before ? edge : DefaultWidth - 1) - before);
    }

    /// <summary>A text broken between words; PowerShell's own tables break within them.</summary>
    /// <param name="text">The text.</param>
    /// <param name="width">Width of the column.</param>
    public static string Wrap(string? text, int width)
    {
        var lines = new List<string>();
        foreach (var line in Text(text).Split('\n'))
        {
            var rest = line.TrimEnd();
            while (rest.Length > width)
            {
                // A word longer than the column is broken by PowerShell, but what follows it must not be.
                var space = rest.LastIndexOf(' ', width) is > 0 and var last ? last : rest.IndexOf(' ', width);
                if (space < 0)
                {
                    break;
                }

                lines.Add(rest[..space]);
                rest = rest[(space + 1)..];
            }

            lines.Add(rest);
        }

        return string.Join('\n', lines);
    }

    private static int ConsoleWidth(PSHost? host)
    {
        try
        {
            return host?.UI?.RawUI?.WindowSize.Width ?? DefaultWidth;
        }
        catch (Exception e) when (e is HostException or NotImplementedException or InvalidOperationException or IOException)
        {
            // Not every host has a console, and what a view's script throws leaves the cell empty.
            return DefaultWidth;
        }
    }
}

using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Reflection;

namespace LettaPS.HelpBuilder;

/// <summary>A parameter as PowerShell sees it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type, without <see cref="Nullable{T}"/>.</param>
/// <param name="Aliases">Its other names.</param>
/// <param name="Wildcards">Whether it takes wildcards.</param>
/// <param name="Default">What it is where not given; <see langword="null"/> where nothing.</param>
internal sealed record ParameterDescription(string Name, Type Type, IReadOnlyList<string> Aliases, bool Wildcards, string? Default)
{
    public bool IsSwitch => Type == typeof(SwitchParameter);

    /// <summary>The type as syntax shows it: <c>String[]</c>.</summary>
    public string TypeName => Type.Name;
}

/// <summary>How a parameter is used in one set.</summary>
internal sealed record ParameterUse(ParameterDescription Parameter, bool Mandatory, int? Position, bool FromPipeline, bool FromPipelineByName)
{
    /// <summary>In the words of PowerShell's help.</summary>
    public string PipelineInput => (FromPipeline, FromPipelineByName) switch
    {
        (true, true) => "True (ByPropertyName, ByValue)",
        (true, false) => "True (ByValue)",
        (false, true) => "True (ByPropertyName)",
        _ => "False",
    };
}

/// <summary>A cmdlet as PowerShell sees it.</summary>
/// <param name="Name">Verb and noun.</param>
/// <param name="Sets">Its parameter sets, the default first, each in the order of its syntax.</param>
/// <param name="Outputs">Names of the types it gives; empty where none.</param>
internal sealed record CmdletDescription(string Name, IReadOnlyList<IReadOnlyList<ParameterUse>> Sets, IReadOnlyList<string> Outputs)
{
    /// <summary>Each parameter once, used as in the first set that has it, by name.</summary>
    public IReadOnlyList<ParameterUse> Parameters { get; } = [.. Sets.SelectMany(s => s).DistinctBy(p => p.Parameter.Name).OrderBy(p => p.Parameter.Name, StringComparer.Ordinal)];

    /// <summary>Names of the types that can be piped in as they are; empty where none.</summary>
    public IReadOnlyList<string> Inputs { get; } =
        [.. Sets.SelectMany(s => s).Where(p => p.FromPipeline).Select(p => (p.Parameter.Type.IsArray ? p.Parameter.Type.GetElementType()! : p.Parameter.Type).FullName!).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>Describes every cmdlet of an assembly, by name.</summary>
    public static IReadOnlyList<CmdletDescription> ReadAll(string assembly) =>
    [
        .. Assembly.LoadFrom(assembly).GetExportedTypes()
            .Select(type => (Type: type, Cmdlet: type.GetCustomAttribute<CmdletAttribute>()))
            .Where(c => c.Cmdlet is not null)
            .Select(c => Read($"{c.Cmdlet!.VerbName}-{c.Cmdlet.NounName}", c.Type))
            .OrderBy(c => c.Name, StringComparer.Ordinal),
    ];

    private static CmdletDescription Read(string name, Type type)
    {
        var command = new CmdletInfo(name, type);
        var fresh = Activator.CreateInstance(type)!;
        var parameters = command.Parameters.Values.Where(p => !Cmdlet.CommonParameters.Contains(p.Name)).ToDictionary(
            p => p.Name,
            p => new ParameterDescription(
                p.Name,
                Nullable.GetUnderlyingType(p.ParameterType) ?? p.ParameterType,
                [.. p.Aliases.Order(StringComparer.Ordinal)],
                p.Attributes.OfType<SupportsWildcardsAttribute>().Any(),
                Show(type.GetProperty(p.Name)?.GetValue(fresh))));
        (fresh as IDisposable)?.Dispose();

        var sets = command.ParameterSets.OrderByDescending(s => s.IsDefault).ThenBy(s => s.Name, StringComparer.Ordinal).Select(set => (IReadOnlyList<ParameterUse>)
        [
            .. set.Parameters.Where(p => parameters.ContainsKey(p.Name))
                .Select(p => new ParameterUse(parameters[p.Name], p.IsMandatory, p.Position >= 0 ? p.Position : null, p.ValueFromPipeline, p.ValueFromPipelineByPropertyName))
                .OrderBy(p => p.Position ?? int.MaxValue).ThenByDescending(p => p.Mandatory).ThenBy(p => p.Parameter.Name is "WhatIf" or "Confirm").ThenBy(p => p.Parameter.Name, StringComparer.Ordinal),
        ]);
        var outputs = type.GetCustomAttributes<OutputTypeAttribute>().SelectMany(o => o.Type).Select(t => t.Name).Where(n => n != typeof(void).FullName);
        return new CmdletDescription(name, [.. sets], [.. outputs.Distinct()]);
    }

    private static string? Show(object? value) => value switch
    {
        null or SwitchParameter or "" or ICollection { Count: 0 } => null,
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        string text => text,
        _ => null,
    };
}

using System.Management.Automation;
using System.Reflection;
using LettaPS.Hosting;

namespace LettaPS.Module.Tests;

/// <summary>What users can name: cmdlets, parameters, output types, properties and error identifiers.</summary>
public class PublicSurfaceTests
{
    private static readonly string s_repository = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Shell.ModuleManifest)!, "..", ".."));

    [Fact]
    public void The_public_surface_changes_only_together_with_its_file()
    {
        var file = Path.Combine(s_repository, "tests", "LettaPS.Module.Tests", "PublicSurface.txt");
        var actual = string.Concat(Surface().Select(l => l + "\n"));

        if (Environment.GetEnvironmentVariable("LETTAPS_WRITE_SURFACE") == "1")
        {
            File.WriteAllText(file, actual);
        }

        // After a change that is meant: LETTAPS_WRITE_SURFACE=1 dotnet test tests/LettaPS.Module.Tests --filter PublicSurfaceTests, and an entry in CHANGELOG.md.
        Assert.Equal(File.ReadAllText(file), actual);
    }

    [Fact]
    public void Every_public_type_of_the_core_is_in_the_namespace_LettaPS()
    {
        using var shell = new Shell();

        Assert.All(Core().GetExportedTypes(), t => Assert.Equal("LettaPS", t.Namespace));
    }

    private static Assembly Core() => AppDomain.CurrentDomain.GetAssemblies().Single(a => a.GetName().Name == "LettaPS.Core");

    private static IEnumerable<string> Surface()
    {
        using var shell = new Shell();
        foreach (var cmdlet in shell.Run("Get-Command -Module LettaPS").Succeed().Select(c => (CmdletInfo)c.BaseObject).OrderBy(c => c.Name, StringComparer.Ordinal))
        {
            yield return $"cmdlet {cmdlet.Name}{(cmdlet.DefaultParameterSet is { } set ? $" (default set {set})" : string.Empty)}: {string.Join(", ", cmdlet.OutputType.Select(t => t.Name).Order(StringComparer.Ordinal))}";
            foreach (var parameter in cmdlet.Parameters.Values.Where(p => !Cmdlet.CommonParameters.Contains(p.Name) && !Cmdlet.OptionalCommonParameters.Contains(p.Name)).OrderBy(p => p.Name, StringComparer.Ordinal))
            {
                var aliases = parameter.Aliases.Count == 0 ? string.Empty : $" (alias {string.Join(", ", parameter.Aliases.Order(StringComparer.Ordinal))})";
                yield return $"  -{parameter.Name} {Name(parameter.ParameterType)}{aliases}: {string.Join("; ", parameter.ParameterSets.OrderBy(s => s.Key, StringComparer.Ordinal).Select(Describe))}";
            }
        }

        foreach (var type in Core().GetExportedTypes().OrderBy(t => t.FullName, StringComparer.Ordinal))
        {
            if (type.IsEnum)
            {
                yield return $"enum {type.Name}: {string.Join(", ", Enum.GetNames(type))}";
                continue;
            }

            yield return $"type {type.Name}";
            foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly).OrderBy(p => p.Name, StringComparer.Ordinal))
            {
                yield return $"  {property.Name} {Name(property.PropertyType)}";
            }
        }

        foreach (var id in Core().GetType("LettaPS.ErrorIds", throwOnError: true)!.GetFields(BindingFlags.Static | BindingFlags.Public).Select(f => f.Name).Order(StringComparer.Ordinal))
        {
            yield return $"error {id}";
        }
    }

    private static string Describe(KeyValuePair<string, ParameterSetMetadata> set) =>
        set.Key.Trim('_')
        + (set.Value.IsMandatory ? " mandatory" : string.Empty)
        + (set.Value.Position >= 0 ? $" position {set.Value.Position}" : string.Empty)
        + (set.Value.ValueFromPipeline ? " by value" : string.Empty)
        + (set.Value.ValueFromPipelineByPropertyName ? " by property name" : string.Empty);

    private static string Name(Type type) => type.IsGenericType
        ? $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>"
        : type.Name;
}

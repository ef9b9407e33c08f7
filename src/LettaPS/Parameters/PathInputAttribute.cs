using System.Collections;
using System.Management.Automation;

namespace LettaPS.Parameters;

/// <summary>Takes texts, which may have wildcards, and objects that have a path: files, folders, what <c>Resolve-Path</c> gives, backups. The path of an object is literal.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class PathInputAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData) => ToPath(inputData);

    private static object ToPath(object? input)
    {
        var value = input is PSObject wrapped ? wrapped.BaseObject : input;
        return value switch
        {
            // The lines of Get-Content are texts that have the path of their file as a property.
            string text => text,
            FileSystemInfo file => WildcardPattern.Escape(file.ToString()),
            PathInfo path => WildcardPattern.Escape(path.Path),
            IEnumerable several when value is not IDictionary => several.Cast<object?>().Select(ToPath).ToArray(),
            not null when PSObject.AsPSObject(input).Properties["PSPath"]?.Value is string path => WildcardPattern.Escape(path),
            not null when value.GetType().IsPrimitive => value,

            // The cause tells PowerShell to try the other parameters.
            _ => throw new ArgumentTransformationMetadataException($"'{value}' is not a path.", new PSInvalidCastException()),
        };
    }
}

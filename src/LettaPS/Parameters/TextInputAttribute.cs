using System.Collections;
using System.Management.Automation;

namespace LettaPS.Parameters;

/// <summary>Takes texts and numbers only. Without it PowerShell would take any object of the pipeline as the text that it prints, where no other parameter takes it.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class TextInputAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData) => IsText(inputData)
        ? inputData

        // The cause tells PowerShell to try the other parameters.
        : throw new ArgumentTransformationMetadataException($"'{inputData}' is not a text.", new PSInvalidCastException());

    private static bool IsText(object? input) => input switch
    {
        PSObject wrapped => IsText(wrapped.BaseObject),
        string => true,
        IEnumerable several => several.Cast<object?>().All(IsText),
        _ => input?.GetType().IsPrimitive == true,
    };
}

using System.Management.Automation;

namespace LettaPS.Parameters;

/// <summary>Refuses names that are no patterns. PowerShell itself finds that out only when the first name is compared.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class ValidateWildcardsAttribute : ValidateEnumeratedArgumentsAttribute
{
    /// <inheritdoc/>
    protected override void ValidateElement(object element)
    {
        try
        {
            _ = WildcardPattern.Get((string)element, WildcardOptions.None).IsMatch(string.Empty);
        }
        catch (WildcardPatternException e)
        {
            throw new ValidationMetadataException($"'{element}' is not a pattern: a bracket in it is not closed. A bracket that means itself is written `[ in single quotes.", e);
        }
    }
}

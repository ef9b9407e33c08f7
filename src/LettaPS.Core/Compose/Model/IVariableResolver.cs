namespace LettaPS.Core.Compose.Model;

/// <summary>Where the values of variables come from.</summary>
internal interface IVariableResolver
{
    /// <summary>The value of a variable.</summary>
    /// <returns>The pieces of its value, or <see langword="null"/> where it is not set.</returns>
    IReadOnlyList<TemplateSegment>? Find(string name);
}

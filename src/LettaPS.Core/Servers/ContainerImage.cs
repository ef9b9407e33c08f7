namespace LettaPS.Core.Servers;

/// <summary>An image that an engine has.</summary>
/// <param name="Id">Its identifier.</param>
/// <param name="Names">The names that it is known by: <c>letta/letta:0.16.2</c>.</param>
/// <param name="Environment">The variables that it sets.</param>
internal sealed record ContainerImage(string Id, IReadOnlyList<string> Names, IReadOnlyDictionary<string, string> Environment, IReadOnlyDictionary<string, string> Labels)
{
    /// <summary>Whether it is Letta Code, by its label or its name.</summary>
    public bool IsLettaCode => LettaCodeSigns.AreIn(Labels) || Names.Any(n => Compose.Model.ImageReference.Parse(n).Product == LettaImageProduct.LettaCode);
}

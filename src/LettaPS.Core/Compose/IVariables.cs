namespace LettaPS.Core.Compose;

/// <summary>Where the values of variables come from.</summary>
public interface IVariables
{
    /// <summary>The value of a variable.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The pieces of its value, or <see langword="null"/> where it is not set.</returns>
    IReadOnlyList<Piece>? Find(string name);
}

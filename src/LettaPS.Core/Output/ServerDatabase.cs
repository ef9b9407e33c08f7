namespace LettaPS;

/// <summary>The database of a server.</summary>
/// <param name="Address">Where it is.</param>
/// <param name="EncryptionKey">What the server encrypts its secrets with. Never log, print or store it. <see langword="null"/> where it has or tells none.</param>
internal sealed record ServerDatabase(DatabaseAddress Address, string? EncryptionKey)
{
    /// <summary>The variable that servers take the key from.</summary>
    public const string KeyVariable = "LETTA_ENCRYPTION_KEY";

    /// <summary>The address; never the key.</summary>
    public override string ToString() => Address.ToString();
}

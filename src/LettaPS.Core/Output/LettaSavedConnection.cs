namespace LettaPS;

/// <summary>A server under a name, as <c>Save-LettaConnection</c> keeps it. It holds no password, only where one is to be found.</summary>
/// <param name="Name">The name, which is compared in any case.</param>
/// <param name="BaseUri">Address of the server, without <c>/v1</c> and with a trailing slash.</param>
/// <remarks>It has no constructor without parameters: PowerShell would make one of any row of a table that has an address.</remarks>
public sealed record LettaSavedConnection(string Name, Uri BaseUri)
{
    /// <summary>The environment variable that holds the password; <see langword="null"/> where none does.</summary>
    public string? KeyVariable { get; init; }

    /// <summary>The vault of SecretManagement that holds the password; <see langword="null"/> where none does.</summary>
    public string? KeyVault { get; init; }

    /// <summary>Name of the password in <see cref="KeyVault"/>.</summary>
    public string? KeySecret { get; init; }

    /// <summary>Longest wait for the beginning of an answer and between two parts of it; <see langword="null"/> means 100 seconds.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Whether any TLS certificate is accepted.</summary>
    public bool SkipCertificateCheck { get; init; }

    /// <summary>Whether it is known where the password is.</summary>
    public bool HasKeyPlace => KeyVariable is not null || KeySecret is not null;

    /// <summary>Name and address.</summary>
    public override string ToString() => $"{Name} ({BaseUri})";
}

using System.Management.Automation;
using System.Net;
using System.Security;

namespace LettaPS.Parameters;

/// <summary>Finds passwords where a saved connection says they are.</summary>
internal static class ApiKeyResolver
{
    private const string Module = "Microsoft.PowerShell.SecretManagement";

    /// <summary>The password of a saved connection; <see langword="null"/> where it has none.</summary>
    /// <param name="cmdlet">In whose session the vault is asked.</param>
    /// <param name="saved">The connection.</param>
    /// <exception cref="LettaException"><c>KeyVariableNotFound</c>, <c>KeyVaultFailed</c>.</exception>
    public static SecureString? Find(PSCmdlet cmdlet, LettaSavedConnection saved) =>
        saved.KeyVariable is { } variable ? FromVariable(variable) : saved.KeySecret is { } secret ? FromVault(cmdlet, saved.KeyVault!, secret) : null;

    /// <summary>The password in an environment variable.</summary>
    /// <param name="variable">Name of the variable.</param>
    public static SecureString FromVariable(string variable) =>
        EnvironmentConnection.Key(variable) ?? throw new LettaException(
            ErrorIds.KeyVariableNotFound,
            LettaErrorKind.NotFound,
            $"The environment variable '{variable}', which holds the server's password, is not set.",
            $"Set the variable, or give the password with -ApiKey: $env:{variable} = '…'",
            variable);

    private static SecureString FromVault(PSCmdlet cmdlet, string vault, string secret)
    {
        object? found;
        try
        {
            found = cmdlet.InvokeCommand.InvokeScript(
                $"param($name, $vault) {Module}\\Get-Secret -Name $name -Vault $vault -ErrorAction Stop", secret, vault).FirstOrDefault()?.BaseObject;
        }
        catch (RuntimeException e) when (e is not PipelineStoppedException)
        {
            throw Failed(e.Message, e);
        }

        return found switch
        {
            SecureString key => key,
            PSCredential credential => credential.Password,
            string text => new NetworkCredential(string.Empty, text).SecurePassword,
            _ => throw Failed("It is not a password.", null),
        };

        LettaException Failed(string why, Exception? cause) => new(
            ErrorIds.KeyVaultFailed,
            LettaErrorKind.NotFound,
            $"The password '{secret}' cannot be read from the vault '{vault}': {why}",
            $"Unlock the vault and read it with the module {Module}: Get-Secret -Name {secret} -Vault {vault}",
            secret,
            cause);
    }
}

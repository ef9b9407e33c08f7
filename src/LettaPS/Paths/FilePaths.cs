using System.Management.Automation;

namespace LettaPS.Paths;

/// <summary>Turns PowerShell paths into paths of files and folders.</summary>
internal static class FilePaths
{
    private const string FileSystem = "FileSystem";

    /// <summary>The full path of one file or folder, which need not exist; wildcard characters are taken literally.</summary>
    /// <param name="cmdlet">Whose location counts.</param>
    public static string Resolve(PSCmdlet cmdlet, string path) => OnDrive(path, () =>
    {
        var resolved = cmdlet.SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out var provider, out _);
        return Require(resolved, provider, path);
    });

    /// <summary>The full paths of what is to be read.</summary>
    /// <param name="cmdlet">Whose location counts.</param>
    /// <param name="literal">Take wildcard characters literally.</param>
    /// <returns>The matching paths. A path without wildcards is given even where nothing is there: who reads it says so.</returns>
    public static IEnumerable<string> Matching(PSCmdlet cmdlet, string path, bool literal)
    {
        if (literal || !WildcardPattern.ContainsWildcardCharacters(path))
        {
            return [Resolve(cmdlet, literal ? path : WildcardPattern.Unescape(path))];
        }

        return OnDrive(path, () =>
        {
            var resolved = cmdlet.SessionState.Path.GetResolvedProviderPathFromPSPath(path, out var provider);
            return resolved.Select(r => Require(r, provider, path));
        });
    }

    private static T OnDrive<T>(string path, Func<T> resolve)
    {
        try
        {
            return resolve();
        }
        catch (System.Management.Automation.DriveNotFoundException e)
        {
            throw new LettaException(ErrorIds.DriveNotFound, LettaErrorKind.NotFound, $"The drive '{e.ItemName}' of the path '{path}' does not exist.", "List the drives: Get-PSDrive", path, e);
        }
    }

    private static string Require(string resolved, ProviderInfo provider, string path) => provider.Name == FileSystem
        ? resolved
        : throw new LettaException(
            ErrorIds.PathNotSupported, LettaErrorKind.InvalidInput, $"'{path}' is a path of the provider '{provider.Name}', not of the file system.", "Give the path of a file or folder: Get-PSDrive -PSProvider FileSystem", path);
}

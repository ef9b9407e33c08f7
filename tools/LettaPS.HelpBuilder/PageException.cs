namespace LettaPS.HelpBuilder;

/// <summary>A page is not of the form that CONTRIBUTING.md prescribes, or does not fit its cmdlet.</summary>
internal sealed class PageException(string path, int line, string message) : Exception(message)
{
    public string Path => path;

    /// <summary>Counted from 1.</summary>
    public int Line => line;
}

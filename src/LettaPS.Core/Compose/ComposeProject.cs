namespace LettaPS.Core.Compose;

/// <summary>Compose files that make one project, with what they include.</summary>
/// <param name="Roots">Full paths that the project was read from: the main file and those put on top of it.</param>
/// <param name="Files">The files and the variables each is read with; of two that say something of a service the later counts.</param>
/// <param name="Environment">The variables of the main file.</param>
public sealed record ComposeProject(
    IReadOnlyList<string> Roots, IReadOnlyList<(ComposeFile File, ComposeEnvironment Environment)> Files, ComposeEnvironment Environment)
{
    /// <summary>The names of all services.</summary>
    public IEnumerable<string> ServiceNames => Files.SelectMany(f => f.File.ServiceNames).Distinct();

    /// <summary>What each document of each file says of a service, in order.</summary>
    /// <param name="service">Name of the service.</param>
    public IEnumerable<ServicePart> Parts(string service) => Files
        .SelectMany(f => f.File.Find(service).Select(body => new ServicePart(service, f.File, body, f.Environment)));

    /// <summary>Every place where a service says, or inherits, which image it runs.</summary>
    /// <param name="reader">Reads what services extend.</param>
    /// <exception cref="LettaException">What a service extends cannot be read.</exception>
    public IEnumerable<ImageUse> Images(ComposeReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        foreach (var part in ServiceNames.SelectMany(Parts))
        {
            var source = reader.WithExtended(part).LastOrDefault(p => Image(p) is not null);
            if (source is not null)
            {
                yield return new(part, source, Image(source)!);
            }
        }
    }

    private static YamlScalar? Image(ServicePart part) => part.Body.Find("image") is YamlScalar { IsNull: false, Tag: not "!reset" } image ? image : null;
}

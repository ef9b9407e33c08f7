namespace LettaPS.Module.Tests.Docker;

/// <summary>Tests with containers run one after the other: side by side they would only wait for each other's disk.</summary>
[CollectionDefinition(Name)]
public sealed class DockerCollection
{
    public const string Name = "Docker";
}

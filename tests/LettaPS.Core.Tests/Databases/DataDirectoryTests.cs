using LettaPS.Core.Databases.Hosts;
using LettaPS.Core.Servers;

namespace LettaPS.Core.Tests.Databases;

public class DataDirectoryTests
{
    [Theory]
    [InlineData("docker")]
    [InlineData("podman")]
    public void Another_container_that_writes_to_the_data_directory_is_named_with_the_command_of_its_engine(string command)
    {
        var server = Container("letta", ContainerState.Exited, command);
        var other = Container("other", ContainerState.Running, command);

        var e = Assert.Throws<LettaException>(() => DataDirectory.EnsureNoOtherWriter(server, [server, other]));

        Assert.Equal("DataDirectoryInUse", e.ErrorId);
        Assert.Contains("'other'", e.Message, StringComparison.Ordinal);
        Assert.EndsWith($": {command} stop other", e.RecommendedAction, StringComparison.Ordinal);
    }

    private static ContainerFacts Container(string name, ContainerState state, string command) => new()
    {
        Id = name + "-id",
        Name = name,
        Image = "letta/letta:0.16.8",
        State = state,
        EngineCommand = command,
        Mounts = [new ContainerMount("volume", "data", "/volumes/data", "/var/lib/postgresql/data")],
    };
}

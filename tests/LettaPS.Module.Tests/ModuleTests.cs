using LettaPS.Hosting;

namespace LettaPS.Module.Tests;

public class ModuleTests
{
    [Fact]
    public void Importing_the_module_loads_nothing_from_lib()
    {
        using var shell = new Shell();

        Assert.Single(shell.Run("Get-Module LettaPS").Succeed());
        Assert.DoesNotContain(AppDomain.CurrentDomain.GetAssemblies(), a => a.GetName().Name == "LettaPS.Adapters");
    }
}

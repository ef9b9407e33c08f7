using System.Reflection;
using System.Runtime.Loader;
using LettaPS.Core;

namespace LettaPS.Hosting;

/// <summary>
/// The load context of <c>lib/</c>: LettaPS.Adapters and every third-party assembly, beside whatever versions other modules have loaded.
/// </summary>
internal sealed class AdapterContext : AssemblyLoadContext
{
    private static readonly Lazy<IAdapterDoor> s_door = new(Open);

    private readonly string _folder;

    private AdapterContext(string folder)
        : base("LettaPS", isCollectible: false) => _folder = folder;

    /// <summary>The outside world, loaded at its first use and never by importing the module.</summary>
    public static IAdapterDoor Door => s_door.Value;

    /// <inheritdoc/>
    /// <remarks>Answers only for files of <c>lib/</c>; all else, LettaPS.Core above all, comes from the default context and is there once.</remarks>
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        var path = Path.Combine(_folder, assemblyName.Name + ".dll");
        return File.Exists(path) ? LoadFromAssemblyPath(path) : null;
    }

    private static IAdapterDoor Open()
    {
        var module = Path.GetDirectoryName(typeof(AdapterContext).Assembly.Location)!;
        var context = new AdapterContext(Path.Combine(module, "lib"));
        var adapters = context.LoadFromAssemblyPath(Path.Combine(context._folder, "LettaPS.Adapters.dll"));
        var door = adapters.GetType("LettaPS.Adapters.AdapterDoor", throwOnError: true)!;
        return (IAdapterDoor)Activator.CreateInstance(door)!;
    }
}

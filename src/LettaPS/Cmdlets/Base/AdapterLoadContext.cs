using System.Reflection;
using System.Runtime.Loader;
using LettaPS.Core;

namespace LettaPS.Cmdlets.Base;

/// <summary>
/// The load context of <c>lib/</c>: LettaPS.Adapters and every third-party assembly, beside whatever versions other modules have loaded.
/// </summary>
internal sealed class AdapterLoadContext : AssemblyLoadContext
{
    private static readonly Lazy<IAdapterFactory> s_factory = new(Open);

    private readonly string _folder;

    private AdapterLoadContext(string folder)
        : base("LettaPS", isCollectible: false) => _folder = folder;

    /// <summary>The outside world, loaded at its first use and never by importing the module.</summary>
    public static IAdapterFactory Factory => s_factory.Value;

    /// <inheritdoc/>
    /// <remarks>Answers only for files of <c>lib/</c>; all else, LettaPS.Core above all, comes from the default context and is there once.</remarks>
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        var path = Path.Combine(_folder, assemblyName.Name + ".dll");
        return File.Exists(path) ? LoadFromAssemblyPath(path) : null;
    }

    private static IAdapterFactory Open()
    {
        var module = Path.GetDirectoryName(typeof(AdapterLoadContext).Assembly.Location)!;
        var context = new AdapterLoadContext(Path.Combine(module, "lib"));
        var adapters = context.LoadFromAssemblyPath(Path.Combine(context._folder, "LettaPS.Adapters.dll"));
        var factory = adapters.GetType("LettaPS.Adapters.AdapterFactory", throwOnError: true)!;
        return (IAdapterFactory)Activator.CreateInstance(factory)!;
    }
}

using LettaPS.Core.Compose.Yaml;

namespace LettaPS.Core.Compose.Model;

/// <summary>How the image of a service is built, and on which image.</summary>
/// <param name="Setting">Where it is set.</param>
/// <param name="Path">Full path of the Dockerfile; <see langword="null"/> if it is inside the compose file, or not on this machine.</param>
/// <param name="Inline">The Dockerfile inside the compose file; <see langword="null"/> if it is a file.</param>
/// <param name="Arguments">The build arguments that the compose file gives.</param>
/// <param name="Base">
/// The image that it is built on, the line of the Dockerfile that says so, and the build argument of the compose file that decides it; <see langword="null"/> if
/// that is not known.
/// </param>
internal sealed record ComposeBuild(ComposeSetting Setting, string? Path, YamlScalar? Inline, BuildArguments Arguments, (ImageReference Reference, int Line, string? Argument)? Base)
{
    /// <summary>Reads how a service is built.</summary>
    /// <param name="setting">Its <c>build</c>.</param>
    /// <param name="reader">Reads the Dockerfile.</param>
    internal static ComposeBuild Read(ComposeSetting setting, ComposeReader reader)
    {
        var (part, details) = (setting.Part, setting.Node as YamlMapping);
        var inline = details?.Find("dockerfile_inline") as YamlScalar;
        var target = part.Expand(details?.Find("target"));
        var arguments = new BuildArguments(part, details?.Find("args"));
        if (inline is not null)
        {
            var found = Dockerfile.BaseOf(inline.Value, part.File.Source, target, arguments);
            return new(setting, null, inline, arguments, found is { } b ? (b.Reference, inline.Line + b.Line, b.Argument) : null);
        }

        var context = details is null ? setting.Value : part.Expand(details.Find("context")) ?? ".";
        var name = part.Expand(details?.Find("dockerfile")) ?? "Dockerfile";
        if (context is null || context.Contains("://", StringComparison.Ordinal) || context.StartsWith("git@", StringComparison.Ordinal))
        {
            return new(setting, null, null, arguments, null);
        }

        var path = System.IO.Path.GetFullPath(name, System.IO.Path.GetFullPath(context, part.File.Folder));
        return reader.Mounted(path) is { } source
            ? new(setting, path, null, arguments, Dockerfile.BaseOf(source.Text, source, target, arguments))
            : new(setting, null, null, arguments, null);
    }
}

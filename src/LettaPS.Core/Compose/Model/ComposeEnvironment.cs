using LettaPS.Core.IO;

namespace LettaPS.Core.Compose.Model;

/// <summary>The variables that a compose file is read with: those of the process first, then those of env files.</summary>
internal sealed class ComposeEnvironment : IVariableResolver
{
    private readonly Func<string, string?> _process;
    private readonly IVariableResolver? _parent;
    private readonly Dictionary<string, IReadOnlyList<TemplateSegment>> _values = new(StringComparer.Ordinal);
    private readonly List<EnvAssignment> _assignments = [];

    /// <summary>Reads env files.</summary>
    /// <param name="process">Gives the variables of the process; they win over every file.</param>
    /// <param name="files">The files; of two that set a variable the later counts.</param>
    /// <param name="parent">Variables that win over the files, as those of a compose file do over those of one that it includes.</param>
    /// <exception cref="LettaException"><c>InvalidEnvFile</c>.</exception>
    public ComposeEnvironment(Func<string, string?> process, IEnumerable<TextFile> files, IVariableResolver? parent = null)
    {
        ArgumentNullException.ThrowIfNull(process);
        ArgumentNullException.ThrowIfNull(files);
        _process = process;
        _parent = parent;
        foreach (var assignment in files.SelectMany(EnvFile.Parse))
        {
            _assignments.Add(assignment);
            if (Evaluate(assignment) is { } value)
            {
                _values[assignment.Name] = value;
            }
        }
    }

    /// <summary>All assignments of the files in order.</summary>
    public IReadOnlyList<EnvAssignment> Assignments => _assignments;

    /// <inheritdoc/>
    public IReadOnlyList<TemplateSegment>? Find(string name) => _process(name) is { } value
        ? [new(TemplateSegmentKind.Environment, value, 0, 0, null, name)]
        : _parent?.Find(name) ?? _values.GetValueOrDefault(name);

    private IReadOnlyList<TemplateSegment>? Evaluate(EnvAssignment assignment)
    {
        switch (assignment)
        {
            case { Value: null }:
                return null;
            case { IsVerbatim: false }:
                // Escapes: the value is known, but no place in the file is a place in it.
                var text = assignment.IsLiteral ? assignment.Value : ComposeTemplate.TryParse(assignment.Value)?.Expand(this).Text;
                return [new(TemplateSegmentKind.Fixed, text ?? assignment.Value, assignment.Start, assignment.Length, assignment, assignment.Name)];
            case { IsLiteral: false } when ComposeTemplate.TryParse(assignment.Value) is { } template:
                var pieces = template.Expand(this).Pieces.Select(p => p.Assignment is null && p.Kind != TemplateSegmentKind.Environment
                    ? p with { Start = p.Start + assignment.Start, Assignment = assignment, Variable = p.Variable ?? assignment.Name }
                    : p);
                return [.. pieces.DefaultIfEmpty(new(TemplateSegmentKind.Text, string.Empty, assignment.Start, 0, assignment, assignment.Name))];
            default:
                return [new(TemplateSegmentKind.Text, assignment.Value, assignment.Start, assignment.Length, assignment, assignment.Name)];
        }
    }
}

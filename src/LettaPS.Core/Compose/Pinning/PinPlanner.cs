using LettaPS.Core.Compose.Model;
using LettaPS.Core.Compose.Yaml;
using LettaPS.Core.IO;

namespace LettaPS.Core.Compose.Pinning;

/// <summary>Works out which bytes of which files have to change so that images are pinned, and proves that nothing else does.</summary>
/// <param name="yaml">Reads YAML.</param>
/// <param name="reader">The reader that the files were read with.</param>
/// <param name="force">Change a text even where services use it that were not asked for.</param>
internal sealed class PinPlanner(IYamlReader yaml, ComposeReader reader, bool force)
{
    private readonly List<(ImageUse Use, PinTarget Target)> _pins = [];
    private readonly List<Edit> _edits = [];
    private readonly List<IReadOnlyList<string>> _projects = [];
    private readonly List<(string File, string Project)> _owners = [];

    /// <summary>Works out the changes for services of one project, and takes them into the plan.</summary>
    /// <param name="wanted">Services of the project and what each is to run.</param>
    /// <param name="refused">
    /// Told of a service whose deciding text cannot be changed, which then stays as it is: <c>InvalidPinTemplate</c>, <c>PinEnvironmentConflict</c>,
    /// <c>PinPartsNotSupported</c>, <c>PinNotSupported</c>, <c>PinVariableRequired</c>, <c>PinNotSupported</c>.
    /// </param>
    /// <exception cref="LettaException">
    /// <c>PinScopeConflict</c>, <c>PinConflict</c>: a text cannot be changed without changing more than was asked for. Nothing of the project is in the plan.
    /// </exception>
    public void Add(ComposeProject project, IEnumerable<(ImageUse Use, PinTarget Target)> wanted, Action<LettaException> refused)
    {
        ArgumentNullException.ThrowIfNull(project);
        ArgumentNullException.ThrowIfNull(wanted);
        ArgumentNullException.ThrowIfNull(refused);
        List<(ImageUse Use, PinTarget Target)> pins = [];
        List<Edit> edits = [];
        foreach (var pin in wanted)
        {
            try
            {
                Edit[] own = [.. Edits(pin.Use, pin.Target)];
                foreach (var file in own.GroupBy(e => e.Source.RealPath))
                {
                    // Tried alone first, so that what cannot be changed keeps nothing else from it.
                    _ = Apply([.. file]);
                }

                edits.AddRange(own);
                pins.Add(pin);
            }
            catch (LettaException e)
            {
                refused(e);
            }
        }

        foreach (var edit in _edits.Concat(edits))
        {
            foreach (var (use, target) in _pins.Concat(pins).Where(p => p.Target != edit.Target && edit.Decides(p.Use)))
            {
                throw Refuse(
                    ErrorIds.PinConflict,
                    use,
                    $"uses the same text as service '{edit.Use.Part.Service}', which is to run another image",
                    "Pin both to the same image, or give each an image of its own.");
            }
        }

        if (!force)
        {
            foreach (var image in project.Images.Where(i => !pins.Any(p => p.Use.IsSameAs(i))))
            {
                if (edits.FirstOrDefault(e => e.Decides(image)) is { } edit)
                {
                    throw Refuse(
                        ErrorIds.PinScopeConflict,
                        edit.Use,
                        $"shares {edit.What} with service '{image.Part.Service}', which was not asked for",
                        "Name that service too, or use -Force to change both.");
                }
            }
        }

        _pins.AddRange(pins);
        _edits.AddRange(edits);
        _projects.Add(project.Roots);
        _owners.AddRange(edits.Select(e => (e.Source.RealPath, project.Roots[0])));
    }

    /// <summary>The main files of the projects that a change is for.</summary>
    /// <param name="change">One of <see cref="Changes"/>.</param>
    public IEnumerable<string> ProjectsOf(FileChange change) => _owners.Where(o => o.File == change.Before.RealPath).Select(o => o.Project).Distinct();

    /// <summary>The changes, one for each file.</summary>
    /// <returns>Proved changes: read again, each file says the same but for the values that were to change.</returns>
    /// <exception cref="LettaException"><c>PinNotSupported</c>, <c>PinVerificationFailed</c>: the changes together could not be proved.</exception>
    public IReadOnlyList<FileChange> Changes()
    {
        FileChange[] changes = [.. _edits.GroupBy(e => e.Source.RealPath).Select(g => new FileChange(g.First().Source, Apply([.. g])))];
        var after = reader.With(changes.Select(c => c.After));
        foreach (var paths in _projects)
        {
            var images = reader.Project(paths).Images.Zip(after.Project(paths).Images);
            foreach (var (before, now) in images.Where(i => i.Second.Reference.Text != Expected(i.First)))
            {
                throw Refuse(
                    ErrorIds.PinVerificationFailed,
                    before,
                    $"would become '{now.Reference}' and not '{Expected(before)}', so that nothing is changed",
                    "Please report this with the file, and pin the image by hand.");
            }
        }

        return changes;

        string Expected(ImageUse image) =>
            (_pins.FirstOrDefault(p => p.Use.IsSameAs(image)) is { Target: { } own } ? own : _edits.FirstOrDefault(e => e.Decides(image))?.Target)
            ?.Apply(image.Reference) ?? image.Reference.Text;
    }

    private TextFile Apply(IReadOnlyList<Edit> edits)
    {
        var source = edits[0].Source;

        // From the end to the beginning, so that the positions of what is still to come stay right.
        foreach (var group in edits.GroupBy(e => e.Place).OrderByDescending(g => g.Key))
        {
            Edit[] distinct = [.. group.DistinctBy(e => (e.Start, e.Length)).OrderByDescending(e => e.Start)];
            source = distinct[0].Assignment is { } assignment
                ? ChangeAssignment(source, assignment, distinct)
                : YamlScalarEditor.Change(source, yaml.Read(source.Text, source.Path), distinct[0].Use.Node, Splice(distinct[0].Use.Node.Value, distinct, 0), yaml);
        }

        return source;
    }

    private static TextFile ChangeAssignment(TextFile source, EnvAssignment assignment, IReadOnlyList<Edit> edits)
    {
        var changed = source.WithText(Splice(source.Text, edits, 0));
        var value = Splice(assignment.Value!, edits, assignment.Start);
        var (before, after) = (EnvFile.Parse(source), EnvFile.Parse(changed));
        var proved = before.Count == after.Count && before.Zip(after).All(p =>
            (p.Second.Name, p.Second.Value, p.Second.IsLiteral) == (p.First.Name, p.First.Start == assignment.Start ? value : p.First.Value, p.First.IsLiteral));
        return proved ? changed : throw new LettaException(
            ErrorIds.PinNotSupported,
            LettaErrorKind.Refused,
            $"Line {assignment.Line} of '{source.Path}' is written in a way in which its value cannot be changed safely.",
            "Write the value on one line without escapes, and try again.",
            source.Path);
    }

    private static string Splice(string text, IReadOnlyList<Edit> edits, int offset)
    {
        foreach (var edit in edits)
        {
            text = string.Concat(text.AsSpan(0, edit.Start - offset), edit.New, text.AsSpan(edit.Start - offset + edit.Length));
        }

        return text;
    }

    /// <summary>The changes of a tag, and of a digest behind it, where each is written.</summary>
    private static IEnumerable<Edit> Edits(ImageUse use, PinTarget target)
    {
        var reference = use.Reference;
        if (use.ExpandedTemplate is null)
        {
            throw Refuse(ErrorIds.InvalidPinTemplate, use, "has a '$' that begins no variable, and compose refuses it", "Write $$ where a dollar sign is meant.");
        }

        if (target.Apply(reference) == reference.Text)
        {
            yield break;
        }

        // A tag is put in with its colon where there is none, and goes with it.
        var tagStart = reference.Tag is null || target.Tag is null ? reference.Repository.Length : reference.TagStart;
        var (tagEnd, end) = (reference.TagEnd, reference.Text.Length);
        var colon = tagStart == reference.Repository.Length ? ":" : string.Empty;
        var tag = target.Tag is null ? string.Empty : colon + target.Tag;
        var digest = target.Digest is null ? string.Empty : "@" + target.Digest;
        if (reference.Digest == target.Digest)
        {
            yield return EditOf(use, target, tagStart, tagEnd, tag);
        }
        else if (use.ExpandedTemplate.Locate(tagStart + use.Lead, end + use.Lead) is not null)
        {
            yield return EditOf(use, target, tagStart, end, tag + digest);
        }
        else
        {
            if (reference.Text[tagStart..tagEnd] != tag)
            {
                yield return EditOf(use, target, tagStart, tagEnd, tag);
            }

            yield return EditOf(use, target, tagEnd, end, digest);
        }
    }

    private static Edit EditOf(ImageUse use, PinTarget target, int start, int end, string text)
    {
        if (use.ExpandedTemplate!.Locate(start + use.Lead, end + use.Lead) is not var (piece, offset))
        {
            throw Refuse(ErrorIds.PinPartsNotSupported, use, "is put together from several variables", "Set the variables by hand.");
        }

        var edited = new Edit(use, target, piece, piece.Start + offset, end - start, text);
        return piece.Kind switch
        {
            TemplateSegmentKind.Text => edited,
            TemplateSegmentKind.Unset => edited with { Start = piece.Start, Length = piece.Length, New = $"${{{piece.Variable}:-{text}}}" },
            TemplateSegmentKind.Environment => throw Refuse(
                ErrorIds.PinEnvironmentConflict,
                use,
                $"is decided by the variable {piece.Variable} of this session, which wins over every file",
                $"Remove the variable ($env:{piece.Variable} = $null), or set it where compose is started."),
            TemplateSegmentKind.Required => throw Refuse(
                ErrorIds.PinVariableRequired,
                use,
                $"needs the variable {piece.Variable}, which is not set",
                $"Add {piece.Variable}={text} to the file .env beside the compose file."),
            _ => throw Refuse(ErrorIds.PinNotSupported, use, $"gets its tag from {piece.Variable} in a way that cannot be edited", "Write the value without escapes."),
        };
    }

    private static LettaException Refuse(string errorId, ImageUse use, string what, string advice) => new(
        errorId,
        LettaErrorKind.Refused,
        $"The image '{use.Node.Value.Trim()}' of service '{use.Part.Service}' in line {use.Line} of '{use.Source.File.Path}' {what}.",
        advice,
        use.Source.File.Path);

    /// <summary>A range of a text and what is to stand there: of an assignment's file, or of a scalar's value.</summary>
    private sealed record Edit(ImageUse Use, PinTarget Target, TemplateSegment TemplateSegment, int Start, int Length, string New)
    {
        public EnvAssignment? Assignment => TemplateSegment.Assignment;

        public TextFile Source => Assignment?.File ?? Use.Source.File.Source;

        /// <summary>Where in the file the assignment or the scalar begins.</summary>
        public int Place => Assignment?.Start ?? Use.Node.Start;

        public string What => Assignment is null ? $"line {Use.Line}" : $"the variable {Assignment.Name} in '{Assignment.File.Path}'";

        /// <summary>Whether the text that changes decides about an image.</summary>
        public bool Decides(ImageUse image) => Assignment is null
            ? image.SharesTextWith(Use)
            : image.ExpandedTemplate?.Pieces.Any(p => p.Assignment is { } a && (a.File.RealPath, a.Start) == (Source.RealPath, Place)) == true;
    }
}

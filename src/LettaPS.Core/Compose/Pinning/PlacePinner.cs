using LettaPS.Core.Compose.Files;
using LettaPS.Core.Compose.Model;
using LettaPS.Core.IO;

namespace LettaPS.Core.Compose.Pinning;

/// <summary>Works out how files other than compose files change so that images are pinned, and proves that no other image changes.</summary>
/// <param name="files">Reads the files.</param>
/// <param name="force">Change a build argument even if images use it that were not asked for.</param>
internal sealed class PlacePinner(ImageFiles files, bool force)
{
    /// <summary>Works out the change of one file.</summary>
    /// <param name="source">The file.</param>
    /// <param name="targets">What each place is to be, by its position in the file's list; those that stay as they are are not in it.</param>
    /// <returns>The change; <see langword="null"/> if nothing changes.</returns>
    /// <exception cref="LettaException"><c>PinScopeConflict</c>, <c>PinVerificationFailed</c>, <c>PinNotSupported</c>, <c>PinPartsNotSupported</c>, <c>PinNotSupported</c>, <c>ImageFileNotSupported</c>.</exception>
    public FileChange? Plan(TextFile source, IReadOnlyDictionary<int, PinTarget> targets)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(targets);
        var before = files.Read(source);
        var current = source;
        foreach (var (index, target) in targets)
        {
            var place = files.Read(current)[index];
            if (target.Apply(place.Reference) == place.Reference.Text)
            {
                continue;
            }

            current = (place.Change ?? throw place.NotEditable())(target);
        }

        var after = files.Read(current);
        for (var i = 0; i < before.Count; i++)
        {
            var expected = targets.TryGetValue(i, out var target) ? target.Apply(before[i].Reference) : before[i].Reference.Text;
            if (after.Count != before.Count || (after[i].Reference.Text != expected && targets.ContainsKey(i)))
            {
                throw new LettaException(
                    ErrorIds.PinVerificationFailed,
                    LettaErrorKind.Refused,
                    $"The image in line {before[i].Line} of '{source.Path}' would not become '{expected}', so that nothing is changed.",
                    "Please report this with the file, and pin the image by hand.",
                    source.Path);
            }

            if (after[i].Reference.Text != expected && !force)
            {
                throw new LettaException(
                    ErrorIds.PinScopeConflict,
                    LettaErrorKind.Refused,
                    $"The image in line {before[i].Line} of '{source.Path}' uses the same build argument and was not asked for.",
                    "Pin the whole file, or use -Force to change both.",
                    source.Path);
            }
        }

        return current.Text == source.Text ? null : new(source, current);
    }
}

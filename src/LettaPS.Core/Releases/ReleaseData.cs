using System.Text.Json.Serialization;

namespace LettaPS.Core.Releases;

/// <summary>The form of <c>releases.json</c>.</summary>
internal sealed record ReleaseFile(IReadOnlyList<ReleaseData> Releases, IReadOnlyList<LettaMigration> Migrations);

/// <summary>A release as <c>releases.json</c> has it.</summary>
internal sealed record ReleaseData(
    Version Version,
    DateOnly Date,
    string Head,
    string Reports,
    string BaseImage,
    IReadOnlyList<string> ApiChanges,
    IReadOnlyList<string> Warnings);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ReleaseFile))]
internal sealed partial class ReleaseJson : JsonSerializerContext;

namespace LettaPS.Core.Compose;

/// <summary>What has to be known of a release to pin its image.</summary>
/// <param name="Version">Version of the release, which is the tag of its image but for the exceptions that <see cref="LettaImageTags"/> knows.</param>
/// <param name="AlembicHead">Revision that its migrations end in.</param>
public sealed record ImageRelease(string Version, string AlembicHead);

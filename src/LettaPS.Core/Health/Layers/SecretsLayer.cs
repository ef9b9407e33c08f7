using LettaPS.Core.Json;
using LettaPS.Core.Schemas.Model;
using LettaPS.Core.Secrets;

namespace LettaPS.Core.Health.Layers;

/// <summary>Secrets that the release does not see, or cannot decrypt.</summary>
internal sealed class SecretsLayer : HealthLayer
{
    /// <inheritdoc/>
    public override LettaHealthLayer Layer => LettaHealthLayer.Secrets;

    /// <inheritdoc/>
    public override IReadOnlyList<LettaHealthLayer> RestsOn => [LettaHealthLayer.Database];

    /// <inheritdoc/>
    public override IReadOnlyList<string> Names => ["Plaintext", "Encryption"];

    /// <inheritdoc/>
    public override async Task<IReadOnlyList<Finding>> ExamineAsync(HealthContext context, CancellationToken cancellationToken)
    {
        if (await context.Database.ConfigureAwait(false) is not { } reading)
        {
            return SkipAll("Nothing says where the database is.");
        }

        var isContainerKnown = (await context.Engine.ConfigureAwait(false)).Server is not null;
        var key = await context.EncryptionKeyAsync().ConfigureAwait(false);
        return [Plaintext([.. reading.Diagnosis.Drifts().Where(d => d.Kind == LettaDriftKind.PlaintextSecret)]), Encryption(reading.Snapshot, key, isContainerKnown, context.IsDeep)];
    }

    private static Finding Plaintext(IReadOnlyList<LettaSchemaDrift> drifts) => drifts.Count == 0
        ? Finding.Pass("Plaintext", "No secret is left in a column that the release does not read.")
        : Finding.Warn(
            "Plaintext",
            $"{Finding.Few([.. drifts.Select(d => $"{d.Table}.{d.Name}")])}: {drifts[0].Effect}",
            drifts.Any(d => d.IsFixable) ? "Without LETTA_ENCRYPTION_KEY: Invoke-LettaSchemaFix -IncludeSecretColumn copies them to where they are read. With it: enter them again." : drifts[0].Recommendation,
            string.Join('\n', drifts.Select(d => $"{d.Table}.{d.Name}: {d.Actual}")));

    private static Finding Encryption(DatabaseSnapshot snapshot, string? key, bool isContainerKnown, bool isDeep)
    {
        const string Name = "Encryption";
        if (snapshot.Answer(DatabaseQueries.Encrypted) is not { } answer || answer.GetProperty("count").GetInt32() is var count && count == 0)
        {
            return Finding.Pass(Name, "No secret is encrypted.");
        }

        if (string.IsNullOrEmpty(key))
        {
            return isContainerKnown
                ? Finding.Fail(Name, $"{count} secrets are encrypted, and the server has no {ServerDatabase.KeyVariable}: it cannot read them.", $"Give the server the {ServerDatabase.KeyVariable} that it had when they were stored.")
                : Finding.Skip(Name, $"{count} secrets are encrypted. Whether the server's key opens them cannot be seen: its container is not known, and {ServerDatabase.KeyVariable} is not set here.");
        }

        if (!isDeep)
        {
            return Finding.Skip(Name, $"{count} secrets are encrypted; the key is tried with -Deep only.");
        }

        var tried = answer.Items("some").Select(s => (Place: s.StringOrNull("place")!, Opens: SecretCipher.Opens(s.StringOrNull("secret")!, key))).ToList();
        var closed = tried.Where(t => !t.Opens).Select(t => t.Place).Distinct().ToList();
        return closed.Count == 0
            ? Finding.Pass(Name, $"The key opens {tried.Count} of {count} encrypted secrets, which were tried.")
            : Finding.Fail(
                Name,
                $"The server's {ServerDatabase.KeyVariable} does not open secrets in {string.Join(", ", closed)}: reading them fails (corrupted or wrong key).",
                $"Give the server the {ServerDatabase.KeyVariable} that it had when they were stored, or store the secrets anew.");
    }
}

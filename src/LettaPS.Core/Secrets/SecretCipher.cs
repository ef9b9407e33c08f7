using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace LettaPS.Core.Secrets;

/// <summary>
/// Letta's encryption of secrets (letta/helpers/crypto_utils.py, 0.12.0 to 0.16.8): base64 of salt (16 bytes), nonce (12), ciphertext and tag (16); AES-256 in
/// GCM with a key that PBKDF2-HMAC-SHA256 derives from <c>LETTA_ENCRYPTION_KEY</c> in 100,000 rounds.
/// </summary>
internal static class SecretCipher
{
    private const int SaltSize = 16;
    private const int NonceSize = 12;
    private const int TagSize = 16;
    private const int KeySize = 32;
    private const int Rounds = 100_000;

    /// <summary>
    /// Whether a value has the form of an encrypted secret. Servers without a key keep secrets in clear in the same columns; what is only small letters and
    /// digits, as many keys of services are, is none: base64 of a salt and a tag is not.
    /// </summary>
    /// <param name="value">The value as the database holds it.</param>
    public static bool LooksEncrypted(ReadOnlySpan<byte> value) =>
        Base64.IsValid(value, out var length) && length > SaltSize + NonceSize + TagSize
        && value.IndexOfAnyInRange((byte)'A', (byte)'Z') >= 0 && value.IndexOfAnyInRange((byte)'a', (byte)'z') >= 0 && value.IndexOfAnyInRange((byte)'0', (byte)'9') >= 0;

    /// <summary>Whether a key opens an encrypted secret. What is in it is forgotten at once.</summary>
    /// <param name="secret">The secret as the database holds it.</param>
    public static bool Opens(string secret, string key)
    {
        if (Decrypt(secret, key) is not { } plain)
        {
            return false;
        }

        CryptographicOperations.ZeroMemory(plain);
        return true;
    }

    /// <summary>Opens an encrypted secret.</summary>
    /// <param name="secret">The secret as the database holds it.</param>
    /// <returns>The secret in UTF-8; <see langword="null"/> where the key does not open it.</returns>
    public static byte[]? Decrypt(string secret, string key)
    {
        var data = new byte[secret.Length];
        if (!Convert.TryFromBase64String(secret, data, out var length) || length <= SaltSize + NonceSize + TagSize)
        {
            return null;
        }

        var all = data.AsSpan(0, length);
        var cipher = all[(SaltSize + NonceSize)..^TagSize];
        var derived = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(key), all[..SaltSize], Rounds, HashAlgorithmName.SHA256, KeySize);
        var plain = new byte[cipher.Length];
        try
        {
            using var aes = new AesGcm(derived, TagSize);
            aes.Decrypt(all.Slice(SaltSize, NonceSize), cipher, all[^TagSize..], plain);
            return plain;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(derived);
        }
    }

    /// <summary>What a key can be recognised by without being told: the first eight bytes of a keyed hash of it, in hexadecimal digits.</summary>
    public static string Fingerprint(string key) =>
        Convert.ToHexString(HMACSHA256.HashData("LettaPS encryption key fingerprint"u8, Encoding.UTF8.GetBytes(key)).AsSpan(0, 8)).ToLowerInvariant();
}

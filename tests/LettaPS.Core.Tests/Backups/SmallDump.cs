using System.Security.Cryptography;
using System.Text;
using LettaPS.Core.Databases;
using LettaPS.Core.Databases.Dumps;

namespace LettaPS.Core.Tests.Backups;

/// <summary>A dump of a few bytes with its manifest.</summary>
internal static class SmallDump
{
    public static string Write(string folder, string name, string database = "letta", string? systemIdentifier = "7")
    {
        var path = Path.Combine(folder, name);
        var bytes = Encoding.UTF8.GetBytes("PGDMP " + name);
        File.WriteAllBytes(path, bytes);
        new DumpManifest
        {
            Tool = "LettaPS test",
            TakenAt = DateTimeOffset.UtcNow,
            Format = DumpFormat.Custom,
            Length = bytes.Length,
            Sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes)),
            DumpedWith = "pg_dump (PostgreSQL) 15.0",
            ServerVersion = 150000,
            SystemIdentifier = systemIdentifier,
            Database = new DatabaseFacts { Name = database, Owner = "letta", Encoding = "UTF8", Collate = "C", CType = "C", AlembicRevision = "1c28e167b74f" },
        }.Write(path, () => { });
        return path;
    }
}

using System.Buffers;
using System.Text.Json;
using LettaPS.Core.AgentFiles;
using LettaPS.Core.AgentFiles.Writing;
using LettaPS.Core.Text;

namespace LettaPS.Core.AgentTables;

/// <summary>Makes passages of an agent file from rows of <c>archival_passages</c>.</summary>
internal static class PassageCells
{
    /// <summary>Writes a passage as <see cref="PassageRow.FromApi"/> does.</summary>
    /// <returns>The JSON object.</returns>
    public static ReadOnlyMemory<byte> FromDatabase(DatabaseRow row)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, SnapshotFileWriter.WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteFields(row, AnswerFields.Passage);
            if (row.Shape.Ordinal("embedding") is var embedding && row.IsNull(embedding))
            {
                writer.WriteNull("embedding"u8);
            }
            else
            {
                PassageRow.WriteVector(writer, PgVector.ToFloats(row.Bytes(embedding)));
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }
}

namespace LettaPS;

/// <summary>In what a database differs from a release.</summary>
public enum LettaDriftKind
{
    /// <summary>The server is too old a PostgreSQL to hold the release's schema.</summary>
    ServerTooOld,

    /// <summary>An extension is not installed in the database.</summary>
    MissingExtension,

    /// <summary>An enumerated type is missing.</summary>
    MissingEnum,

    /// <summary>An enumerated type lacks a value.</summary>
    MissingEnumValue,

    /// <summary>A sequence is missing.</summary>
    MissingSequence,

    /// <summary>A table is missing.</summary>
    MissingTable,

    /// <summary>A column is missing.</summary>
    MissingColumn,

    /// <summary>A column lacks its default.</summary>
    MissingDefault,

    /// <summary>A column has another default, or one where the release has none.</summary>
    DefaultDiffers,

    /// <summary>A sequence will give values that are already in use.</summary>
    SequenceBehind,

    /// <summary>A column is of another type.</summary>
    TypeDiffers,

    /// <summary>A column refuses NULL where the release does not, or the other way round.</summary>
    NullabilityDiffers,

    /// <summary>A primary key, unique constraint or foreign key is missing.</summary>
    MissingConstraint,

    /// <summary>A constraint on the same columns has other terms.</summary>
    ConstraintDiffers,

    /// <summary>A foreign key was never checked against the rows that were there when it was added.</summary>
    NotValidConstraint,

    /// <summary>An index is missing.</summary>
    MissingIndex,

    /// <summary>An index whose building was interrupted: PostgreSQL keeps it up to date but never reads it.</summary>
    InvalidIndex,

    /// <summary>A constraint or index means the same but has another name.</summary>
    NameDiffers,

    /// <summary>A table that the release does not have.</summary>
    ExtraTable,

    /// <summary>A column that the release does not have.</summary>
    ExtraColumn,

    /// <summary>A constraint that the release does not have.</summary>
    ExtraConstraint,

    /// <summary>An index that the release does not have.</summary>
    ExtraIndex,

    /// <summary>An enumerated type that the release does not have.</summary>
    ExtraEnum,

    /// <summary>A value of an enumerated type that the release does not have.</summary>
    ExtraEnumValue,

    /// <summary>A sequence that the release does not have.</summary>
    ExtraSequence,

    /// <summary>The table <c>alembic_version</c> is missing or empty: the server's own migrations do not know the database.</summary>
    RevisionMissing,

    /// <summary>The server's own migrations have not all been run.</summary>
    RevisionBehind,

    /// <summary>The database has seen migrations that the release does not have.</summary>
    RevisionAhead,

    /// <summary>The revision is none of Letta's, or there are several.</summary>
    RevisionUnknown,

    /// <summary>A migration was interrupted halfway and every further start fails at it.</summary>
    RevisionStuck,

    /// <summary>Secrets in columns that the release no longer reads.</summary>
    PlaintextSecret,

    /// <summary>Rows in <c>messages</c> that the release damages by reading them, or has damaged.</summary>
    MessageData,
}

namespace LettaPS;

/// <summary>
/// Every identifier of an error. An identifier is a promise to scripts: it stays from release to release, and <c>docs/errors.md</c> has a row for it.
/// They come in families, by their first or last word; a new one joins a family.
/// </summary>
internal static class ErrorIds
{
    // …NotFound: what was named is not there.
    public const string AgentNotFound = nameof(AgentNotFound);
    public const string BackupNotFound = nameof(BackupNotFound);
    public const string ComposeFileNotFound = nameof(ComposeFileNotFound);
    public const string ConnectionNotFound = nameof(ConnectionNotFound);
    public const string ContainerNotFound = nameof(ContainerNotFound);
    public const string DataVolumeNotFound = nameof(DataVolumeNotFound);
    public const string DatabaseHostNotFound = nameof(DatabaseHostNotFound);
    public const string DatabaseNotFound = nameof(DatabaseNotFound);
    public const string DatabaseRoleNotFound = nameof(DatabaseRoleNotFound);
    public const string DatabaseRowsNotFound = nameof(DatabaseRowsNotFound);
    public const string DatabaseTablesNotFound = nameof(DatabaseTablesNotFound);
    public const string DigestNotFound = nameof(DigestNotFound);
    public const string DriveNotFound = nameof(DriveNotFound);
    public const string DumpManifestNotFound = nameof(DumpManifestNotFound);
    public const string DumpNotFound = nameof(DumpNotFound);
    public const string ExtendsNotFound = nameof(ExtendsNotFound);
    public const string ExtensionNotFound = nameof(ExtensionNotFound);
    public const string GitNotFound = nameof(GitNotFound);
    public const string HostNotFound = nameof(HostNotFound);
    public const string IdMapNotFound = nameof(IdMapNotFound);
    public const string IdMapServerNotFound = nameof(IdMapServerNotFound);
    public const string ImageNotFound = nameof(ImageNotFound);
    public const string KeyVariableNotFound = nameof(KeyVariableNotFound);
    public const string LettaImageNotFound = nameof(LettaImageNotFound);
    public const string ModelNotFound = nameof(ModelNotFound);
    public const string NotFound = nameof(NotFound);
    public const string OrganizationNotFound = nameof(OrganizationNotFound);
    public const string OwnerNotFound = nameof(OwnerNotFound);
    public const string PathNotFound = nameof(PathNotFound);
    public const string PostgresImageNotFound = nameof(PostgresImageNotFound);
    public const string ProgramNotFound = nameof(ProgramNotFound);
    public const string PublishedPortNotFound = nameof(PublishedPortNotFound);
    public const string ReleaseNotFound = nameof(ReleaseNotFound);
    public const string ReleaseSchemaNotFound = nameof(ReleaseSchemaNotFound);
    public const string RestoredAgentNotFound = nameof(RestoredAgentNotFound);
    public const string RevisionNotFound = nameof(RevisionNotFound);
    public const string RunningVersionNotFound = nameof(RunningVersionNotFound);
    public const string ServerNotFound = nameof(ServerNotFound);
    public const string SettingsNotFound = nameof(SettingsNotFound);
    public const string TagNotFound = nameof(TagNotFound);

    // …Exists: something with that name or identity is already there.
    public const string AgentFileExists = nameof(AgentFileExists);
    public const string BackupSetExists = nameof(BackupSetExists);
    public const string ContainerExists = nameof(ContainerExists);
    public const string DumpExists = nameof(DumpExists);
    public const string IdExists = nameof(IdExists);
    public const string LettaCodeAgentExists = nameof(LettaCodeAgentExists);
    public const string MarkdownFolderExists = nameof(MarkdownFolderExists);

    // …InUse: another command or program works on it.
    public const string AddressInUse = nameof(AddressInUse);
    public const string BackupSetInUse = nameof(BackupSetInUse);
    public const string ConnectionsFileInUse = nameof(ConnectionsFileInUse);
    public const string DataDirectoryInUse = nameof(DataDirectoryInUse);
    public const string DatabaseInUse = nameof(DatabaseInUse);
    public const string DatabaseWorkInUse = nameof(DatabaseWorkInUse);
    public const string IdMapInUse = nameof(IdMapInUse);
    public const string LettaCodeConversionInUse = nameof(LettaCodeConversionInUse);
    public const string LettaCodeInUse = nameof(LettaCodeInUse);
    public const string SchemaFixInUse = nameof(SchemaFixInUse);

    // …Denied: the credentials, the role or the file mode do not allow it.
    public const string AccessDenied = nameof(AccessDenied);
    public const string ApiKeyDenied = nameof(ApiKeyDenied);
    public const string DataDirectoryDenied = nameof(DataDirectoryDenied);
    public const string DatabaseDenied = nameof(DatabaseDenied);
    public const string DatabaseWriteDenied = nameof(DatabaseWriteDenied);
    public const string EngineAccessDenied = nameof(EngineAccessDenied);
    public const string ExtensionDenied = nameof(ExtensionDenied);
    public const string FileOwnerDenied = nameof(FileOwnerDenied);
    public const string ProxyDenied = nameof(ProxyDenied);
    public const string SchemaDenied = nameof(SchemaDenied);
    public const string SchemaFixDenied = nameof(SchemaFixDenied);

    // Invalid…: an argument, a file or an answer is not of the form that it must have.
    public const string InvalidAgentFile = nameof(InvalidAgentFile);
    public const string InvalidAnswer = nameof(InvalidAnswer);
    public const string InvalidApiKey = nameof(InvalidApiKey);
    public const string InvalidBackupSet = nameof(InvalidBackupSet);
    public const string InvalidBaseUri = nameof(InvalidBaseUri);
    public const string InvalidComposeFile = nameof(InvalidComposeFile);
    public const string InvalidConnectionsFile = nameof(InvalidConnectionsFile);
    public const string InvalidConnectionsFileMode = nameof(InvalidConnectionsFileMode);
    public const string InvalidDatabase = nameof(InvalidDatabase);
    public const string InvalidDatabaseUri = nameof(InvalidDatabaseUri);
    public const string InvalidEngineConfiguration = nameof(InvalidEngineConfiguration);
    public const string InvalidEnvFile = nameof(InvalidEnvFile);
    public const string InvalidFilePath = nameof(InvalidFilePath);
    public const string InvalidFolderPath = nameof(InvalidFolderPath);
    public const string InvalidId = nameof(InvalidId);
    public const string InvalidIdInAnswer = nameof(InvalidIdInAnswer);
    public const string InvalidIdInDatabase = nameof(InvalidIdInDatabase);
    public const string InvalidIdMap = nameof(InvalidIdMap);
    public const string InvalidLettaCodeAgent = nameof(InvalidLettaCodeAgent);
    public const string InvalidMigrations = nameof(InvalidMigrations);
    public const string InvalidModelMap = nameof(InvalidModelMap);
    public const string InvalidDestinationPath = nameof(InvalidDestinationPath);
    public const string InvalidPattern = nameof(InvalidPattern);
    public const string InvalidPinTemplate = nameof(InvalidPinTemplate);
    public const string InvalidProtocol = nameof(InvalidProtocol);
    public const string InvalidRetention = nameof(InvalidRetention);
    public const string InvalidServer = nameof(InvalidServer);
    public const string InvalidSettings = nameof(InvalidSettings);
    public const string InvalidTextFile = nameof(InvalidTextFile);
    public const string InvalidTimeout = nameof(InvalidTimeout);
    public const string InvalidVersion = nameof(InvalidVersion);
    public const string InvalidYaml = nameof(InvalidYaml);

    // …NotSupported: LettaPS or the other side cannot do this.
    public const string AppServerNotSupported = nameof(AppServerNotSupported);
    public const string BaseUriCredentialNotSupported = nameof(BaseUriCredentialNotSupported);
    public const string DataDirectoryNotSupported = nameof(DataDirectoryNotSupported);
    public const string DatabaseOptionNotSupported = nameof(DatabaseOptionNotSupported);
    public const string DatabasePoolerNotSupported = nameof(DatabasePoolerNotSupported);
    public const string DatabaseSslNotSupported = nameof(DatabaseSslNotSupported);
    public const string DatabaseTlsNotSupported = nameof(DatabaseTlsNotSupported);
    public const string FloatingTagNotSupported = nameof(FloatingTagNotSupported);
    public const string ImageFileNotSupported = nameof(ImageFileNotSupported);
    public const string LettaCodeNotSupported = nameof(LettaCodeNotSupported);
    public const string LettaCodeSchemaNotSupported = nameof(LettaCodeSchemaNotSupported);
    public const string MessageTypeNotSupported = nameof(MessageTypeNotSupported);
    public const string PathNotSupported = nameof(PathNotSupported);
    public const string PinNotSupported = nameof(PinNotSupported);
    public const string PinPartsNotSupported = nameof(PinPartsNotSupported);
    public const string PlatformNotSupported = nameof(PlatformNotSupported);
    public const string RedirectNotSupported = nameof(RedirectNotSupported);
    public const string RepositoryNotSupported = nameof(RepositoryNotSupported);

    // …Required: something must be given or allowed first.
    public const string BackupRequired = nameof(BackupRequired);
    public const string ConfirmationRequired = nameof(ConfirmationRequired);
    public const string DatabaseRequired = nameof(DatabaseRequired);
    public const string PathRequired = nameof(PathRequired);
    public const string PinTargetRequired = nameof(PinTargetRequired);
    public const string PinVariableRequired = nameof(PinVariableRequired);
    public const string ServerAddressRequired = nameof(ServerAddressRequired);

    // …Conflict: two things that were asked for exclude each other.
    public const string DestinationPathConflict = nameof(DestinationPathConflict);
    public const string ParameterConflict = nameof(ParameterConflict);
    public const string PinConflict = nameof(PinConflict);
    public const string PinEnvironmentConflict = nameof(PinEnvironmentConflict);
    public const string PinScopeConflict = nameof(PinScopeConflict);

    // …Ambiguous: more than one thing is meant.
    public const string ConnectionAmbiguous = nameof(ConnectionAmbiguous);
    public const string DatabaseContainerAmbiguous = nameof(DatabaseContainerAmbiguous);
    public const string DumpAmbiguous = nameof(DumpAmbiguous);
    public const string KeyPlaceAmbiguous = nameof(KeyPlaceAmbiguous);
    public const string ServerAmbiguous = nameof(ServerAmbiguous);

    // …Mismatch: what is there is not what it should be.
    public const string AgentMismatch = nameof(AgentMismatch);
    public const string BackupSetServerMismatch = nameof(BackupSetServerMismatch);
    public const string DumpMismatch = nameof(DumpMismatch);
    public const string MarkdownFolderMismatch = nameof(MarkdownFolderMismatch);
    public const string MigrationTargetMismatch = nameof(MigrationTargetMismatch);
    public const string RestoredRowsMismatch = nameof(RestoredRowsMismatch);
    public const string RunningImageMismatch = nameof(RunningImageMismatch);
    public const string RunningProductMismatch = nameof(RunningProductMismatch);
    public const string SchemaMismatch = nameof(SchemaMismatch);
    public const string TagMismatch = nameof(TagMismatch);

    // …Changed: somebody else changed it meanwhile.
    public const string AgentFileChanged = nameof(AgentFileChanged);
    public const string FileChanged = nameof(FileChanged);
    public const string PinChanged = nameof(PinChanged);
    public const string SchemaChanged = nameof(SchemaChanged);

    // …TooOld, …TooNew, …TooLarge, …TooSmall: a version or a size is out of range.
    public const string DatabaseTooNew = nameof(DatabaseTooNew);
    public const string DatabaseTooOld = nameof(DatabaseTooOld);
    public const string DumpTooNew = nameof(DumpTooNew);
    public const string DumpTooOld = nameof(DumpTooOld);
    public const string DumpTooSmall = nameof(DumpTooSmall);
    public const string FileTooLarge = nameof(FileTooLarge);
    public const string PostgresTooOld = nameof(PostgresTooOld);
    public const string ProgramTooOld = nameof(ProgramTooOld);
    public const string SchemaTooNew = nameof(SchemaTooNew);
    public const string TagTooOld = nameof(TagTooOld);

    // …Damaged: the content is not as it was written.
    public const string AgentFileDamaged = nameof(AgentFileDamaged);
    public const string DumpDamaged = nameof(DumpDamaged);
    public const string DumpManifestDamaged = nameof(DumpManifestDamaged);
    public const string ManifestDamaged = nameof(ManifestDamaged);
    public const string ProgramDamaged = nameof(ProgramDamaged);

    // …Incomplete: it was done in part.
    public const string DatabaseWorkIncomplete = nameof(DatabaseWorkIncomplete);
    public const string ReplacementIncomplete = nameof(ReplacementIncomplete);
    public const string RestoreIncomplete = nameof(RestoreIncomplete);
    public const string SchemaFixIncomplete = nameof(SchemaFixIncomplete);

    // …Uncertain: nobody knows whether it was done.
    public const string RestoreUncertain = nameof(RestoreUncertain);
    public const string SchemaFixUncertain = nameof(SchemaFixUncertain);

    // …Unreachable, …Unavailable, …Lost: no connection, none at present, or none any more.
    public const string ConnectionLost = nameof(ConnectionLost);
    public const string DatabaseConnectionLost = nameof(DatabaseConnectionLost);
    public const string DatabaseUnavailable = nameof(DatabaseUnavailable);
    public const string DatabaseUnreachable = nameof(DatabaseUnreachable);
    public const string EngineUnreachable = nameof(EngineUnreachable);
    public const string ServerUnavailable = nameof(ServerUnavailable);
    public const string ServerUnreachable = nameof(ServerUnreachable);

    // …Timeout: it took longer than allowed.
    public const string DatabaseTimeout = nameof(DatabaseTimeout);
    public const string DumpLockTimeout = nameof(DumpLockTimeout);
    public const string SchemaLockTimeout = nameof(SchemaLockTimeout);
    public const string SearchTimeout = nameof(SearchTimeout);
    public const string ServerStartTimeout = nameof(ServerStartTimeout);
    public const string ServerTimeout = nameof(ServerTimeout);

    // …NotRunning: a container does not run.
    public const string ContainerNotRunning = nameof(ContainerNotRunning);
    public const string DatabaseContainerNotRunning = nameof(DatabaseContainerNotRunning);
    public const string ServiceNotRunning = nameof(ServiceNotRunning);

    // …Refused: the other side or LettaPS declined.
    public const string AlembicAdoptionRefused = nameof(AlembicAdoptionRefused);
    public const string RequestRefused = nameof(RequestRefused);
    public const string TunnelRefused = nameof(TunnelRefused);

    // …Failed: it was tried and failed.
    public const string AgentFileReadFailed = nameof(AgentFileReadFailed);
    public const string BackupSetReplaceFailed = nameof(BackupSetReplaceFailed);
    public const string BackupWriteFailed = nameof(BackupWriteFailed);
    public const string ConnectionsFileReadFailed = nameof(ConnectionsFileReadFailed);
    public const string ConnectionsFileWriteFailed = nameof(ConnectionsFileWriteFailed);
    public const string ContainerStartFailed = nameof(ContainerStartFailed);
    public const string ContainerStopFailed = nameof(ContainerStopFailed);
    public const string DatabaseFailed = nameof(DatabaseFailed);
    public const string DatabaseLockFailed = nameof(DatabaseLockFailed);
    public const string DatabaseStatementFailed = nameof(DatabaseStatementFailed);
    public const string DumpFailed = nameof(DumpFailed);
    public const string DumpReadFailed = nameof(DumpReadFailed);
    public const string EngineFailed = nameof(EngineFailed);
    public const string FileRollbackFailed = nameof(FileRollbackFailed);
    public const string GitFailed = nameof(GitFailed);
    public const string IdMapWriteFailed = nameof(IdMapWriteFailed);
    public const string ItemFailed = nameof(ItemFailed);
    public const string ItemReadFailed = nameof(ItemReadFailed);
    public const string KeyVaultFailed = nameof(KeyVaultFailed);
    public const string LettaCodeVerificationFailed = nameof(LettaCodeVerificationFailed);
    public const string LettaCodeWriteFailed = nameof(LettaCodeWriteFailed);
    public const string MarkdownWriteFailed = nameof(MarkdownWriteFailed);
    public const string MigrationFailed = nameof(MigrationFailed);
    public const string PagingFailed = nameof(PagingFailed);
    public const string PinVerificationFailed = nameof(PinVerificationFailed);
    public const string RestoreFailed = nameof(RestoreFailed);
    public const string ServerFailed = nameof(ServerFailed);
    public const string ServerStartFailed = nameof(ServerStartFailed);
    public const string StorageFailed = nameof(StorageFailed);
    public const string TlsFailed = nameof(TlsFailed);

    // The operating system's and HTTP's own terms, and what LettaPS does not know.
    public const string DiskFull = nameof(DiskFull);
    public const string OutOfMemory = nameof(OutOfMemory);
    public const string TooManyRequests = nameof(TooManyRequests);
    public const string Unexpected = nameof(Unexpected);
}

using System.Text.Json;
using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Answers;

/// <summary>The JSON of everything but agents and messages, as each release answers it.</summary>
internal sealed class Shapes(Release release)
{
    private readonly bool _is016 = release >= Release.V0162;
    private readonly bool _is0168 = release >= Release.V0168;

    public void Block(Utf8JsonWriter w, BlockRow row)
    {
        w.WriteStartObject();
        BlockFields(w, row.Value, row.Limit, row.Label, row.ReadOnly, row.Description, row.Metadata ?? JsonText.EmptyObject, row);
        w.WriteEndObject();
    }

    /// <summary>A file that an agent has open, which answers show as a block of a new id each time.</summary>
    public void FileBlock(Utf8JsonWriter w, FileAgentRow row, int characterLimit, string id)
    {
        var visible = row.IsOpen ? row.VisibleContent ?? string.Empty : string.Empty;
        w.WriteStartObject();
        BlockFields(w, visible.Length > characterLimit ? visible[..characterLimit] : visible, characterLimit, row.FileName, readOnly: true, null,
            JsonText.EmptyObject, new BlockRow { Id = id });
        w.Prop("file_id"u8, row.FileId);
        w.Prop("source_id"u8, row.SourceId);
        w.Prop("is_open"u8, row.IsOpen);
        w.Prop("last_accessed_at"u8, row.LastAccessedAt);
        w.WriteEndObject();
    }

    public void Tool(Utf8JsonWriter w, ToolRow row)
    {
        w.WriteStartObject();
        w.Prop("id"u8, row.Id);
        ToolFields(w, row);
        w.WriteEndObject();
    }

    /// <summary>All of a tool but its id, which exports number.</summary>
    public void ToolFields(Utf8JsonWriter w, ToolRow row)
    {
        w.Prop("tool_type"u8, row.ToolType);
        w.Prop("description"u8, row.Description);
        w.Prop("source_type"u8, row.SourceType);
        w.Prop("name"u8, row.Name);
        w.Prop("tags"u8, row.Tags ?? []);
        w.Prop("source_code"u8, row.SourceCode);
        w.Prop("json_schema"u8, row.JsonSchema);
        w.Prop("args_json_schema"u8, row.ArgsJsonSchema);
        w.Prop("return_char_limit"u8, row.ReturnCharLimit);
        w.Prop("pip_requirements"u8, row.PipRequirements);
        w.Prop("npm_requirements"u8, row.NpmRequirements);
        if (_is016)
        {
            w.Prop("default_requires_approval"u8, row.DefaultRequiresApproval);
            w.Prop("enable_parallel_execution"u8, row.EnableParallelExecution);
        }

        w.Prop("created_by_id"u8, row.CreatedById);
        w.Prop("last_updated_by_id"u8, row.LastUpdatedById);
        w.Prop("metadata_"u8, row.Metadata ?? JsonText.EmptyObject);
        if (_is016)
        {
            w.Prop("project_id"u8, row.ProjectId);
        }
    }

    /// <summary>A source; the same row as a folder lacks one property on 0.16.</summary>
    public void Source(Utf8JsonWriter w, SourceRow row, bool asFolder)
    {
        w.WriteStartObject();
        w.Prop("name"u8, row.Name);
        w.Prop("description"u8, row.Description);
        w.Prop("instructions"u8, row.Instructions);
        w.Prop("metadata"u8, row.Metadata);
        w.Prop("id"u8, row.Id);
        ConfigShape.Embedding.Write(w, "embedding_config"u8, row.EmbeddingConfig);
        w.Prop("organization_id"u8, row.OrganizationId);
        if (_is016 && !asFolder)
        {
            w.Prop("vector_db_provider"u8, row.VectorDbProvider.ToLowerInvariant());
        }

        Stamps(w, row);
        w.WriteEndObject();
    }

    public void Source(Utf8JsonWriter w, SourceRow row) => Source(w, row, asFolder: false);

    public void Folder(Utf8JsonWriter w, SourceRow row) => Source(w, row, asFolder: true);

    /// <summary>A file; stored names begin with the source's name and a slash, which lists of files leave out.</summary>
    public static void File(Utf8JsonWriter w, FileRow row, bool withContent)
    {
        w.WriteStartObject();
        FileFields(w, row, row.SourceId, row.FileName?[(row.FileName.IndexOf('/', StringComparison.Ordinal) + 1)..], withContent);
        w.Prop("id"u8, row.Id);
        w.Prop("organization_id"u8, row.OrganizationId);
        w.Prop("created_at"u8, row.CreatedAt);
        w.Prop("updated_at"u8, row.UpdatedAt);
        w.WriteEndObject();
    }

    public static void FileFields(Utf8JsonWriter w, FileRow row, string sourceId, string? name, bool withContent)
    {
        w.Prop("source_id"u8, sourceId);
        w.Prop("file_name"u8, name);
        w.Prop("original_file_name"u8, row.OriginalFileName);
        w.Prop("file_path"u8, row.FilePath);
        w.Prop("file_type"u8, row.FileType);
        w.Prop("file_size"u8, row.FileSize);
        w.Prop("file_creation_date"u8, row.FileCreationDate);
        w.Prop("file_last_modified_date"u8, row.FileLastModifiedDate);
        w.Prop("processing_status"u8, row.ProcessingStatus);
        w.Prop("error_message"u8, row.ErrorMessage);
        w.Prop("total_chunks"u8, row.TotalChunks);
        w.Prop("chunks_embedded"u8, row.ChunksEmbedded);
        w.Prop("content"u8, withContent ? row.Content : null);
    }

    public void Passage(Utf8JsonWriter w, PassageRow row)
    {
        w.WriteStartObject();
        Stamps(w, row);
        w.Prop("is_deleted"u8, row.IsDeleted);
        w.Prop("organization_id"u8, row.OrganizationId);
        w.Prop("archive_id"u8, row.ArchiveId);
        w.Prop("source_id"u8, row.SourceId);
        w.Prop("file_id"u8, row.FileId);
        w.Prop("file_name"u8, row.FileName);
        w.Prop("metadata"u8, row.Metadata ?? JsonText.EmptyObject);
        if (_is016)
        {
            w.Prop("tags"u8, row.Tags);
        }

        w.Prop("id"u8, row.Id);
        w.Prop("text"u8, row.Text);
        if (row.Embedding is null)
        {
            w.WriteNull("embedding"u8);
        }
        else
        {
            // Stored single precision, answered as doubles, padded with zeros to the widest vector that Letta knows.
            w.WriteStartArray("embedding"u8);
            foreach (var value in row.Embedding)
            {
                w.WriteNumberValue((double)value);
            }

            for (var i = row.Embedding.Length; i < 4096; i++)
            {
                w.WriteRawValue("0.0"u8, skipInputValidation: true);
            }

            w.WriteEndArray();
        }

        ConfigShape.Embedding.Write(w, "embedding_config"u8, row.EmbeddingConfig);
        w.WriteEndObject();
    }

    public static void Archive(Utf8JsonWriter w, ArchiveRow row)
    {
        w.WriteStartObject();
        Stamps(w, row);
        w.Prop("name"u8, row.Name);
        w.Prop("description"u8, row.Description);
        w.Prop("organization_id"u8, row.OrganizationId);
        w.Prop("vector_db_provider"u8, row.VectorDbProvider.ToLowerInvariant());
        ConfigShape.Embedding.Write(w, "embedding_config"u8, row.EmbeddingConfig);
        w.Prop("metadata"u8, row.Metadata);
        w.Prop("id"u8, row.Id);
        w.WriteEndObject();
    }

    /// <summary>An identity; 0.16 shows neither its agents nor its blocks.</summary>
    public void Identity(Utf8JsonWriter w, IdentityRow row, IEnumerable<string> agentIds)
    {
        w.WriteStartObject();
        w.Prop("id"u8, row.Id);
        w.Prop("identifier_key"u8, row.IdentifierKey);
        w.Prop("name"u8, row.Name);
        w.Prop("identity_type"u8, row.IdentityType);
        w.Prop("project_id"u8, row.ProjectId);
        w.Prop("agent_ids"u8, _is016 ? [] : agentIds);
        w.Prop("block_ids"u8, _is016 ? [] : row.BlockIds);
        w.Prop("organization_id"u8, row.OrganizationId);
        w.Prop("properties"u8, row.Properties ?? JsonText.EmptyArray);
        w.WriteEndObject();
    }

    public void Group(Utf8JsonWriter w, GroupRow row)
    {
        w.WriteStartObject();
        w.Prop("id"u8, row.Id);
        w.Prop("manager_type"u8, row.ManagerType);
        w.Prop("agent_ids"u8, row.AgentIds);
        w.Prop("description"u8, row.Description);
        if (_is016)
        {
            w.Prop("project_id"u8, row.ProjectId);
            w.Prop("template_id"u8, row.TemplateId);
            w.Prop("base_template_id"u8, row.BaseTemplateId);
            w.Prop("deployment_id"u8, row.DeploymentId);
        }

        w.Prop("shared_block_ids"u8, row.SharedBlockIds);
        w.Prop("manager_agent_id"u8, row.ManagerAgentId);
        w.Prop("termination_token"u8, row.TerminationToken);
        w.Prop("max_turns"u8, row.MaxTurns);
        w.Prop("sleeptime_agent_frequency"u8, row.SleeptimeAgentFrequency);
        w.Prop("turns_counter"u8, row.TurnsCounter);
        w.Prop("last_processed_message_id"u8, row.LastProcessedMessageId);
        w.Prop("max_message_buffer_length"u8, row.MaxMessageBufferLength);
        w.Prop("min_message_buffer_length"u8, row.MinMessageBufferLength);
        if (_is016)
        {
            w.Prop("hidden"u8, row.Hidden);
        }

        w.WriteEndObject();
    }

    public void Conversation(Utf8JsonWriter w, ConversationRow row)
    {
        w.WriteStartObject();
        Stamps(w, row);
        w.Prop("id"u8, row.Id);
        w.Prop("agent_id"u8, row.AgentId);
        w.Prop("summary"u8, row.Summary);
        w.Prop("in_context_message_ids"u8, row.InContextMessageIds);
        if (_is0168)
        {
            w.Prop("isolated_block_ids"u8, row.IsolatedBlockIds);
            w.Prop("model"u8, row.Model);
            w.Prop("model_settings"u8, row.ModelSettings);
            w.Prop("last_message_at"u8, row.LastMessageAt);
        }

        w.WriteEndObject();
    }

    public void Run(Utf8JsonWriter w, RunRow row)
    {
        w.WriteStartObject();
        if (_is016)
        {
            w.Prop("id"u8, row.Id);
            w.Prop("status"u8, row.Status);
            w.Prop("created_at"u8, row.CreatedAt);
            w.PropNaive("completed_at"u8, row.CompletedAt);
            w.Prop("agent_id"u8, row.AgentId);
            w.Prop("conversation_id"u8, row.ConversationId);
            w.WriteNull("base_template_id"u8);
            w.Prop("background"u8, row.Background);
            w.Prop("metadata"u8, row.Metadata);
            w.Prop("request_config"u8, row.RequestConfig);
            w.Prop("stop_reason"u8, row.StopReason);
            Callbacks(w, row);
        }
        else
        {
            Stamps(w, row);
            w.Prop("status"u8, row.Status);
            w.PropNaive("completed_at"u8, row.CompletedAt);
            w.Prop("metadata"u8, row.Metadata);
            w.Prop("job_type"u8, row.JobType);
            Callbacks(w, row);
            w.Prop("id"u8, row.Id);
            w.Prop("user_id"u8, row.UserId);
            w.WriteNull("request_config"u8);
        }

        w.WriteEndObject();
    }

    /// <summary>An environment variable, which 0.16 calls a secret; its value is shown by 0.11, and by 0.16 where it is in the new column.</summary>
    public void EnvironmentVariable(Utf8JsonWriter w, EnvironmentVariableRow row)
    {
        w.WriteStartObject();
        if (_is016)
        {
            w.WriteNull("created_by_id"u8);
            w.WriteNull("last_updated_by_id"u8);
            w.WriteNull("created_at"u8);
            w.WriteNull("updated_at"u8);
        }
        else
        {
            Stamps(w, row);
        }

        w.Prop("id"u8, row.Id);
        w.Prop("key"u8, row.Key);
        w.Prop("value"u8, _is016 ? row.ValueEnc ?? "<encrypted>" : row.Value);
        w.Prop("description"u8, row.Description);
        w.Prop("organization_id"u8, row.OrganizationId);
        if (_is016)
        {
            w.Prop("value_enc"u8, row.ValueEnc);
        }

        w.Prop("agent_id"u8, row.AgentId);
        w.WriteEndObject();
    }

    public static void SandboxConfig(Utf8JsonWriter w, SandboxConfigRow row)
    {
        w.WriteStartObject();
        Stamps(w, row);
        w.Prop("id"u8, row.Id);
        w.Prop("type"u8, row.Type.ToLowerInvariant());
        w.Prop("organization_id"u8, row.OrganizationId);
        w.Prop("config"u8, row.Config);
        w.WriteEndObject();
    }

    public void Provider(Utf8JsonWriter w, ProviderRow row)
    {
        w.WriteStartObject();
        w.Prop("id"u8, row.Id);
        w.Prop("name"u8, row.Name);
        w.Prop("provider_type"u8, row.ProviderType);
        w.Prop("provider_category"u8, row.ProviderCategory);
        w.Prop("api_key"u8, row.ApiKey);
        w.Prop("base_url"u8, row.BaseUrl);
        w.WriteNull("access_key"u8);
        w.WriteNull("region"u8);
        if (_is016)
        {
            w.WriteNull("api_version"u8);
        }

        w.Prop("organization_id"u8, row.OrganizationId);
        w.Prop("updated_at"u8, row.UpdatedAt);
        if (_is0168)
        {
            w.Prop("last_synced"u8, row.LastSynced);
        }

        if (_is016)
        {
            w.Prop("api_key_enc"u8, row.ApiKey);
            w.WriteNull("access_key_enc"u8);
        }

        w.WriteEndObject();
    }

    public static void McpServer(Utf8JsonWriter w, McpServerRow row)
    {
        w.WriteStartObject();
        w.Prop("mcp_server_type"u8, row.ServerType);
        if (row.StdioConfig is { } stdio)
        {
            w.Prop("command"u8, stdio.Property("command"));
            w.Prop("args"u8, stdio.Property("args"));
            w.Prop("env"u8, stdio.Property("env"));
        }
        else
        {
            w.Prop("server_url"u8, row.ServerUrl);
            w.Prop("auth_header"u8, row.Token is null ? null : "Authorization");
            w.Prop("auth_token"u8, row.Token);
            w.Prop("custom_headers"u8, row.CustomHeaders);
        }

        w.Prop("id"u8, row.Id);
        w.Prop("server_name"u8, row.ServerName);
        w.WriteEndObject();
    }

    private static void Stamps(Utf8JsonWriter w, Row row)
    {
        w.Prop("created_by_id"u8, row.CreatedById);
        w.Prop("last_updated_by_id"u8, row.LastUpdatedById);
        w.Prop("created_at"u8, row.CreatedAt);
        w.Prop("updated_at"u8, row.UpdatedAt);
    }

    private static void Callbacks(Utf8JsonWriter w, RunRow row)
    {
        w.Prop("callback_url"u8, row.CallbackUrl);
        w.PropNaive("callback_sent_at"u8, row.CallbackSentAt);
        w.Prop("callback_status_code"u8, row.CallbackStatusCode);
        w.Prop("callback_error"u8, row.CallbackError);
        w.Prop("ttft_ns"u8, row.TtftNs);
        w.Prop("total_duration_ns"u8, row.TotalDurationNs);
    }

    private void BlockFields(
        Utf8JsonWriter w, string value, int limit, string label, bool readOnly, string? description, JsonElement metadata, BlockRow row)
    {
        w.Prop("value"u8, value);
        w.Prop("limit"u8, limit);
        w.Prop("project_id"u8, row.ProjectId);
        w.Prop(_is016 ? "template_name"u8 : "name"u8, row.TemplateName);
        w.Prop("is_template"u8, row.IsTemplate);
        if (_is016)
        {
            w.Prop("template_id"u8, row.TemplateId);
            w.Prop("base_template_id"u8, row.BaseTemplateId);
            w.Prop("deployment_id"u8, row.DeploymentId);
            w.Prop("entity_id"u8, row.EntityId);
        }

        w.Prop("preserve_on_migration"u8, row.PreserveOnMigration);
        w.Prop("label"u8, label);
        w.Prop("read_only"u8, readOnly);
        w.Prop("description"u8, description);
        w.Prop("metadata"u8, metadata);
        if (_is016)
        {
            w.Prop("hidden"u8, row.Hidden);
        }

        w.Prop("id"u8, row.Id);
        w.WriteNull("created_by_id"u8);
        w.WriteNull("last_updated_by_id"u8);
        if (_is0168)
        {
            w.Prop("tags"u8, row.Tags);
        }
    }
}

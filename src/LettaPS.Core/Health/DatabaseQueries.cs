using System.Text.Json;
using LettaPS.Core.Schemas.Model;

namespace LettaPS.Core.Health;

/// <summary>What health and upgrades want to know of the rows, each an answer in JSON. A question whose columns are not there is not asked.</summary>
internal static class DatabaseQueries
{
    public const string Server = "health server";
    public const string Agents = "health agents";
    public const string AgentTimes = "health agent times";
    public const string AgentNames = "health agent names";
    public const string EmptyAgents = "health empty agents";
    public const string AgentsWithoutEmbedding = "health agents without embedding";
    public const string Endpoints = "health endpoints";
    public const string OtherEmbeddings = "health other embeddings";
    public const string Ids = "health ids";
    public const string Encrypted = "health encrypted";
    public const string PlainSecrets = "health plain secrets";
    public const string Rows = "health rows";

    /// <summary>How many rows an answer names at most.</summary>
    private const int MostNamed = 1000;

    /// <summary>How many secrets are tried with the key: deriving a key takes 100,000 rounds for each.</summary>
    private const int MostTried = 8;

    /// <summary>Tables whose ids are parts of addresses, with the word that their ids begin with (letta/validators.py, 0.13.0 to 0.16.8).</summary>
    private static readonly (string Table, string Prefix)[] s_addressed =
    [
        ("agents", "agent"), ("archives", "archive"), ("block", "block"), ("conversations", "conv"), ("files", "file"), ("groups", "group"), ("identities", "identity"),
        ("mcp_server", "mcp_server"), ("providers", "provider"), ("sandbox_configs", "sandbox"), ("sources", "source"), ("tools", "tool"),
    ];

    /// <summary>The questions that a database can answer.</summary>
    public static IEnumerable<DataQuestion> Of(DatabaseSnapshot catalog)
    {
        if (catalog.Schema is not { } schema)
        {
            yield break;
        }

        yield return new(Server, """
            SELECT json_build_object(
                'size', pg_database_size(current_database()),
                'used', (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
                'most', current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
                'usedHere', (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()),
                'system', CASE WHEN has_function_privilege('pg_control_system()', 'EXECUTE') THEN (SELECT system_identifier::text FROM pg_control_system()) END,
                'mostHere', (SELECT datconnlimit FROM pg_database WHERE datname = current_database()),
                'dataDirectory', (SELECT setting FROM pg_settings WHERE name = 'data_directory'))
            """);

        // As PostgreSQL last counted, or as its sessions reported since; where it never counted, by the size. No table is read.
        yield return new(Rows, $"""
            SELECT coalesce(json_object_agg(name, CASE WHEN size = 0 THEN 0 WHEN counted > 0 THEN counted ELSE size / 500 + 1 END), json_build_object())
            FROM (
                SELECT c.relname AS name, pg_relation_size(c.oid) AS size, greatest(c.reltuples::bigint, pg_stat_get_live_tuples(c.oid)) AS counted
                FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = {Sql.Literal(schema)} AND c.relkind = 'r') AS t
            """);
        foreach (var question in OfAgents(catalog.Model, name => Sql.Id(schema, name)).Concat(OfModels(catalog.Model, name => Sql.Id(schema, name))))
        {
            yield return question;
        }

        foreach (var question in OfIds(catalog.Model, schema).Concat(OfSecrets(catalog.Model, schema)))
        {
            yield return question;
        }
    }

    /// <summary>What a comparison of the database with its backups needs: every agent.</summary>
    public static IEnumerable<DataQuestion> OfBackups(DatabaseSnapshot catalog)
    {
        if (catalog.Schema is { } schema && Has(catalog.Model, "agents", "id", "name", "created_at"))
        {
            var shown = Has(catalog.Model, "agents", "is_deleted") ? " WHERE is_deleted IS NOT TRUE" : null;
            yield return new(AgentTimes, $"SELECT coalesce(json_agg(json_build_object('id', id, 'name', name, 'created_at', created_at)), '[]') FROM {Sql.Id(schema, "agents")}{shown}");
        }
    }

    /// <summary>An answer, or <see langword="null"/> where the question was not asked.</summary>
    public static JsonElement? Answer(this DatabaseSnapshot snapshot, string question)
    {
        if (!snapshot.Answers.TryGetValue(question, out var text) || text is null)
        {
            return null;
        }

        using var json = JsonDocument.Parse(text);
        return json.RootElement.Clone();
    }

    private static IEnumerable<DataQuestion> OfAgents(SchemaModel model, Func<string, string> name)
    {
        if (!Has(model, "agents", "id", "name"))
        {
            yield break;
        }

        yield return new(Agents, $"SELECT count(*) FROM {name("agents")}");

        // Only what plain letters do not settle; the rule itself is Letta's and is applied to these.
        yield return new(AgentNames, List($"SELECT id, name FROM {name("agents")} WHERE name !~ '^[A-Za-z0-9_ ''-]+$' ORDER BY id"));
        if (Has(model, "agents", "message_ids"))
        {
            yield return new(EmptyAgents, List($"SELECT id, name FROM {name("agents")} WHERE message_ids IS NULL OR message_ids::text IN ('null', '[]') ORDER BY id"));
        }

        if (Has(model, "agents", "embedding_config"))
        {
            yield return new(AgentsWithoutEmbedding, List($"SELECT id, name FROM {name("agents")} WHERE embedding_config IS NULL OR embedding_config::text = 'null' ORDER BY id"));
        }
    }

    private static IEnumerable<DataQuestion> OfModels(SchemaModel model, Func<string, string> name)
    {
        var configurations = new[]
        {
            (Table: "agents", Column: "llm_config", Endpoint: "model_endpoint", Model: "model"),
            (Table: "agents", Column: "embedding_config", Endpoint: "embedding_endpoint", Model: "embedding_model"),
            (Table: "archives", Column: "embedding_config", Endpoint: "embedding_endpoint", Model: "embedding_model"),
            (Table: "sources", Column: "embedding_config", Endpoint: "embedding_endpoint", Model: "embedding_model"),
        };
        var parts = configurations.Where(c => Has(model, c.Table, c.Column)).Select(c =>
            $"SELECT '{c.Table}' AS \"table\", {c.Column} ->> '{c.Endpoint}' AS endpoint, {c.Column} ->> '{c.Model}' AS model, {c.Column} ->> 'handle' AS handle FROM {name(c.Table)}").ToList();
        if (parts.Count > 0)
        {
            yield return new(Endpoints, List($"SELECT \"table\", endpoint, model, handle, count(*) AS rows FROM ({string.Join(" UNION ALL ", parts)}) AS c WHERE endpoint IS NOT NULL GROUP BY 1, 2, 3, 4"));
        }

        if (Has(model, "agents", "embedding_config", "name") && Has(model, "archives", "embedding_config", "name") && Has(model, "archives_agents", "agent_id", "archive_id"))
        {
            yield return new(OtherEmbeddings, List($"""
                SELECT a.id, a.name, r.name AS archive, a.embedding_config ->> 'embedding_model' AS agent_model, r.embedding_config ->> 'embedding_model' AS archive_model
                FROM {name("agents")} AS a JOIN {name("archives_agents")} AS l ON l.agent_id = a.id JOIN {name("archives")} AS r ON r.id = l.archive_id
                WHERE a.embedding_config ->> 'embedding_model' <> r.embedding_config ->> 'embedding_model'
                """));
        }
    }

    private static IEnumerable<DataQuestion> OfIds(SchemaModel model, string schema)
    {
        var parts = s_addressed.Where(t => Has(model, t.Table, "id")).Select(t =>
            $"SELECT '{t.Table}' AS \"table\", id FROM {Sql.Id(schema, t.Table)} WHERE id !~ '^{t.Prefix}-[0-9a-f]{{8}}-[0-9a-f]{{4}}-4[0-9a-f]{{3}}-[89ab][0-9a-f]{{3}}-[0-9a-f]{{12}}$'").ToList();
        if (parts.Count > 0)
        {
            yield return new(Ids, List(string.Join(" UNION ALL ", parts)));
        }
    }

    private static IEnumerable<DataQuestion> OfSecrets(SchemaModel model, string schema)
    {
        var parts = RowAnswers.Secrets.Where(s => Has(model, s.Table, s.Encrypted)).Append(("agent_environment_variables", "value", "value_enc")).Where(s => Has(model, s.Item1, s.Item3)).Select(s =>
            $"SELECT '{s.Item1}.{s.Item3}' AS place, {Sql.Id(s.Item3)} AS secret FROM {Sql.Id(schema, s.Item1)} WHERE {Sql.Id(s.Item3)} ~ '^[A-Za-z0-9+/]{{59,}}=*$'").ToList();
        var plain = RowAnswers.Secrets.Where(s => Has(model, s.Table, s.Plain)).Select(s =>
            $"SELECT '{s.Table}.{s.Plain}' AS place, count(*) AS count FROM {Sql.Id(schema, s.Table)} WHERE coalesce({Sql.Id(s.Plain)}::text, '') NOT IN ('', 'null')"
            + (Has(model, s.Table, s.Encrypted) ? $" AND {Sql.Id(s.Encrypted)} IS NULL" : null)).ToList();
        if (plain.Count > 0)
        {
            yield return new(PlainSecrets, List(string.Join(" UNION ALL ", plain)));
        }

        if (parts.Count > 0)
        {
            yield return new(Encrypted, $"SELECT json_build_object('count', (SELECT count(*) FROM ({string.Join(" UNION ALL ", parts)}) AS a), 'some', ({List($"SELECT * FROM ({string.Join(" UNION ALL ", parts)}) AS s", MostTried)}))");
        }
    }

    private static string List(string query, int most = MostNamed) => $"SELECT coalesce(json_agg(q), '[]') FROM ({query} LIMIT {most}) AS q";

    private static bool Has(SchemaModel model, string table, params string[] columns) => model.Table(table) is { } there && columns.All(c => there.Column(c) is not null);
}

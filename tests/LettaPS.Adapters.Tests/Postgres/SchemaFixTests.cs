using LettaPS.Adapters.Postgres;
using LettaPS.Core.Schemas.Repair;
using LettaPS.TestKit;
using Npgsql;

namespace LettaPS.Adapters.Tests.Postgres;

public abstract class SchemaFixTests(int major)
{
    private const string Story = "create_all/story-0.16.1-then-0.16.2";

    private static readonly SchemaFixOptions s_to0162 = new() { Version = "0.16.2" };

    [Fact]
    public async Task The_seed_s_database_takes_messages_again_and_alembic_knows_it()
    {
        await using var database = await CreateAsync(Story);
        await InsertMessagesAsync(database, 1, 2, 7);
        await using var schema = Open(database);
        await Assert.ThrowsAsync<PostgresException>(() => InsertMessageAsync(database));

        var results = await new SchemaDoctor(schema).FixAsync(s_to0162 with { AdoptAlembic = true });

        Assert.DoesNotContain(results, r => r.Status != LettaSchemaFixStatus.Done);
        await InsertMessageAsync(database);
        Assert.Equal(8, await database.QueryAsync<long>("SELECT max(sequence_id) FROM messages"));
        Assert.Equal("27de0f58e076", await database.QueryAsync<string>("SELECT version_num FROM alembic_version"));
        Assert.DoesNotContain((await new SchemaDoctor(schema).CompareAsync("0.16.2", schemaOnly: false, default)).Drifts, d => d.Severity > LettaDriftSeverity.Cosmetic);
    }

    [Fact]
    public async Task The_widely_copied_repair_is_found_to_collide_and_put_right()
    {
        await using var database = await CreateAsync("create_all/0.16.2");
        await InsertMessagesAsync(database, 1, 2, 3);
        await database.ExecuteAsync("""
            SET ROLE letta;
            CREATE SEQUENCE messages_sequence_id_seq OWNED BY messages.sequence_id;
            ALTER TABLE messages ALTER COLUMN sequence_id SET DEFAULT nextval('messages_sequence_id_seq');
            """);
        await using var schema = Open(database);
        var doctor = new SchemaDoctor(schema);

        var drift = Assert.Single((await doctor.CompareAsync("0.16.2", schemaOnly: false, default)).Drifts, d => d is { Name: "sequence_id" });
        Assert.Equal((LettaDriftKind.DefaultDiffers, LettaDriftSeverity.Breaks), (drift.Kind, drift.Severity));
        await doctor.FixAsync(s_to0162);

        await InsertMessageAsync(database);
        Assert.Equal(4, await database.QueryAsync<long>("SELECT max(sequence_id) FROM messages"));
        Assert.Equal("nextval('message_seq_id'::regclass)", await DefaultAsync(database));
    }

    [Fact]
    public async Task A_sequence_behind_its_messages_is_moved_past_them_and_never_back()
    {
        await using var database = await CreateAsync("alembic/0.16.2");
        await InsertMessagesAsync(database, 10, 20);
        await using var schema = Open(database);
        var doctor = new SchemaDoctor(schema);

        var drift = Assert.Single((await doctor.CompareAsync("0.16.2", schemaOnly: false, default)).Drifts, d => d.Severity == LettaDriftSeverity.Breaks);
        Assert.Equal((LettaDriftKind.SequenceBehind, "21", "1"), (drift.Kind, drift.Expected, drift.Actual));
        await doctor.FixAsync(s_to0162);
        Assert.Equal(21, await database.QueryAsync<long>("SELECT nextval('message_seq_id')"));

        await database.ExecuteAsync("SELECT setval('message_seq_id', 500); ALTER TABLE messages ALTER COLUMN sequence_id DROP DEFAULT");
        await doctor.FixAsync(s_to0162);
        Assert.Equal(501, await database.QueryAsync<long>("SELECT nextval('message_seq_id')"));
    }

    [Fact]
    public async Task Messages_without_the_column_are_numbered_by_their_time()
    {
        await using var database = await CreateAsync("alembic/0.16.2");
        await InsertMessagesAsync(database, 3, 1, 2);
        await database.ExecuteAsync("""
            UPDATE messages SET id = 'm' || sequence_id, created_at = timestamptz '2026-01-01' + interval '1 hour' * (sequence_id / 2);
            ALTER TABLE messages DROP COLUMN sequence_id; DROP SEQUENCE message_seq_id;
            """);
        await using var schema = Open(database);

        await new SchemaDoctor(schema).FixAsync(s_to0162);

        Assert.Equal(["m1", "m2", "m3"], await database.ListAsync("SELECT id FROM messages ORDER BY sequence_id"));
        await InsertMessageAsync(database);
        Assert.Equal(4, await database.QueryAsync<long>("SELECT max(sequence_id) FROM messages"));
        Assert.Equal(1, await database.QueryAsync<long>("SELECT count(*) FROM pg_constraint WHERE conname = 'uq_messages_sequence_id'"));
    }

    [Fact]
    public async Task Messages_that_have_no_number_get_one_after_those_that_have()
    {
        await using var database = await CreateAsync("alembic/0.16.2");
        await InsertMessagesAsync(database, 5, 6, 7);
        await database.ExecuteAsync("""
            ALTER TABLE messages ALTER COLUMN sequence_id DROP NOT NULL, ALTER COLUMN sequence_id DROP DEFAULT;
            UPDATE messages SET sequence_id = NULL, created_at = now() - interval '1 day' WHERE sequence_id > 5;
            """);
        await using var schema = Open(database);

        await new SchemaDoctor(schema).FixAsync(s_to0162);

        Assert.Equal(["5", "6", "7"], await database.ListAsync("SELECT sequence_id::text FROM messages ORDER BY 1"));
    }

    [Fact]
    public async Task Messages_inserted_during_the_repair_neither_fail_nor_collide()
    {
        await using var database = await CreateAsync("create_all/0.16.2");
        await InsertMessagesAsync(database, 1);
        await database.ExecuteAsync("""
            CREATE SEQUENCE messages_sequence_id_seq START 2; ALTER SEQUENCE messages_sequence_id_seq OWNER TO letta;
            ALTER TABLE messages ALTER COLUMN sequence_id SET DEFAULT nextval('messages_sequence_id_seq');
            """);
        await using var schema = Open(database);
        using var repaired = new CancellationTokenSource();
        var started = new CountdownEvent(4);
        var writers = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            await using var connection = await database.ConnectAsync();
            var inserted = 0;
            do
            {
                await InsertMessageAsync(connection);
                if (++inserted == 1)
                {
                    started.Signal();
                }
            }
            while (!repaired.IsCancellationRequested);

            return inserted;
        })).ToList();
        started.Wait();

        await new SchemaDoctor(schema).FixAsync(s_to0162);
        await repaired.CancelAsync();

        var total = (await Task.WhenAll(writers)).Sum();
        await InsertMessageAsync(database);
        Assert.Equal(total + 2, await database.QueryAsync<long>("SELECT count(DISTINCT sequence_id) FROM messages"));
        Assert.Equal("nextval('message_seq_id'::regclass)", await DefaultAsync(database));
    }

    [Theory]
    [InlineData("0.11.7")]
    [InlineData("0.13.0")]
    [InlineData("0.16.2")]
    [InlineData("0.16.8")]
    public async Task Not_a_value_of_a_real_fleet_changes(string target)
    {
        await using var database = await CreateAsync("alembic/0.11.3");
        await database.LoadAsync("0.11.3", [.. LettaFixtures.Tables("0.11.3").Where(t => t != "alembic_version")]);
        await using var schema = Open(database);
        var doctor = new SchemaDoctor(schema);
        var checksums = await ChecksumQueriesAsync(database);
        var before = await ListAsync(database, checksums);

        var results = await doctor.FixAsync(new SchemaFixOptions { Version = target });

        Assert.Equal(before, await ListAsync(database, checksums));
        Assert.DoesNotContain((await doctor.CompareAsync(target, schemaOnly: false, default)).Drifts, d => d.Severity == LettaDriftSeverity.Breaks);
        Assert.Equal(955, await database.QueryAsync<long>("SELECT count(*) FROM messages"));
        Assert.Equal(6, await database.QueryAsync<long>("SELECT count(*) FROM archives WHERE vector_db_provider = 'NATIVE'"));
        if (target != "0.11.7")
        {
            Assert.Equal(
                ["text-embedding-3-small"],
                await database.ListAsync("SELECT DISTINCT embedding_config ->> 'embedding_model' FROM archives"));
            Assert.Contains(results, r => r is { Kind: LettaDriftKind.MessageData, Status: LettaSchemaFixStatus.Skipped });
        }
    }

    [Fact]
    public async Task A_lock_that_is_let_go_of_is_waited_for()
    {
        await using var database = await CreateAsync(Story);
        await using var schema = Open(database);
        await using var other = await Rival.BeginAsync(database, "LOCK TABLE messages IN ACCESS SHARE MODE");

        var fix = new SchemaDoctor(schema).FixAsync(s_to0162);
        await other.UntilMetAsync(fix);
        await other.EndAsync();

        Assert.Contains(await fix, r => r is { Status: LettaSchemaFixStatus.Done, Kind: LettaDriftKind.MissingColumn });
    }

    [Fact]
    public async Task A_lock_that_is_kept_is_named_and_nothing_is_done()
    {
        await using var database = await CreateAsync(Story);
        await using var schema = Open(database);
        var before = await FingerprintAsync(database);
        await using var other = await Rival.BeginAsync(database, "SET LOCAL application_name = 'nightly report'; LOCK TABLE messages IN ACCESS SHARE MODE");

        var e = await Assert.ThrowsAsync<LettaException>(() => new SchemaDoctor(schema).FixAsync(s_to0162 with { LockTimeout = TimeSpan.FromMilliseconds(700) }));

        Assert.Equal("SchemaLockTimeout", e.ErrorId);
        Assert.Contains("nightly report", e.Message, StringComparison.Ordinal);
        await other.EndAsync();
        Assert.Equal(before, await FingerprintAsync(database));
    }

    [Fact]
    public async Task A_table_that_cannot_even_be_read_is_waited_for_and_its_holder_named()
    {
        await using var database = await CreateAsync(Story);
        await using var schema = Open(database);
        await using var other = await Rival.BeginAsync(database, "SET LOCAL application_name = 'psql'; LOCK TABLE messages IN ACCESS EXCLUSIVE MODE");

        var e = await Assert.ThrowsAsync<LettaException>(() => new SchemaDoctor(schema).FixAsync(s_to0162 with { LockTimeout = TimeSpan.FromMilliseconds(700) }));

        Assert.Equal("SchemaLockTimeout", e.ErrorId);
        Assert.Contains("for 0.7 seconds", e.Message, StringComparison.Ordinal);

        // The other session is a superuser's, whose state the role may not see.
        Assert.Matches(@"holding locks now: psql \(process \d+\)\.", e.Message);
        var fix = new SchemaDoctor(schema).FixAsync(s_to0162 with { LockTimeout = TimeSpan.FromMinutes(5) });
        await other.UntilMetAsync(fix);
        await other.EndAsync();
        Assert.Contains(await fix, r => r.Status == LettaSchemaFixStatus.Done);
    }

    [Theory]
    [InlineData("ALTER TABLE%")]
    [InlineData("CREATE INDEX%")]
    public async Task A_connection_killed_in_mid_repair_leaves_nothing_half_done(string statement)
    {
        await using var database = await CreateAsync(Story);
        await StopAfterAsync(database, statement);
        await using var schema = Open(database);
        var before = await FingerprintAsync(database);
        await using (var other = await Rival.BeginAsync(database, "SELECT pg_advisory_xact_lock(1)"))
        {
            var fix = new SchemaDoctor(schema).FixAsync(s_to0162 with { LockTimeout = TimeSpan.FromSeconds(60) });
            await other.UntilMetAsync(fix, "pg_terminate_backend(pid)");

            var e = await Assert.ThrowsAsync<LettaException>(() => fix);
            Assert.Equal("DatabaseConnectionLost", e.ErrorId);
            Assert.StartsWith("Nothing was changed", e.Message, StringComparison.Ordinal);
        }

        Assert.Equal(before, await FingerprintAsync(database));
        Assert.Contains(await new SchemaDoctor(schema).FixAsync(s_to0162), r => r.Status == LettaSchemaFixStatus.Done);
    }

    [Fact]
    public async Task Giving_up_in_mid_repair_leaves_nothing_half_done_and_the_way_free()
    {
        await using var database = await CreateAsync(Story);
        await StopAfterAsync(database, "CREATE INDEX%");
        await using var schema = Open(database);
        var before = await FingerprintAsync(database);
        using var stop = new CancellationTokenSource();
        await using (var other = await Rival.BeginAsync(database, "SELECT pg_advisory_xact_lock(1)"))
        {
            var fix = new SchemaDoctor(schema).FixAsync(s_to0162, stop.Token);
            await other.UntilMetAsync(fix);
            await stop.CancelAsync();

            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fix);
        }

        Assert.Equal(before, await FingerprintAsync(database));
        Assert.Equal(0, await database.QueryAsync<long>("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"));
    }

    [Fact]
    public async Task Two_repairs_at_once_do_everything_once()
    {
        await using var database = await CreateAsync(Story);
        await using var one = Open(database);
        await using var two = Open(database);

        var results = await Task.WhenAll(new SchemaDoctor(one).FixAsync(s_to0162), new SchemaDoctor(two).FixAsync(s_to0162));

        var done = results.SelectMany(r => r).Where(r => r.Status == LettaSchemaFixStatus.Done && r.Kind is not null).ToList();
        Assert.Equal(done.Count, done.DistinctBy(r => r.Sql).Count());
        Assert.Contains(done, r => r is { Kind: LettaDriftKind.MissingColumn, Table: "messages" });
    }

    [Fact]
    public async Task A_repair_does_not_begin_while_another_runs()
    {
        await using var database = await CreateAsync(Story);
        await using var one = Open(database);
        await using var two = Open(database);
        await using var running = await one.BeginRepairAsync(TimeSpan.FromSeconds(10), default);

        var e = await Assert.ThrowsAsync<LettaException>(() => new SchemaDoctor(two).FixAsync(s_to0162 with { LockTimeout = TimeSpan.FromMilliseconds(100) }));

        Assert.Equal("SchemaFixInUse", e.ErrorId);
    }

    [Fact]
    public async Task A_role_without_rights_is_told_whose_they_are()
    {
        await using var database = await CreateAsync(Story);
        await database.ExecuteAsync($"DO $$ BEGIN CREATE ROLE reader LOGIN PASSWORD '{PostgresServer.Password}'; EXCEPTION WHEN duplicate_object THEN NULL; END $$; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader");
        var before = await FingerprintAsync(database);
        await using var schema = Open(database, "reader");

        var e = await Assert.ThrowsAsync<LettaException>(() => new SchemaDoctor(schema).FixAsync(s_to0162));

        Assert.Equal("SchemaFixDenied", e.ErrorId);
        Assert.Contains("letta", e.RecommendedAction, StringComparison.Ordinal);
        Assert.Equal(before, await FingerprintAsync(database));
    }

    [Fact]
    public async Task A_database_that_can_only_be_read_is_refused()
    {
        await using var database = await CreateAsync(Story);
        await database.ExecuteAsync($"ALTER DATABASE {database.Name} SET default_transaction_read_only = on");
        await using var schema = Open(database);

        var e = await Assert.ThrowsAsync<LettaException>(() => new SchemaDoctor(schema).FixAsync(s_to0162));

        Assert.Equal("DatabaseWriteDenied", e.ErrorId);
    }

    [Fact]
    public async Task An_invalid_index_is_dropped_and_built_again()
    {
        await using var database = await CreateAsync("alembic/0.16.8", stamped: true);
        await database.ExecuteAsync("UPDATE pg_index SET indisvalid = false WHERE indexrelid IN ('ix_messages_agent_conversation_sequence'::regclass, 'ix_messages_org_agent'::regclass)");
        await using var schema = Open(database);
        var doctor = new SchemaDoctor(schema);

        var drifts = (await doctor.CompareAsync("0.16.8", schemaOnly: false, default)).Drifts;
        Assert.Equal(["ix_messages_agent_conversation_sequence", "ix_messages_org_agent"], drifts.Where(d => d.Kind == LettaDriftKind.InvalidIndex).Select(d => d.Name).Order());
        await doctor.FixAsync(new SchemaFixOptions { Version = "0.16.8", LargeTable = 0 });

        Assert.Equal(0, await database.QueryAsync<long>("SELECT count(*) FROM pg_index WHERE NOT indisvalid"));
        Assert.Empty((await doctor.CompareAsync("0.16.8", schemaOnly: false, default)).Drifts);
    }

    [Fact]
    public async Task An_index_that_a_later_migration_left_invalid_is_cleared_out_of_its_way()
    {
        await using var database = await CreateAsync("alembic/0.16.6", stamped: true);
        await database.ExecuteAsync("""
            CREATE INDEX ix_messages_agent_conversation_sequence ON messages (agent_id, conversation_id, sequence_id);
            UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_messages_agent_conversation_sequence'::regclass;
            """);
        await using var schema = Open(database);

        await new SchemaDoctor(schema).FixAsync(new SchemaFixOptions { Version = "0.16.8" });

        Assert.Equal(0, await database.QueryAsync<long>("SELECT count(*) FROM pg_class WHERE relname = 'ix_messages_agent_conversation_sequence'"));
    }

    [Fact]
    public async Task Large_tables_are_mended_while_the_server_goes_on_working()
    {
        await using var database = await CreateAsync("alembic/0.16.2");
        await InsertMessagesAsync(database, 1, 2);
        await database.ExecuteAsync("""
            ALTER TABLE messages DROP CONSTRAINT uq_messages_sequence_id, DROP CONSTRAINT fk_messages_run_id, ALTER COLUMN role DROP NOT NULL;
            DROP INDEX ix_messages_org_agent; SELECT setval('message_seq_id', 2);
            """);
        await using var schema = Open(database);
        var doctor = new SchemaDoctor(schema);

        var results = await doctor.FixAsync(s_to0162 with { LargeTable = 0 });

        var alone = results.Select(r => r.Sql).OfType<string>().SkipWhile(s => !s.Contains("CONCURRENTLY", StringComparison.Ordinal)).ToList();
        Assert.Contains(alone, s => s.StartsWith("CREATE UNIQUE INDEX CONCURRENTLY", StringComparison.Ordinal));
        Assert.Contains(alone, s => s.EndsWith("USING INDEX \"uq_messages_sequence_id\"", StringComparison.Ordinal));
        Assert.Contains(alone, s => s.EndsWith("VALIDATE CONSTRAINT \"fk_messages_run_id\"", StringComparison.Ordinal));
        Assert.DoesNotContain((await doctor.CompareAsync("0.16.2", schemaOnly: false, default)).Drifts, d => d.Kind != LettaDriftKind.RevisionMissing);
    }

    [Fact]
    public async Task An_index_that_cannot_be_built_concurrently_leaves_no_remains()
    {
        await using var database = await CreateAsync("alembic/0.16.2");
        await using var schema = Open(database);
        await InsertMessagesAsync(database, 1, 2);
        await using var repair = await schema.BeginRepairAsync(TimeSpan.FromSeconds(10), default);

        var e = await Assert.ThrowsAsync<LettaException>(() => repair.RunAloneAsync(
            "CREATE UNIQUE INDEX CONCURRENTLY doomed ON public.messages (agent_id)", "DROP INDEX CONCURRENTLY IF EXISTS public.doomed", default));

        Assert.Equal("DatabaseStatementFailed", e.ErrorId);
        Assert.Equal(0, await database.QueryAsync<long>("SELECT count(*) FROM pg_class WHERE relname = 'doomed'"));
    }

    /// <summary>As a repair leaves it that was killed while it built the index of a unique constraint: invalid, and with the name of the constraint.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(SchemaPlanner.DefaultLargeTable)]
    public async Task The_index_of_a_constraint_that_a_killed_repair_left_is_known_and_dropped(long largeTable)
    {
        await using var database = await CreateAsync("alembic/0.16.2");
        await InsertMessagesAsync(database, 1, 2);
        await database.ExecuteAsync("""
            ALTER TABLE messages DROP CONSTRAINT uq_messages_sequence_id;
            CREATE UNIQUE INDEX uq_messages_sequence_id ON messages (sequence_id);
            UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'uq_messages_sequence_id'::regclass;
            SELECT setval('message_seq_id', 2);
            """);
        await using var schema = Open(database);
        var doctor = new SchemaDoctor(schema);
        var found = Assert.Single((await doctor.CompareAsync("0.16.2", schemaOnly: false, default)).Drifts, d => d.Kind == LettaDriftKind.InvalidIndex);
        Assert.True(found.IsFixable);

        var results = await doctor.FixAsync(s_to0162 with { LargeTable = largeTable });

        Assert.Single(results, r => r.Status == LettaSchemaFixStatus.Done && r.Sql!.StartsWith("DROP INDEX", StringComparison.Ordinal));
        Assert.Equal("u", await database.QueryAsync<string>("SELECT contype::text FROM pg_constraint WHERE conname = 'uq_messages_sequence_id'"));
        Assert.Equal(0, await database.QueryAsync<long>("SELECT count(*) FROM pg_index WHERE NOT indisvalid"));
        Assert.DoesNotContain((await doctor.CompareAsync("0.16.2", schemaOnly: false, default)).Drifts, d => d.Kind != LettaDriftKind.RevisionMissing);
    }

    [Fact]
    public async Task The_index_of_a_constraint_that_is_there_again_is_dropped_all_the_same()
    {
        await using var database = await CreateAsync("alembic/0.16.2");
        await database.ExecuteAsync("""
            CREATE UNIQUE INDEX uq_messages_sequence_id_1 ON messages (sequence_id);
            UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'uq_messages_sequence_id_1'::regclass;
            """);
        await using var schema = Open(database);

        await new SchemaDoctor(schema).FixAsync(s_to0162);

        Assert.Equal(0, await database.QueryAsync<long>("SELECT count(*) FROM pg_index WHERE NOT indisvalid"));
        Assert.Equal(1, await database.QueryAsync<long>("SELECT count(*) FROM pg_constraint WHERE conname = 'uq_messages_sequence_id'"));
    }

    [Fact]
    public async Task Rows_that_refer_to_nothing_stay_and_only_new_ones_are_checked()
    {
        await using var database = await CreateAsync("alembic/0.16.2");
        await InsertMessagesAsync(database, 1);
        await database.ExecuteAsync("ALTER TABLE messages DROP CONSTRAINT messages_conversation_id_fkey; UPDATE messages SET conversation_id = 'gone'; SELECT setval('message_seq_id', 1)");
        await using var schema = Open(database);
        var doctor = new SchemaDoctor(schema);

        await doctor.FixAsync(s_to0162);

        var left = Assert.Single((await doctor.CompareAsync("0.16.2", schemaOnly: false, default)).Drifts, d => d.Kind == LettaDriftKind.NotValidConstraint);
        Assert.Equal(("messages_conversation_id_fkey", false), (left.Name, left.IsFixable));
        Assert.Equal("gone", await database.QueryAsync<string>("SELECT conversation_id FROM messages"));
        await Assert.ThrowsAsync<PostgresException>(() => database.ExecuteAsync("UPDATE messages SET conversation_id = 'gone too'"));
    }

    [Fact]
    public async Task A_key_that_rows_break_is_left_and_said()
    {
        await using var database = await CreateAsync("alembic/0.16.2");
        await InsertMessagesAsync(database, 1, 2);
        await database.ExecuteAsync("ALTER TABLE messages DROP CONSTRAINT uq_messages_sequence_id; UPDATE messages SET sequence_id = 1; SELECT setval('message_seq_id', 2)");
        await using var schema = Open(database);

        var results = await new SchemaDoctor(schema).FixAsync(s_to0162);

        var left = Assert.Single(results, r => r is { Status: LettaSchemaFixStatus.Left, Name: "uq_messages_sequence_id" });
        Assert.Contains("same key", left.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_required_column_whose_values_nobody_knows_is_added_without_them()
    {
        await using var database = await CreateAsync("alembic/0.16.2");
        await InsertMessagesAsync(database, 1);
        await database.ExecuteAsync("ALTER TABLE messages DROP COLUMN role; SELECT setval('message_seq_id', 1)");
        await using var schema = Open(database);
        var doctor = new SchemaDoctor(schema);

        var results = await doctor.FixAsync(s_to0162);

        Assert.Contains("without NOT NULL", Assert.Single(results, r => r is { Kind: LettaDriftKind.MissingColumn }).Message, StringComparison.Ordinal);
        var left = Assert.Single((await doctor.CompareAsync("0.16.2", schemaOnly: false, default)).Drifts, d => d.Kind == LettaDriftKind.NullabilityDiffers);
        Assert.Equal(("role", false), (left.Name, left.IsFixable));
    }

    [Fact]
    public async Task An_interrupted_migration_is_finished_and_its_successor_can_run()
    {
        await using var database = await CreateAsync("alembic/0.13.0", stamped: true);
        await database.LoadAsync("0.11.3", "organizations", "users", "agents", "archives_agents", "archival_passages");
        await database.ExecuteAsync("""
            ALTER TABLE archives ALTER COLUMN embedding_config DROP NOT NULL, ALTER COLUMN vector_db_provider SET DEFAULT 'NATIVE';
            UPDATE alembic_version SET version_num = 'c6c43222e2de';
            """);
        await database.LoadAsync("0.11.3", "archives");
        await database.ExecuteAsync("""
            ALTER TABLE archives ALTER COLUMN vector_db_provider DROP DEFAULT;
            INSERT INTO archives (id, name, organization_id, vector_db_provider) SELECT 'archive-lonely', 'lonely', id, 'NATIVE' FROM organizations;
            """);
        await using var schema = Open(database);
        var doctor = new SchemaDoctor(schema);

        var drift = Assert.Single((await doctor.CompareAsync("0.13.0", schemaOnly: false, default)).Drifts, d => d.Kind == LettaDriftKind.RevisionStuck);
        Assert.Contains("42701", drift.Effect, StringComparison.Ordinal);
        await doctor.FixAsync(new SchemaFixOptions { Version = "0.13.0" });

        Assert.Equal("f6cd5a1e519d", await database.QueryAsync<string>("SELECT version_num FROM alembic_version"));
        Assert.DoesNotContain((await doctor.CompareAsync("0.13.0", schemaOnly: false, default)).Drifts, d => d.Kind is not LettaDriftKind.SequenceBehind);
        Assert.Equal(["letta-free", "text-embedding-3-small"], await database.ListAsync("SELECT DISTINCT embedding_config ->> 'embedding_model' FROM archives ORDER BY 1"));
    }

    [Fact]
    public async Task Secrets_out_of_sight_are_reported_always_and_copied_when_asked()
    {
        await using var database = await CreateAsync("alembic/0.16.8", stamped: true);
        await InsertProviderAsync(database, "plain", "sk-plain", null);
        await using var schema = Open(database);
        var doctor = new SchemaDoctor(schema);

        var drift = Assert.Single((await doctor.CompareAsync("0.16.8", schemaOnly: false, default)).Drifts);
        Assert.Equal((LettaDriftKind.PlaintextSecret, "providers", "api_key"), (drift.Kind, drift.Table, drift.Name));
        Assert.DoesNotContain("sk-plain", drift.ToString() + drift.FixSql, StringComparison.Ordinal);

        var skipped = Assert.Single(await doctor.FixAsync(new SchemaFixOptions { Version = "0.16.8" }));
        Assert.Equal(LettaSchemaFixStatus.Skipped, skipped.Status);
        var copied = Assert.Single(await doctor.FixAsync(new SchemaFixOptions { Version = "0.16.8", IncludeSecretColumn = true }));
        Assert.Equal((LettaSchemaFixStatus.Done, 1L), (copied.Status, copied.RowCount));
        Assert.Equal("sk-plain", await database.QueryAsync<string>("SELECT api_key_enc FROM providers"));
    }

    [Fact]
    public async Task Secrets_are_not_copied_where_others_are_encrypted()
    {
        await using var database = await CreateAsync("alembic/0.16.8", stamped: true);
        await InsertProviderAsync(database, "plain", "sk-plain", null);
        await InsertProviderAsync(database, "encrypted", "sk-other", Convert.ToBase64String(new byte[60]));
        await using var schema = Open(database);

        var left = Assert.Single(await new SchemaDoctor(schema).FixAsync(new SchemaFixOptions { Version = "0.16.8", IncludeSecretColumn = true }));

        Assert.Equal((LettaSchemaFixStatus.Left, LettaDriftKind.PlaintextSecret), (left.Status, left.Kind));
    }

    [Fact]
    public async Task A_database_is_not_handed_to_alembic_while_something_breaks()
    {
        await using var database = await CreateAsync("create_all/0.16.2");
        await database.ExecuteAsync("ALTER TABLE agents ALTER COLUMN message_ids TYPE text");
        await using var schema = Open(database);

        var e = await Assert.ThrowsAsync<LettaException>(() => new SchemaDoctor(schema).FixAsync(s_to0162 with { AdoptAlembic = true }));

        Assert.Equal("AlembicAdoptionRefused", e.ErrorId);
        Assert.Contains("message_ids", e.Message, StringComparison.Ordinal);
        Assert.Equal(0, await database.QueryAsync<long>("SELECT count(*) FROM pg_class WHERE relname = 'alembic_version'"));
    }

    [Fact]
    public async Task A_database_that_is_merely_old_is_left_to_its_own_migrations()
    {
        await using var database = await CreateAsync("official_image/0.11.3", stamped: true);
        await using var schema = Open(database);
        var before = await FingerprintAsync(database);

        var left = Assert.Single(await new SchemaDoctor(schema).FixAsync(s_to0162));

        Assert.Equal((LettaSchemaFixStatus.Left, LettaDriftKind.RevisionBehind), (left.Status, left.Kind));
        Assert.Contains("Update-LettaSchema", left.Message, StringComparison.Ordinal);
        Assert.Contains("alembic upgrade head", left.Message, StringComparison.Ordinal);
        Assert.Equal(before, await FingerprintAsync(database));
    }

    [Fact]
    public async Task Hostile_names_change_nothing_but_what_they_name()
    {
        const string Schema = "we\"ird'; DROP SCHEMA public CASCADE; --";
        const string Quoted = "\"we\"\"ird'; DROP SCHEMA public CASCADE; --\"";
        await using var database = await CreateAsync("alembic/0.16.2");
        await database.ExecuteAsync($"""
            CREATE TABLE public.canary (id int); ALTER TABLE agents RENAME COLUMN description TO "x""; DROP TABLE public.canary; --";
            CREATE TABLE "y""; DROP TABLE public.canary; --" (id int DEFAULT length('''); DROP TABLE public.canary; --'));
            DROP INDEX ix_messages_org_agent; ALTER TABLE messages DROP COLUMN sequence_id; DROP SEQUENCE message_seq_id;
            CREATE INDEX "z"" USING btree; DROP TABLE public.canary; --" ON messages (organization_id, agent_id);
            UPDATE pg_index SET indisvalid = false WHERE indexrelid = (SELECT oid FROM pg_class WHERE relname LIKE 'z"%');
            ALTER SCHEMA public RENAME TO {Quoted}; CREATE SCHEMA public; ALTER TABLE {Quoted}.canary SET SCHEMA public;
            ALTER DATABASE {database.Name} SET search_path TO {Quoted};
            """);
        await using var schema = Open(database);
        var doctor = new SchemaDoctor(schema);

        await doctor.FixAsync(s_to0162);

        var (report, left) = await doctor.CompareAsync("0.16.2", schemaOnly: false, default);
        Assert.Equal(Schema, report.Schema);
        Assert.DoesNotContain(left, d => d.IsFixable && d.Kind != LettaDriftKind.RevisionMissing);
        Assert.Contains(left, d => d.Kind == LettaDriftKind.ExtraTable && d.Name.StartsWith("y\"", StringComparison.Ordinal));
        Assert.Equal(0, await database.QueryAsync<long>("SELECT count(*) FROM public.canary"));
    }

    [Fact]
    public async Task Vectors_are_of_the_type_that_the_extension_has_wherever_it_is()
    {
        await using var database = await CreateAsync("alembic/0.16.2");
        await database.ExecuteAsync("ALTER TABLE archival_passages DROP COLUMN embedding; CREATE SCHEMA extensions; GRANT USAGE ON SCHEMA extensions TO letta; ALTER EXTENSION vector SET SCHEMA extensions");
        await using var schema = Open(database);

        await new SchemaDoctor(schema).FixAsync(s_to0162);

        Assert.Equal(
            "extensions.vector(4096)",
            await database.QueryAsync<string>("SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'archival_passages'::regclass AND attname = 'embedding'"));
    }

    [Fact]
    public async Task A_missing_extension_comes_first_and_needs_a_superuser()
    {
        await using var database = await CreateAsync("alembic/0.16.2");
        await database.ExecuteAsync("DROP EXTENSION vector CASCADE");
        var before = await FingerprintAsync(database);
        await using (var letta = Open(database))
        {
            var e = await Assert.ThrowsAsync<LettaException>(() => new SchemaDoctor(letta).FixAsync(s_to0162));
            Assert.Equal("DatabaseDenied", e.ErrorId);
            Assert.Equal(before, await FingerprintAsync(database));
        }

        await using var superuser = Open(database, "postgres");
        await new SchemaDoctor(superuser).FixAsync(s_to0162);

        Assert.DoesNotContain((await new SchemaDoctor(superuser).CompareAsync("0.16.2", schemaOnly: false, default)).Drifts, d => d.Kind != LettaDriftKind.RevisionMissing);
    }

    [Fact]
    public async Task Only_the_kinds_asked_for_are_mended_and_what_needs_others_is_skipped()
    {
        await using var database = await CreateAsync(Story);
        await using var schema = Open(database);
        var doctor = new SchemaDoctor(schema);

        var results = await doctor.FixAsync(s_to0162 with { Kinds = [LettaDriftKind.MissingIndex] });
        Assert.Equal(
            ["column messages.conversation_id", "column runs.conversation_id"],
            results.Where(r => r.Status == LettaSchemaFixStatus.Skipped).Select(r => r.Message!["It needs the ".Length..].Split(',')[0]).Order());

        var only = (await doctor.CompareAsync("0.16.2", schemaOnly: false, default)).Drifts.Where(d => d.Name == "request_id").ToList();
        results = await doctor.FixAsync(s_to0162 with { Only = only });
        Assert.Equal(["request_id"], results.Select(r => r.Name).OfType<string>());
        Assert.Equal(4, (await doctor.CompareAsync("0.16.2", schemaOnly: false, default)).Report.BreakCount);
    }

    [Fact]
    public async Task A_statement_declined_takes_those_of_its_difference_and_those_that_need_it_along()
    {
        await using var database = await CreateAsync(Story);
        await using var schema = Open(database);
        var results = new List<LettaSchemaFixResult>();

        await new SchemaDoctor(schema).FixAsync(
            s_to0162,
            planned => Task.FromResult(!planned.Sql!.Contains("ADD COLUMN \"conversation_id\"", StringComparison.Ordinal)),
            result =>
            {
                results.Add(result);
                return default;
            },
            default);

        Assert.Equal(0, await database.QueryAsync<long>("SELECT count(*) FROM pg_attribute WHERE attname = 'conversation_id' AND attrelid IN ('messages'::regclass, 'runs'::regclass)"));
        Assert.Equal(1, await database.QueryAsync<long>("SELECT count(*) FROM pg_attribute WHERE attname = 'request_id' AND attrelid = 'steps'::regclass"));
        Assert.Equal(["conversation_id", "conversation_id"], results.Where(r => r.Message == "It was declined.").Select(r => r.Name));
        Assert.Contains(results, r => r is { Status: LettaSchemaFixStatus.Skipped, Kind: LettaDriftKind.MissingIndex } && r.Sql!.Contains("conversation_id", StringComparison.Ordinal)
            && r.Message!.StartsWith("It is left out with what was declined", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("", "DatabaseTablesNotFound")]
    [InlineData("CREATE TABLE users (id int); CREATE TABLE jobs (id int); CREATE TABLE files (id int)", "InvalidDatabase")]
    public async Task A_database_without_Letta_is_left_alone(string tables, string errorId)
    {
        var server = await PostgresServer.GetAsync(major);
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync($"SELECT 1; {tables}");
        await using var schema = Open(database);

        var (report, drifts) = await new SchemaDoctor(schema).CompareAsync(null, schemaOnly: false, default);
        var e = await Assert.ThrowsAsync<LettaException>(() => new SchemaDoctor(schema).FixAsync(s_to0162));

        Assert.Equal((errorId, null, 0), (e.ErrorId, report.NearestRelease, drifts.Count));
        Assert.False(report.IsUsable);
    }

    private async Task<PostgresDatabase> CreateAsync(string catalog, bool stamped = false) => await (await PostgresServer.GetAsync(major)).CreateLettaDatabaseAsync(catalog, stamped);

    private static SchemaDatabase Open(PostgresDatabase database, string role = "letta") => new(DatabaseAddress.Parse(database.Uri(role)));

    private static async Task InsertMessagesAsync(PostgresDatabase database, params int[] sequenceIds)
    {
        await using var connection = await database.ConnectAsync();
        foreach (var id in sequenceIds)
        {
            await InsertMessageAsync(connection, id);
        }
    }

    private static async Task InsertMessageAsync(PostgresDatabase database)
    {
        await using var connection = await database.ConnectAsync();
        await InsertMessageAsync(connection);
    }

    /// <summary>As the server does it: without a number, unless the test wants one. Foreign keys do not look.</summary>
    private static Task InsertMessageAsync(NpgsqlConnection connection, int? sequenceId = null) => ExecuteAsync(connection, $"""
        SET session_replication_role = replica;
        INSERT INTO messages (id, agent_id, role, tool_calls, organization_id{(sequenceId is null ? "" : ", sequence_id")})
        VALUES (gen_random_uuid()::text, 'agent', 'user', '[]', 'org'{(sequenceId is null ? "" : $", {sequenceId}")});
        """);

    private static Task InsertProviderAsync(PostgresDatabase database, string name, string key, string? encrypted) => database.ExecuteAsync(
        $"INSERT INTO providers (id, name, api_key, api_key_enc) VALUES ('{name}', '{name}', '{key}', {(encrypted is null ? "NULL" : $"'{encrypted}'")})");

    private static Task<string> DefaultAsync(PostgresDatabase database) => database.QueryAsync<string>(
        "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE adrelid = 'messages'::regclass AND attname = 'sequence_id'");

    /// <summary>Everything that the catalog says of the schema, in one line.</summary>
    private static Task<string> FingerprintAsync(PostgresDatabase database) => database.QueryAsync<string>("""
        SELECT md5(coalesce(string_agg(x, E'\n' ORDER BY x), '')) FROM (
            SELECT concat_ws(' ', attrelid::regclass, attname, atttypid::regtype, attnotnull, atthasdef) FROM pg_attribute WHERE attrelid > 16383 AND attnum > 0
            UNION ALL SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE conrelid > 16383
            UNION ALL SELECT concat_ws(' ', relname, relkind) FROM pg_class WHERE oid > 16383 AND relkind IN ('r', 'i', 'S')) AS t (x)
        """);

    /// <summary>A query for each table that gives the number of its rows and a checksum of every column that it has now.</summary>
    private static async Task<IReadOnlyList<string>> ChecksumQueriesAsync(PostgresDatabase database) => await database.ListAsync("""
        SELECT format('SELECT %L || count(*) || '' '' || md5(coalesce(string_agg(concat_ws(''|'', %s), E''\n'' ORDER BY %s), '''')) FROM %I', c.relname || ' ',
            string_agg(format('coalesce(%I::text, ''<null>'')', a.attname), ', ' ORDER BY a.attnum),
            string_agg(format('%I::text', a.attname), ', ' ORDER BY a.attnum), c.relname)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' GROUP BY c.relname ORDER BY c.relname
        """);

    private static async Task<IReadOnlyList<string>> ListAsync(PostgresDatabase database, IReadOnlyList<string> queries)
    {
        var lines = new List<string>();
        foreach (var query in queries)
        {
            lines.AddRange(await database.ListAsync(query));
        }

        return lines;
    }

    /// <summary>Has every statement of a form wait for advisory lock 1 once it has done its work.</summary>
    private static Task StopAfterAsync(PostgresDatabase database, string statement) => database.ExecuteAsync($"""
        CREATE FUNCTION wait() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS
            $$ BEGIN IF current_query() LIKE '{statement}' THEN PERFORM pg_advisory_xact_lock(1); END IF; END $$;
        CREATE EVENT TRIGGER wait ON ddl_command_end EXECUTE FUNCTION wait();
        """);

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}

public class SchemaFixTests15() : SchemaFixTests(15);

public class SchemaFixTests17() : SchemaFixTests(17);

ALTER TABLE conversations ADD COLUMN last_message_at timestamptz;
CREATE INDEX ix_messages_agent_sequence ON messages (agent_id, sequence_id);

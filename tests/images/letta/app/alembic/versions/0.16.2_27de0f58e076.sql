CREATE TABLE conversations (id varchar PRIMARY KEY, agent_id varchar NOT NULL REFERENCES agents);
CREATE TABLE runs (id varchar PRIMARY KEY, conversation_id varchar REFERENCES conversations);
ALTER TABLE messages ADD COLUMN conversation_id varchar REFERENCES conversations;
ALTER TABLE steps ADD COLUMN request_id varchar;

-- A few of Letta's tables, enough to carry agents with their messages, blocks and vectors.
CREATE TABLE organizations (id varchar PRIMARY KEY, name varchar NOT NULL);
CREATE TABLE agents (id varchar PRIMARY KEY, name varchar, organization_id varchar REFERENCES organizations, created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE block (id varchar PRIMARY KEY, label varchar NOT NULL, value text NOT NULL);
CREATE TABLE blocks_agents (agent_id varchar REFERENCES agents, block_id varchar REFERENCES block, PRIMARY KEY (agent_id, block_id));
CREATE SEQUENCE message_seq_id;
CREATE TABLE messages (
    id varchar PRIMARY KEY,
    agent_id varchar NOT NULL REFERENCES agents,
    content json,
    sequence_id bigint NOT NULL DEFAULT nextval('message_seq_id') CONSTRAINT uq_messages_sequence_id UNIQUE);
CREATE TABLE archival_passages (id varchar PRIMARY KEY, text varchar NOT NULL, embedding vector(8));
CREATE TABLE steps (id varchar PRIMARY KEY);

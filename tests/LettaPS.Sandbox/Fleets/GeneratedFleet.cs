using LettaPS.Sandbox.Store;

namespace LettaPS.Sandbox.Fleets;

/// <summary>A fleet of any size: the agents are kept, their histories are made while they are served.</summary>
internal sealed class GeneratedFleet(GeneratedOptions options) : Fleet
{
    internal override void Fill(SandboxState state, Release release)
    {
        CoreTools.Add(state, release);
        var llm = JsonText.From(new Dictionary<string, object?>
        {
            ["model"] = "gpt-4o-mini",
            ["model_endpoint_type"] = "openai",
            ["model_endpoint"] = "http://127.0.0.1:9099/v1",
            ["context_window"] = 32_000,
            ["handle"] = "openai/gpt-4o-mini",
        });
        var embedding = JsonText.From(new Dictionary<string, object?>
        {
            ["embedding_endpoint_type"] = "openai",
            ["embedding_endpoint"] = "http://127.0.0.1:9099/v1",
            ["embedding_model"] = "text-embedding-3-small",
            ["embedding_dim"] = 1536,
            ["handle"] = "openai/text-embedding-3-small",
        });
        var tools = state.Tools.Take(4).Select(t => t.Id).ToArray();
        for (var i = 0; i < options.Agents; i++)
        {
            var agent = state.Stamp(
                new AgentRow
                {
                    Name = $"Agent {i:D4}",
                    Description = $"Agent {i} of {options.Agents}",
                    System = "You are one of many.",
                    LlmConfig = llm,
                    EmbeddingConfig = embedding,
                    ToolRules = JsonText.EmptyArray,
                    Metadata = JsonText.EmptyObject,
                    Tags = ["generated", $"batch-{i % 10}"],
                    ToolIds = [.. tools],
                },
                "agent");
            state.Agents.Add(agent);
            foreach (var label in new[] { "persona", "human" })
            {
                var block = state.Stamp(new BlockRow { Label = label, Value = $"The {label} of agent {i}.", Metadata = JsonText.EmptyObject }, "block");
                state.Blocks.Add(block);
                agent.BlockIds.Add(block.Id);
            }

            var first = (long)i * options.Messages;
            var source = new GeneratedHistory(agent.Id, options.Messages, options.MessageLength, first + 1, state.Random.NextInt64(), release);
            agent.Messages = new MessageList(source);
            var kept = Math.Min(options.InContext, options.Messages);
            agent.MessageIds = [.. Enumerable.Range(0, kept).Select(n => source.IdAt(n == 0 ? 0 : options.Messages - kept + n))];
            Passages(state, agent, embedding);
        }

        state.ReserveSequence((long)options.Agents * options.Messages);
    }

    private void Passages(SandboxState state, AgentRow agent, System.Text.Json.JsonElement embedding)
    {
        if (options.Passages == 0)
        {
            return;
        }

        var archive = state.Stamp(new ArchiveRow { Name = $"{agent.Name}'s Archive", EmbeddingConfig = embedding }, "archive");
        state.Archives.Add(archive);
        agent.ArchiveIds.Add(archive.Id);
        for (var i = 0; i < options.Passages; i++)
        {
            state.Passages.Add(state.Stamp(
                new PassageRow { Text = $"Passage {i} of {agent.Name}.", ArchiveId = archive.Id, Tags = ["generated"], Metadata = JsonText.EmptyObject, EmbeddingConfig = embedding },
                "passage"));
        }
    }
}

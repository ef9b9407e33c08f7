using System.Text.Json;
using System.Text.Json.Nodes;
using LettaPS.Core.Json;
using LettaPS.Core.Sources;

namespace LettaPS.Core.Restores.Api;

/// <summary>Creates resources once, also when the answer of the server is lost.</summary>
internal sealed class ResourceCreator(ILettaServer server, FailedImportCleanup cleanup)
{
    /// <summary>Creates a resource. A server whose answer failed may have created it all the same; only one that rejected the request has not.</summary>
    /// <param name="kind">What it is.</param>
    /// <param name="isIt">Tells whether a resource of the server is the one.</param>
    public async Task<JsonElement> CreateAsync(ResourceKind kind, JsonObject properties, Func<JsonElement, bool> isIt, CancellationToken cancellationToken)
    {
        try
        {
            return await server.CreateAsync(kind, properties, cancellationToken).ConfigureAwait(false);
        }
        catch (LettaException e) when (e.IsServerRejection && e.ErrorId != ErrorIds.RequestRefused)
        {
            if (await FindAsync(kind, isIt, cancellationToken).ConfigureAwait(false) is { } made)
            {
                return made;
            }

            throw;
        }
    }

    /// <summary>Creates a source, under another name if its own is taken.</summary>
    public async Task<JsonElement> CreateSourceAsync(JsonObject properties, CancellationToken cancellationToken)
    {
        try
        {
            return await CreateNamedAsync().ConfigureAwait(false);
        }
        catch (LettaException e) when (e.ErrorId == ErrorIds.RequestRefused)
        {
            // The name is taken.
            properties["name"] = UniqueSourceName.Another((string?)properties["name"]);
            return await CreateNamedAsync().ConfigureAwait(false);
        }

        // Names of sources are theirs alone.
        Task<JsonElement> CreateNamedAsync() => CreateAsync(
            ResourceKind.Source,
            properties,
            s => s.StringOrNull("name") == (string?)properties["name"] && s.StringOrNull("id") is { } id && !cleanup.WasThere(id),
            cancellationToken);
    }

    /// <summary>Finds a resource of the server.</summary>
    /// <param name="kind">What it is.</param>
    /// <param name="isIt">Tells whether a resource of the server is the one.</param>
    /// <returns>The first, or <see langword="null"/> if there is none.</returns>
    public async Task<JsonElement?> FindAsync(ResourceKind kind, Func<JsonElement, bool> isIt, CancellationToken cancellationToken)
    {
        foreach (var resource in await server.ListResourcesAsync(kind, cancellationToken).ConfigureAwait(false))
        {
            if (isIt(resource))
            {
                return resource;
            }
        }

        return null;
    }
}

namespace LettaPS.Core.Servers;

/// <summary>A container of ours that ends, and is gone, when it is disposed of.</summary>
internal interface ITemporaryContainer : IAsyncDisposable
{
    /// <summary>Identifier of the container.</summary>
    string Id { get; }
}

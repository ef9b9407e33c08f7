using System.Runtime.ExceptionServices;
using Xunit;
using Xunit.Sdk;

namespace LettaPS.TestKit;

/// <summary>
/// A resource that the tests of a class share. xunit counts a skip that is thrown while a fixture is initialized as a failure of every test of the class.
/// This base class keeps the skip until a test asks for the resource, so that the test is skipped.
/// </summary>
/// <typeparam name="T">Type of the resource.</typeparam>
public abstract class SharedFixture<T> : IAsyncLifetime
    where T : class, IAsyncDisposable
{
    private T? _resource;
    private ExceptionDispatchInfo? _skip;

    /// <summary>The resource. Skips the test if the machine lacks what the resource needs.</summary>
    public T Resource
    {
        get
        {
            _skip?.Throw();
            return _resource ?? throw new InvalidOperationException("The fixture is not initialized.");
        }
    }

    public async ValueTask InitializeAsync()
    {
        try
        {
            _resource = await StartAsync();
        }
        catch (SkipException e)
        {
            _skip = ExceptionDispatchInfo.Capture(e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_resource is not null)
        {
            await ReleaseAsync(_resource);
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Starts the resource.</summary>
    protected abstract Task<T> StartAsync();

    /// <summary>Releases the resource after the last test of the class.</summary>
    /// <param name="resource">The resource.</param>
    protected virtual async Task ReleaseAsync(T resource) => await resource.DisposeAsync();
}

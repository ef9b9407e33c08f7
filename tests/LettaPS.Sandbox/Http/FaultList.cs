namespace LettaPS.Sandbox.Http;

/// <summary>The faults of a server.</summary>
public sealed class FaultList
{
    private readonly Lock _gate = new();
    private readonly List<Fault> _faults = [];

    /// <summary>Adds a fault.</summary>
    /// <returns>The same fault, for <see cref="Remove"/>.</returns>
    public Fault Add(Fault fault)
    {
        lock (_gate)
        {
            _faults.Add(fault);
        }

        return fault;
    }

    public void Remove(Fault fault)
    {
        lock (_gate)
        {
            _faults.RemoveAll(f => ReferenceEquals(f, fault));
        }
    }

    public void Clear()
    {
        lock (_gate)
        {
            _faults.Clear();
        }
    }

    internal IReadOnlyList<FaultEffect> Take(HttpRequest request)
    {
        lock (_gate)
        {
            return _faults.Count == 0 ? [] : [.. _faults.Where(f => f.Meets(request)).Select(f => f.Effect)];
        }
    }
}

namespace LettaPS;

/// <summary>A TCP port of a container.</summary>
/// <param name="Port">The port inside the container.</param>
/// <param name="HostAddress">The address of the engine's host where it is published; <see langword="null"/> where it is not.</param>
/// <param name="HostPort">The port of the engine's host where it is published; <see langword="null"/> where it is not.</param>
public sealed record ContainerPort(int Port, string? HostAddress, int? HostPort)
{
    /// <summary>As <c>docker ps</c> writes it: <c>127.0.0.1:5433->5432</c>, or <c>5432</c> where it is not published.</summary>
    public override string ToString() => HostPort is null ? $"{Port}" : $"{HostAddress}:{HostPort}->{Port}";
}

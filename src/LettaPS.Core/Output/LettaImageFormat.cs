namespace LettaPS;

/// <summary>The format of a file that names an image.</summary>
public enum LettaImageFormat
{
    /// <summary>A compose file, or the env file that decides for one.</summary>
    Compose,

    /// <summary>A Dockerfile: what an image is built <c>FROM</c>.</summary>
    Dockerfile,

    /// <summary>A manifest of Kubernetes, or a kustomization.</summary>
    Kubernetes,

    /// <summary>Values of a Helm chart: <c>repository</c> and <c>tag</c>.</summary>
    Helm,

    /// <summary>A Podman Quadlet: a <c>.container</c> or <c>.image</c> unit.</summary>
    Quadlet,

    /// <summary>Any other file, such as a script with <c>docker run</c>. LettaPS shows it and does not change it.</summary>
    Other,
}
